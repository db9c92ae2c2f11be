import { AppError, Denied, InputError } from '@rowhouse/contract'
import { type App, parseForms } from '@rowhouse/http'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ServerConfig } from './config.ts'
import { makeSlowDown } from './slow-down.ts'
import type { Tokens } from './tokens.ts'
import { findUser, type GatewayDatabase, signIn, type User } from './users.ts'

export interface TokenRoutes {
  database: GatewayDatabase
  tokens: Tokens
  config: Pick<ServerConfig, 'accessTokenSeconds' | 'refreshTokenSeconds' | 'unsecured'>
  now: () => Date
}

/** What many clients send for a field that is not filled in. */
const blankAsAbsent = (text: string) => (text === '' ? undefined : text)

/** For scripts that ask an unsecured server all the same: not signed, it is worth nothing where tokens are wanted. */
const noToken = 'unsecured'

const TokenForm = z.looseObject({
  username: z.string().max(200).optional(),
  password: z.string().max(1000).optional(),
  refresh_token: z.string().max(10_000).transform(blankAsAbsent).optional(),
})

/** `POST /gocli/token`: a name and a password, or a refresh token, for tokens. */
export function tokenRoutes(app: App, { database, tokens, config, now }: TokenRoutes): void {
  const ms = () => now().getTime()
  const byName = makeSlowDown({ free: 5, firstMs: 500, maxMs: 30_000, forgetMs: 900_000 }, ms)
  const byAddress = makeSlowDown({ free: 30, firstMs: 500, maxMs: 30_000, forgetMs: 900_000 }, ms)
  parseForms(app)

  const answerOf = (access: string, refresh: string) => ({
    access_token: access,
    refresh_token: refresh,
    expires_in: config.accessTokenSeconds,
    token_type: 'Bearer',
  })

  async function withPassword(name: string, password: string, address: string): Promise<User> {
    const key = `${address} ${name}`
    const waitMs = Math.max(byName.waitMs(key), byAddress.waitMs(address))
    if (waitMs > 0) throw tooManyFailures(waitMs)
    const user = await signIn(database, name, password)
    if (user) {
      byName.succeeded(key)
      return user
    }
    byName.failed(key)
    byAddress.failed(address)
    throw new Denied('Unauthenticated', 'Wrong user name or password')
  }

  async function withRefreshToken(token: string): Promise<User> {
    const { name, issuedAt } = await tokens.readRefresh(token)
    const user = await findUser(database, name)
    // a token's moment has whole seconds
    if (!user || user.passwordChangedAt.getTime() - issuedAt.getTime() > 1000) {
      throw new Denied('Unauthenticated', 'The password was changed after this token was handed out: sign in again')
    }
    return user
  }

  const schema = {
    summary: 'Sign in',
    description: 'Form fields `username` and `password`, or `refresh_token`.',
    tags: ['sign-in'],
    body: TokenForm,
    consumes: ['application/x-www-form-urlencoded', 'multipart/form-data', 'application/json'],
    security: [],
  }
  const route = { config: { access: 'public' as const }, schema, bodyLimit: 64 * 1024, preValidation: readFields }
  app.post('/gocli/token', route, async (request, reply) => {
    const { username, password, refresh_token } = request.body
    if (refresh_token === undefined && (username === undefined || password === undefined)) {
      throw new InputError('InvalidField', 'Send the form fields username and password, or refresh_token')
    }
    reply.header('cache-control', 'no-store')
    if (config.unsecured) return answerOf(noToken, noToken)
    const user =
      refresh_token === undefined
        ? await withPassword(username ?? '', password ?? '', request.ip)
        : await withRefreshToken(refresh_token)
    const [access, refresh] = await Promise.all([
      tokens.issueAccess(user, config.accessTokenSeconds),
      tokens.issueRefresh(user, config.refreshTokenSeconds),
    ])
    return answerOf(access, refresh)
  })
}

/** A form sent as multipart (`curl -F`), or nothing at all, becomes an object too: the route says what is missing. */
async function readFields(request: FastifyRequest): Promise<void> {
  if (!request.isMultipart()) {
    request.body ??= {}
    return
  }
  const fields: Record<string, unknown> = {}
  for await (const part of request.parts({ limits: { fields: 20, fieldSize: 10_000 } }))
    if (part.type === 'field') fields[part.fieldname] = part.value
    else part.file.resume()
  request.body = fields
}

function tooManyFailures(waitMs: number): AppError {
  const message = `Too many failed sign-ins: try again in ${Math.ceil(waitMs / 1000)} s`
  return new AppError('Unavailable', 'TooManyFailures', message, { status: 429, retryAfterMs: waitMs })
}
