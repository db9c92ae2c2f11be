import { AppError, type Client, Denied, fromErrorResponse, InputError, makeClient } from '@rowhouse/contract'
import { configPath, getConfig, type MocConfig, parseGatewayUrl, readConfig, writeConfig } from './config.ts'

export interface TokenBody {
  access_token: string
  refresh_token: string
  expires_in: number
  token_type: string
}

/** The gateway in force: `ROWHOUSE_MOC_GATEWAY` goes before the configuration, whose tokens are for its own gateway only. */
export function configInForce(env: NodeJS.ProcessEnv = process.env): MocConfig {
  const path = configPath(env)
  if (!env.ROWHOUSE_MOC_GATEWAY) return getConfig(path)
  const gatewayUrl = parseGatewayUrl(env.ROWHOUSE_MOC_GATEWAY)
  const config = readConfig(path)
  return config?.gatewayUrl === gatewayUrl ? config : { gatewayUrl }
}

/**
 * A client for the gateway in force. `ROWHOUSE_MOC_TOKEN` goes before the tokens of the configuration; with
 * `ROWHOUSE_MOC_USER` and `ROWHOUSE_MOC_PASSWORD` a run signs in by itself. An outdated token is renewed once and remembered.
 */
export function openClient(env: NodeJS.ProcessEnv = process.env): Client {
  const config = configInForce(env)
  const session = { config }
  return makeClient({
    baseUrl: config.gatewayUrl,
    token: () => env.ROWHOUSE_MOC_TOKEN || session.config.accessToken,
    renewToken: async () => {
      if (env.ROWHOUSE_MOC_TOKEN) return
      const token = await renew(session.config, env)
      if (token === undefined) throw new Denied('Unauthenticated', 'You are not signed in, or your session has ended')
      session.config = remember(session.config, token, env)
    },
  })
}

/** `POST /gocli/token` with user and password. Throws Denied with the gateway's own sentence. */
export async function signIn(gatewayUrl: string, username: string, password: string): Promise<TokenBody> {
  try {
    return await askToken(gatewayUrl, { username, password })
  } catch (error) {
    // Whoever is signing in needs no advice to sign in.
    if (error instanceof AppError && error.code === 'Unauthenticated')
      throw new Denied('Unauthenticated', `${error.message}${pathHint(gatewayUrl)}`, {
        ...error.data,
        isSignIn: true,
      })
    throw error
  }
}

/** Below a path that is not the gateway's everything is refused alike. */
function pathHint(gatewayUrl: string): string {
  const { pathname } = new URL(gatewayUrl)
  return pathname === '/' ? '' : ` (the URL has a path, '${pathname}': does the gateway lie there?)`
}

async function renew(config: MocConfig, env: NodeJS.ProcessEnv): Promise<TokenBody | undefined> {
  if (config.refreshToken !== undefined) {
    try {
      return await askToken(config.gatewayUrl, { refresh_token: config.refreshToken })
    } catch (error) {
      if (!(error instanceof AppError) || error.kind !== 'Denied') throw error
    }
  }
  if (env.ROWHOUSE_MOC_USER && env.ROWHOUSE_MOC_PASSWORD)
    return signIn(config.gatewayUrl, env.ROWHOUSE_MOC_USER, env.ROWHOUSE_MOC_PASSWORD)
  return undefined
}

/** Where the configuration cannot be written (a folder mounted to be read), the token serves this run. */
function remember(config: MocConfig, token: TokenBody, env: NodeJS.ProcessEnv): MocConfig {
  const next = { ...config, accessToken: token.access_token, refreshToken: token.refresh_token }
  try {
    if (!env.ROWHOUSE_MOC_GATEWAY) writeConfig(next, configPath(env))
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'ConfigNotWritten') throw error
  }
  return next
}

async function askToken(gatewayUrl: string, form: Record<string, string>): Promise<TokenBody> {
  const anonymous = makeClient({ baseUrl: gatewayUrl })
  const response = await anonymous.send('POST', '/gocli/token', new URLSearchParams(form))
  const body = (await response.json()) as TokenBody
  if (typeof body.access_token !== 'string') throw fromErrorResponse(response.status, body)
  return body
}

/** Whether the gateway wants a token at all (its unsecured mode does not). */
export async function needsSignIn(gatewayUrl: string): Promise<boolean> {
  const anonymous = makeClient({ baseUrl: gatewayUrl })
  try {
    const answer: unknown = await anonymous.storedModels.list({ size: 1 })
    if (typeof answer === 'object' && answer !== null && '_embedded' in answer) return false
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    if (error.kind === 'Unavailable' && error.code !== 'UnreadableAnswer') throw error
    if (error.code === 'Unauthenticated') return true
  }
  throw new InputError(
    'NotAGateway',
    `${gatewayUrl} answers, but not as a Rowhouse gateway does: check host, port and path of the URL`,
  )
}
