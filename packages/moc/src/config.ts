import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, platform, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { InputError, Unmet } from '@rowhouse/contract'

/** What moc remembers between calls. Never a password. */
export interface MocConfig {
  gatewayUrl: string
  username?: string
  accessToken?: string
  refreshToken?: string
}

/** `ROWHOUSE_MOC_CONFIG` names another file. */
export function configPath(env: NodeJS.ProcessEnv = process.env): string {
  if (env.ROWHOUSE_MOC_CONFIG) return env.ROWHOUSE_MOC_CONFIG
  if (platform() === 'win32') return join(env.APPDATA ?? join(homeFolder(), 'AppData', 'Roaming'), 'moc', 'config.json')
  return join(env.XDG_CONFIG_HOME || join(homeFolder(), '.config'), 'moc', 'config.json')
}

/** In a container the user may be a mere number: without HOME it has no home, and nothing lies in the folder that is named here. */
function homeFolder(): string {
  try {
    return homedir() || userInfo().homedir
  } catch {
    return '/nonexistent'
  }
}

export function readConfig(path = configPath()): MocConfig | undefined {
  if (!existsSync(path)) return undefined
  try {
    const config = JSON.parse(readFileSync(path, 'utf8')) as MocConfig
    if (typeof config.gatewayUrl === 'string') return config
  } catch {
    // falls through to the sentence below: a file that is no JSON and one without a URL are mended the same way
  }
  throw new InputError(
    'BadConfig',
    `${path} is not a configuration of moc. Remove it, then run: moc init <gateway URL>`,
  )
}

export function getConfig(path = configPath()): MocConfig {
  const config = readConfig(path)
  if (config !== undefined) return config
  throw new InputError('NotConfigured', 'moc does not know a gateway yet. Run: moc init <gateway URL>')
}

/** Written beside and renamed, readable by its owner only. */
export function writeConfig(config: MocConfig, path = configPath()): void {
  const beside = `${path}.${process.pid}`
  try {
    makeFolder(dirname(path))
    writeFileSync(beside, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 })
    chmodSync(beside, 0o600)
    renameSync(beside, path)
  } catch (error) {
    if (existsSync(beside)) rmSync(beside)
    const why = (error as NodeJS.ErrnoException).code ?? String(error)
    throw new Unmet(
      'ConfigNotWritten',
      `The configuration cannot be written to ${path} (${why}). Name another file with ROWHOUSE_MOC_CONFIG`,
    )
  }
}

/** Step by step: Node's own recursive way never ends where no folder can be made at all, as below /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  makeFolder(dirname(folder))
  mkdirSync(folder, { mode: 0o700 })
}

export function parseGatewayUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    const example = isHostAndPort(text) ? `http://${text}` : 'http://127.0.0.1:8090'
    throw new InputError(
      'BadGatewayUrl',
      `'${text}' is not an http or https URL. Give it with its scheme, for instance ${example}`,
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw new InputError('BadGatewayUrl', 'Leave user and password out of the gateway URL; moc asks for them')
  }
  const path = url.pathname.replace(/\/+$/, '')
  const service = /\/(model-manage|mlc-service|gocli)(\/.*)?$/.exec(path)?.[0]
  if (service !== undefined) {
    const gateway = `${url.origin}${path.slice(0, -service.length)}`
    throw new InputError('BadGatewayUrl', `'${service}' is a path below the gateway. The gateway itself is ${gateway}`)
  }
  return `${url.origin}${path}`
}

function isHostAndPort(text: string): boolean {
  return /^[\w.-]+(:\d{1,5})?(\/.*)?$/.test(text) && URL.canParse(`http://${text}`)
}
