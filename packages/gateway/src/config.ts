/** Every setting of the server: name, default, meaning. Parsed once; a flag wins over the environment. */
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { InputError } from '@rowhouse/contract'

export interface ServerConfig {
  readonly port: number
  readonly host: string
  readonly dataDir: string
  /** null: the program that started this one tells it. */
  readonly databaseUrl: string | null
  readonly databaseConnectionsMax: number
  readonly unsecured: boolean
  readonly behindProxy: boolean
  readonly tlsCertFile: string | null
  readonly tlsKeyFile: string | null
  readonly adminUser: string
  readonly adminPassword: string | null
  readonly accessTokenSeconds: number
  readonly refreshTokenSeconds: number
  readonly bodyLimitBytes: number
  readonly definitionsDir: string
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly stopGraceMs: number
  readonly runtimeHeartbeatMs: number
  readonly runtimeLeaseMs: number
  readonly jobAttemptsMax: number
  readonly jobOnlyDeployedRuntimes: boolean
}

type Read<T> = (text: string, name: string) => T
interface Setting<T> {
  /** ROWHOUSE_… */
  variable: string
  /** --… */
  flag?: string
  fallback: T
  meaning: string
  read: Read<T>
  isSwitch?: boolean
}

const text: Read<string> = (value) => value
const path: Read<string> = (value) => resolve(value)
const yesOrNo: Read<boolean> = (value, name) => {
  if (/^(true|yes|1)$/i.test(value)) return true
  if (/^(false|no|0)$/i.test(value)) return false
  throw new InputError('InvalidSetting', `${name} is '${value}': say true or false`)
}
const whole =
  (min: number, max: number): Read<number> =>
  (value, name) => {
    const number = Number(value)
    if (Number.isInteger(number) && number >= min && number <= max) return number
    throw new InputError('InvalidSetting', `${name} is '${value}': it must be a whole number from ${min} to ${max}`)
  }
const level: Read<ServerConfig['logLevel']> = (value, name) => {
  const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
  const found = levels.find((one) => one === value)
  if (found) return found
  throw new InputError('InvalidSetting', `${name} is '${value}': it must be one of ${levels.join(', ')}`)
}

const shippedDefinitions = fileURLToPath(new URL('../../../definitions', import.meta.url))

export const settings: { readonly [K in keyof ServerConfig]: Setting<ServerConfig[K]> } = {
  port: {
    variable: 'ROWHOUSE_PORT',
    flag: 'port',
    fallback: 8090,
    meaning: 'Port of the one HTTP entry; 0: any free one',
    read: whole(0, 65535),
  },
  host: {
    variable: 'ROWHOUSE_HOST',
    flag: 'host',
    fallback: '127.0.0.1',
    meaning: 'Address to listen on; other than loopback needs TLS files or --behind-proxy',
    read: text,
  },
  dataDir: {
    variable: 'ROWHOUSE_DATA_DIR',
    flag: 'data',
    fallback: resolve('.rowhouse'),
    meaning: 'Folder of keys, tokens and managed files',
    read: path,
  },
  databaseUrl: {
    variable: 'ROWHOUSE_DATABASE_URL',
    flag: 'database-url',
    fallback: null,
    meaning: 'PostgreSQL 15 or newer: postgres://user:password@host/database',
    read: text,
  },
  databaseConnectionsMax: {
    variable: 'ROWHOUSE_DATABASE_CONNECTIONS_MAX',
    fallback: 20,
    meaning: 'Connections of this server to the database at most',
    read: whole(2, 1000),
  },
  unsecured: {
    variable: 'ROWHOUSE_UNSECURED',
    flag: 'unsecured',
    fallback: false,
    meaning: 'Everyone who reaches the port may do everything; loopback only',
    read: yesOrNo,
    isSwitch: true,
  },
  behindProxy: {
    variable: 'ROWHOUSE_BEHIND_PROXY',
    flag: 'behind-proxy',
    fallback: false,
    meaning: 'A proxy in front does TLS; X-Forwarded-* is believed',
    read: yesOrNo,
    isSwitch: true,
  },
  tlsCertFile: {
    variable: 'ROWHOUSE_TLS_CERT_FILE',
    flag: 'tls-cert',
    fallback: null,
    meaning: 'Certificate chain in PEM',
    read: path,
  },
  tlsKeyFile: {
    variable: 'ROWHOUSE_TLS_KEY_FILE',
    flag: 'tls-key',
    fallback: null,
    meaning: 'Private key in PEM',
    read: path,
  },
  adminUser: { variable: 'ROWHOUSE_ADMIN_USER', fallback: 'admin', meaning: 'Name of the first user', read: text },
  adminPassword: {
    variable: 'ROWHOUSE_ADMIN_PASSWORD',
    fallback: null,
    meaning: 'Password of that user, set at each start when given; otherwise made at the first start and shown once',
    read: text,
  },
  accessTokenSeconds: {
    variable: 'ROWHOUSE_TOKEN_ACCESS_SECONDS',
    fallback: 3600,
    meaning: 'Life of an access token',
    read: whole(1, 86_400),
  },
  refreshTokenSeconds: {
    variable: 'ROWHOUSE_TOKEN_REFRESH_SECONDS',
    fallback: 2_592_000,
    meaning: 'Life of a refresh token',
    read: whole(1, 31_536_000),
  },
  bodyLimitBytes: {
    variable: 'ROWHOUSE_BODY_LIMIT_BYTES',
    fallback: 64 * 1024 * 1024,
    meaning: 'Longest request body; files beyond it go up as streams',
    read: whole(1024, 1024 ** 3),
  },
  definitionsDir: {
    variable: 'ROWHOUSE_DEFINITIONS_DIR',
    flag: 'definitions',
    fallback: shippedDefinitions,
    meaning: 'Folder of the diagrams deployed at start',
    read: path,
  },
  logLevel: {
    variable: 'ROWHOUSE_LOG_LEVEL',
    flag: 'log-level',
    fallback: 'info',
    meaning: 'trace, debug, info, warn, error or silent; JSON lines on stderr',
    read: level,
  },
  stopGraceMs: {
    variable: 'ROWHOUSE_STOP_GRACE_MS',
    fallback: 10_000,
    meaning: 'How long a stopping server waits for running requests',
    read: whole(0, 600_000),
  },
  runtimeHeartbeatMs: {
    variable: 'ROWHOUSE_RUNTIME_HEARTBEAT_MS',
    fallback: 10_000,
    meaning: 'How often a runtime says that it lives; a third of its lease where that is less',
    read: whole(100, 600_000),
  },
  runtimeLeaseMs: {
    variable: 'ROWHOUSE_RUNTIME_LEASE_MS',
    fallback: 30_000,
    meaning: 'Silence after which a runtime and its attempts count as lost',
    read: whole(500, 3_600_000),
  },
  jobAttemptsMax: {
    variable: 'ROWHOUSE_JOB_ATTEMPTS_MAX',
    fallback: 3,
    meaning: 'Attempts of a job whose runtimes get lost',
    read: whole(1, 100),
  },
  jobOnlyDeployedRuntimes: {
    variable: 'ROWHOUSE_JOB_ONLY_DEPLOYED_RUNTIMES',
    fallback: false,
    meaning: 'Jobs of a deployment run on the runtimes it was deployed to only',
    read: yesOrNo,
  },
}

type Env = Readonly<Record<string, string | undefined>>

export function parseServerConfig(argv: readonly string[], env: Env): ServerConfig {
  const flags = parseFlags(argv)
  const values: Record<string, unknown> = {}
  for (const [key, setting] of Object.entries(settings) as [string, Setting<unknown>][]) {
    const flag = setting.flag === undefined ? undefined : flags[setting.flag]
    const value = flag === undefined ? env[setting.variable] : String(flag)
    const name = flag === undefined ? setting.variable : `--${setting.flag}`
    values[key] = value === undefined || value === '' ? setting.fallback : setting.read(value, name)
  }
  const given = values as unknown as ServerConfig
  const config = Object.freeze({ ...given, runtimeHeartbeatMs: heartbeatOf(given, env) })
  refuseOpenDoors(config)
  refuseShortLease(config)
  return config
}

function parseFlags(argv: readonly string[]): Record<string, string | boolean | undefined> {
  const options = Object.fromEntries(
    Object.values(settings as Record<string, Setting<unknown>>).flatMap(({ flag, isSwitch }) =>
      flag === undefined ? [] : [[flag, { type: isSwitch ? ('boolean' as const) : ('string' as const) }]],
    ),
  )
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: false }).values as Record<string, string | boolean>
  } catch (error) {
    throw new InputError('InvalidSetting', `${(error as Error).message}\n\n${describeSettings()}`)
  }
}

function refuseOpenDoors({ host, unsecured, behindProxy, tlsCertFile, tlsKeyFile }: ServerConfig): void {
  if ((tlsCertFile === null) !== (tlsKeyFile === null)) {
    throw new InputError('InvalidSetting', 'TLS needs both files: --tls-cert and --tls-key')
  }
  if (isLoopback(host)) return
  if (unsecured) {
    throw new InputError(
      'InvalidSetting',
      `--unsecured listens on loopback only, not on ${host}: everyone who reached it could do everything`,
    )
  }
  if (tlsCertFile === null && !behindProxy) {
    throw new InputError(
      'InvalidSetting',
      `--host ${host} would send passwords and tokens over the network in the clear. Give --tls-cert and --tls-key, or --behind-proxy where a proxy in front does TLS`,
    )
  }
}

/** Not given, it goes with a short lease. */
function heartbeatOf({ runtimeHeartbeatMs, runtimeLeaseMs }: ServerConfig, env: Env): number {
  const isGiven = Boolean(env[settings.runtimeHeartbeatMs.variable])
  return isGiven ? runtimeHeartbeatMs : Math.min(runtimeHeartbeatMs, Math.floor(runtimeLeaseMs / 3))
}

function refuseShortLease({ runtimeHeartbeatMs, runtimeLeaseMs }: ServerConfig): void {
  if (runtimeHeartbeatMs < runtimeLeaseMs) return
  throw new InputError(
    'InvalidSetting',
    `ROWHOUSE_RUNTIME_HEARTBEAT_MS (${runtimeHeartbeatMs}) must be less than ROWHOUSE_RUNTIME_LEASE_MS (${runtimeLeaseMs}): each runtime would count as lost between two signs of life`,
  )
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** A table for `--help` and the manual. */
export function describeSettings(): string {
  const rows = Object.values(settings as Record<string, Setting<unknown>>).map(
    ({ variable, flag, fallback, meaning }) => [
      variable,
      flag === undefined ? '' : `--${flag}`,
      fallback === null ? '' : String(fallback).replace(process.cwd(), '.').replace(shippedDefinitions, '(shipped)'),
      meaning,
    ],
  )
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
