/** Every setting of a runtime: name, default, meaning. Parsed once; flags win over ROWHOUSE_RUNTIME_*, which win over MODELOP_*. */
import { hostname, tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { InputError, parseTag } from '@rowhouse/contract'

export interface RuntimeConfig {
  /** Without a trailing slash, user or password. */
  gatewayUrl: string
  name: string
  group: string | null
  stage: string | null
  /** Initial tags, the stage among them: applied by the server the first time it sees this name. */
  tags: readonly string[]
  /** null: the gateway is unsecured. Read again when the server no longer takes the token. */
  tokenFile: string | null
  /** file:// reaches only below these folders. The first is where relative paths start. */
  fileRoots: readonly string[]
  /** Closed to jobs though below a root; the work folder and the token file are so in any case. */
  closedFolders: readonly string[]
  /** Lets http:// inputs and outputs go to link-local addresses. */
  allowLinkLocal: boolean
  python: string
  workDir: string
  /** Most that model files kept between jobs may take; 0: none are kept. */
  cacheBytes: number
  slots: number
  /** null: jobs may run for ever unless they carry a `timeoutSeconds` of their own. */
  jobTimeoutSeconds: number | null
  exitWithParent: boolean
  /** Leaves the folder of each attempt for a person to look at. */
  keepPlaygrounds: boolean
}

type Env = Readonly<Record<string, string | undefined>>

export const options = {
  gateway: { type: 'string' },
  name: { type: 'string' },
  group: { type: 'string' },
  stage: { type: 'string' },
  tag: { type: 'string', multiple: true },
  'token-file': { type: 'string' },
  unsecured: { type: 'boolean' },
  files: { type: 'string', multiple: true },
  'files-closed': { type: 'string', multiple: true },
  'allow-link-local': { type: 'boolean' },
  python: { type: 'string' },
  'work-dir': { type: 'string' },
  'cache-bytes': { type: 'string' },
  slots: { type: 'string' },
  'job-timeout-seconds': { type: 'string' },
  'exit-with-parent': { type: 'boolean' },
  'keep-playgrounds': { type: 'boolean' },
} as const

export const usage =
  'usage: runtime --gateway URL [--name NAME] [--group NAME] [--stage STAGE] [--tag TAG]… [--token-file FILE | --unsecured] [--files FOLDER]… [--files-closed FOLDER]…\n' +
  '               [--allow-link-local] [--python PATH] [--work-dir FOLDER] [--cache-bytes N] [--slots N] [--job-timeout-seconds N] [--exit-with-parent] [--keep-playgrounds]'

export function parseConfig(argv: readonly string[], env: Env): RuntimeConfig {
  const flags = parseFlags(argv)
  const setting = (flag: string | undefined, ...names: string[]) =>
    [flag, ...names.map((name) => env[name])].find((value) => value !== undefined && value !== '')

  const gateway = setting(flags.gateway, 'ROWHOUSE_RUNTIME_GATEWAY_URL', 'MODELOP_GATEWAY_LOCATION')
  if (gateway === undefined) {
    throw new InputError(
      'MissingSetting',
      `Which gateway? Give --gateway URL or ROWHOUSE_RUNTIME_GATEWAY_URL.\n${usage}`,
    )
  }
  const name = setting(flags.name, 'ROWHOUSE_RUNTIME_NAME', 'MODELOP_ENGINE_NAME') ?? `runtime-${hostname()}`
  const stage = setting(flags.stage, 'ROWHOUSE_RUNTIME_STAGE') ?? null
  const tokenFile = setting(flags['token-file'], 'ROWHOUSE_RUNTIME_TOKEN_FILE')
  if (flags.unsecured && flags['token-file'] !== undefined) {
    throw new InputError(
      'InvalidSetting',
      '--unsecured and --token-file exclude each other: an unsecured gateway asks for no token',
    )
  }
  const files = flags.files ?? listOf(env.ROWHOUSE_RUNTIME_FILES, delimiter)
  const timeout = setting(flags['job-timeout-seconds'], 'ROWHOUSE_RUNTIME_JOB_TIMEOUT_SECONDS')
  return Object.freeze({
    gatewayUrl: parseGateway(gateway),
    name,
    group: setting(flags.group, 'ROWHOUSE_RUNTIME_GROUP', 'MODELOP_RUNTIME_GROUP') ?? null,
    stage: stage === null ? null : parseTag(stage),
    tags: initialTags(
      flags.tag ?? listOf(setting(undefined, 'ROWHOUSE_RUNTIME_TAGS', 'MODELOP_RUNTIME_INITIAL_TAGS'), ','),
      stage,
    ),
    tokenFile: flags.unsecured || tokenFile === undefined ? null : resolve(tokenFile),
    fileRoots: files.map((folder) => resolve(folder)),
    closedFolders: (flags['files-closed'] ?? listOf(env.ROWHOUSE_RUNTIME_FILES_CLOSED, delimiter)).map((folder) =>
      resolve(folder),
    ),
    allowLinkLocal: flags['allow-link-local'] ?? env.ROWHOUSE_RUNTIME_ALLOW_LINK_LOCAL === 'true',
    python: setting(flags.python, 'ROWHOUSE_RUNTIME_PYTHON') ?? 'python3',
    workDir: resolve(
      setting(flags['work-dir'], 'ROWHOUSE_RUNTIME_WORK_DIR') ??
        join(tmpdir(), `rowhouse-runtime-${process.getuid?.() ?? 0}-${fileSafe(name)}`),
    ),
    cacheBytes: wholeNumber(
      '--cache-bytes',
      setting(flags['cache-bytes'], 'ROWHOUSE_RUNTIME_CACHE_BYTES') ?? String(2 * 1024 ** 3),
      Number.MAX_SAFE_INTEGER,
      0,
    ),
    slots: wholeNumber('--slots', setting(flags.slots, 'ROWHOUSE_RUNTIME_SLOTS') ?? '1', 64),
    jobTimeoutSeconds: timeout === undefined ? null : wholeNumber('--job-timeout-seconds', timeout, 31_536_000),
    exitWithParent: flags['exit-with-parent'] ?? false,
    keepPlaygrounds: flags['keep-playgrounds'] ?? false,
  })
}

function parseFlags(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: false }).values
  } catch (error) {
    throw new InputError('InvalidSetting', `${error instanceof Error ? error.message : String(error)}\n${usage}`)
  }
}

function parseGateway(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new InputError('InvalidSetting', `--gateway '${text}' is not a URL: it starts with http:// or https://`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new InputError(
      'InvalidSetting',
      '--gateway holds no user or password: a runtime proves itself with --token-file',
    )
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}

function initialTags(tags: readonly string[], stage: string | null): string[] {
  return [...new Set([...(stage === null ? [] : [stage]), ...tags].map(parseTag))]
}

function listOf(text: string | undefined, separator: string): string[] {
  return (text ?? '')
    .split(separator)
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function wholeNumber(flag: string, text: string, most: number, least = 1): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new InputError('InvalidSetting', `${flag} '${text}' is not a whole number from ${least} to ${most}`)
  }
  return value
}

function fileSafe(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]/g, '_')
}
