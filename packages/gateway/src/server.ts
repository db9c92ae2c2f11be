import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, InputError } from '@rowhouse/contract'
import { type App, type LogOptions, stopApp } from '@rowhouse/http'
import { connectionAdvice, connectionFault, migrate, openDatabase } from '@rowhouse/postgres'
import { composeServer, type Wing } from './compose.ts'
import type { ServerConfig } from './config.ts'
import { type Keys, loadKeys } from './keys.ts'
import { writeRuntimeToken } from './runtime-token.ts'
import { makeTokens } from './tokens.ts'
import { ensureAdmin, type GatewayDatabase, type GatewayTables, gatewayMigrations } from './users.ts'

/** Opens the wings on a database that is migrated. */
export type OpenWings = (database: GatewayDatabase, keys: Keys) => Promise<readonly Wing[]>

export interface RunningServer {
  app: App
  url: string
  /** Shown once: nobody else knows it. */
  firstPassword: { user: string; password: string } | null
  stop(graceMs?: number): Promise<void>
}

export interface StartOptions {
  config: ServerConfig
  databaseUrl: Promise<string>
  openWings: OpenWings
  version: string
  logger?: LogOptions | false
}

export async function startServer({
  config,
  databaseUrl,
  openWings,
  version,
  logger,
}: StartOptions): Promise<RunningServer> {
  const [keys, tls, url] = await Promise.all([loadKeys(config.dataDir), readTls(config), databaseUrl])
  let app: App | undefined
  const say = (line: string) => app?.log.warn(line)
  const database = openDatabase<GatewayTables>(url, {
    max: config.databaseConnectionsMax,
    applicationName: 'rowhouse server',
    log: say,
  })
  try {
    await refuseOldDatabase(database)
    const tokens = makeTokens(keys)
    const [wings] = await Promise.all([
      openWings(database, keys),
      migrate(database, gatewayMigrations),
      writeRuntimeToken(config.dataDir, tokens),
    ])
    const parts = {
      config,
      database,
      tokens,
      wings,
      version,
      ...(logger === undefined ? {} : { logger }),
      ...(tls ? { tls } : {}),
    }
    const [composed, password] = await Promise.all([
      composeServer(parts),
      config.unsecured ? null : ensureAdmin(database, config.adminUser, config.adminPassword),
    ])
    app = composed
    const listening = await listen(app, config)
    return {
      app,
      url: listening,
      firstPassword: password === null ? null : { user: config.adminUser, password },
      stop: async (graceMs = config.stopGraceMs) => {
        await stopApp(composed, graceMs)
        await database.close()
      },
    }
  } catch (error) {
    await app?.close().catch(() => undefined)
    await database.close().catch(() => undefined)
    throw error
  }
}

async function readTls({ tlsCertFile, tlsKeyFile }: ServerConfig): Promise<{ cert: Buffer; key: Buffer } | null> {
  if (tlsCertFile === null || tlsKeyFile === null) return null
  try {
    const [cert, key] = await Promise.all([readFile(tlsCertFile), readFile(tlsKeyFile)])
    return { cert, key }
  } catch (error) {
    throw new InputError('InvalidSetting', `A TLS file cannot be read: ${(error as Error).message}`)
  }
}

async function refuseOldDatabase(database: GatewayDatabase): Promise<void> {
  let version: number
  try {
    const { rows } = await database.pool.query<{ server_version_num: string }>('show server_version_num')
    version = Number(rows[0]?.server_version_num)
  } catch (error) {
    throw new AppError(
      'Unavailable',
      'DatabaseAway',
      `The database cannot be opened: ${connectionFault(error)}; ${connectionAdvice(error)}`,
      {},
      error,
    )
  }
  if (version < 150_000)
    throw new InputError(
      'InvalidSetting',
      `The database is PostgreSQL ${Math.floor(version / 10_000)}; Rowhouse needs 15 or newer`,
    )
}

async function listen(app: App, { host, port }: ServerConfig): Promise<string> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE')
      throw new InputError(
        'PortTaken',
        `Port ${port} on ${host} is taken by another program. Stop it, or choose another port with --port`,
      )
    if (code === 'EACCES')
      throw new InputError(
        'PortTaken',
        `Port ${port} on ${host} may not be opened by this user. Choose another port with --port`,
      )
    if (code === 'EADDRNOTAVAIL')
      throw new InputError('PortTaken', `This machine has no address ${host}. Choose another with --host`)
    throw error
  }
  const address = app.server.address()
  const actualPort = typeof address === 'object' && address ? address.port : port
  const scheme = app.initialConfig.https ? 'https' : 'http'
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `${scheme}://${name}:${actualPort}`
}

/** The diagrams that come with Rowhouse, by file name. */
export async function readDefinitions(folder: string): Promise<{ file: string; xml: string }[]> {
  const names = await readdir(folder).catch((error: Error) => {
    throw new InputError(
      'InvalidSetting',
      `The shipped definitions cannot be read: ${error.message}. Give their folder with --definitions`,
    )
  })
  const files = names.filter((name) => name.endsWith('.bpmn')).sort()
  return Promise.all(files.map(async (file) => ({ file, xml: await readFile(join(folder, file), 'utf8') })))
}
