import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { Denied } from '@rowhouse/contract'
import type { Principal } from '@rowhouse/http'
import { errors, jwtVerify, SignJWT } from 'jose'
import type { Keys } from './keys.ts'
import { adminGroup, type User } from './users.ts'

/** What a token is for; one of another scope is refused. */
type Scope = 'user' | 'runtime' | 'refresh'

export interface Tokens {
  /** For calls from wing to wing in this process; made anew at each start. */
  internal: string
  issueAccess(user: User, seconds: number): Promise<string>
  issueRefresh(user: User, seconds: number): Promise<string>
  issueRuntime(seconds: number): Promise<string>
  /** Who calls with this token. Throws Denied. */
  authenticate(token: string): Promise<Principal>
  /** Whose refresh token it is, and when it was handed out. Throws Denied. */
  readRefresh(token: string): Promise<{ name: string; issuedAt: Date }>
  /** When a runtime's token ends; undefined when it is none of ours. */
  runtimeTokenEnd(token: string): Promise<Date | undefined>
}

const issuer = 'rowhouse'
const cacheMax = 5000

export function makeTokens(keys: Keys, now: () => Date = () => new Date()): Tokens {
  const internal = randomBytes(32).toString('base64url')
  const internalHash = sha256(internal)
  const verified = new Map<string, { principal: Principal; endsAt: number }>()

  const issue = (scope: Scope, subject: string, seconds: number, claims: Record<string, unknown> = {}) =>
    new SignJWT({ scope, ...claims })
      .setProtectedHeader({ alg: 'EdDSA', kid: keys.keyId, typ: 'JWT' })
      .setIssuer(issuer)
      .setAudience(issuer)
      .setSubject(subject)
      .setIssuedAt(now())
      .setExpirationTime(Math.floor(now().getTime() / 1000) + seconds)
      .setJti(randomBytes(12).toString('base64url'))
      .sign(keys.signing)

  async function verify(token: string, scopes: readonly Scope[]) {
    let payload: Record<string, unknown>
    try {
      payload = (
        await jwtVerify(token, keys.verifying, { issuer, audience: issuer, algorithms: ['EdDSA'], currentDate: now() })
      ).payload
    } catch (error) {
      throw refused(error)
    }
    if (!scopes.includes(payload.scope as Scope)) {
      throw new Denied(
        'Unauthenticated',
        `A token of scope '${String(payload.scope)}' is not taken here; it takes ${scopes.join(' or ')}`,
      )
    }
    return {
      ...payload,
      sub: String(payload.sub),
      scope: payload.scope as Scope,
      iat: Number(payload.iat),
      exp: Number(payload.exp),
      groups: payload.groups,
    }
  }

  return {
    internal,
    issueAccess: (user, seconds) =>
      issue('user', user.name, seconds, { groups: user.groups, preferred_username: user.name }),
    issueRefresh: (user, seconds) => issue('refresh', user.name, seconds),
    issueRuntime: (seconds) => issue('runtime', 'runtime', seconds),
    async authenticate(token) {
      if (timingSafeEqual(sha256(token), internalHash))
        return { kind: 'internal', name: 'SYSTEM', groups: [adminGroup], isAdmin: true }
      const known = verified.get(token)
      if (known && known.endsAt > now().getTime()) return known.principal
      const { sub, scope, exp, groups } = await verify(token, ['user', 'runtime'])
      const list = Array.isArray(groups) ? groups.map(String) : []
      const principal: Principal = {
        kind: scope === 'runtime' ? 'runtime' : 'user',
        name: sub,
        groups: list,
        isAdmin: list.includes(adminGroup),
      }
      if (verified.size >= cacheMax) verified.clear()
      verified.set(token, { principal, endsAt: exp * 1000 })
      return principal
    },
    async readRefresh(token) {
      const { sub, iat } = await verify(token, ['refresh'])
      return { name: sub, issuedAt: new Date(iat * 1000) }
    },
    async runtimeTokenEnd(token) {
      return verify(token, ['runtime']).then(
        ({ exp }) => new Date(exp * 1000),
        () => undefined,
      )
    },
  }
}

function refused(error: unknown): Denied {
  const why = error instanceof errors.JWTExpired ? 'The token has expired' : 'The token is not valid here'
  return new Denied('Unauthenticated', `${why}: get a new one with POST /gocli/token`)
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
