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
  const { issue, verify } = makeSigner(keys, now)
  const verified = new Map<string, { principal: Principal; endsAt: number }>()

  async function authenticate(token: string): Promise<Principal> {
    if (timingSafeEqual(sha256(token), internalHash)) {
      return { kind: 'internal', name: 'SYSTEM', groups: [adminGroup], isAdmin: true }
    }
    const known = verified.get(token)
    if (known && known.endsAt > now().getTime()) return known.principal
    const claims = await verify(token, ['user', 'runtime'])
    const principal = toPrincipal(claims)
    if (verified.size >= cacheMax) verified.clear()
    verified.set(token, { principal, endsAt: claims.exp * 1000 })
    return principal
  }

  return {
    internal,
    issueAccess: (user, seconds) =>
      issue('user', user.name, seconds, { groups: user.groups, preferred_username: user.name }),
    issueRefresh: (user, seconds) => issue('refresh', user.name, seconds),
    issueRuntime: (seconds) => issue('runtime', 'runtime', seconds),
    authenticate,
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

interface Claims {
  sub: string
  scope: Scope
  iat: number
  exp: number
  groups: string[]
}

function toPrincipal({ sub, scope, groups }: Claims): Principal {
  return { kind: scope === 'runtime' ? 'runtime' : 'user', name: sub, groups, isAdmin: groups.includes(adminGroup) }
}

function makeSigner(keys: Keys, now: () => Date) {
  function issue(
    scope: Scope,
    subject: string,
    seconds: number,
    claims: Record<string, unknown> = {},
  ): Promise<string> {
    return new SignJWT({ scope, ...claims })
      .setProtectedHeader({ alg: 'EdDSA', kid: keys.keyId, typ: 'JWT' })
      .setIssuer(issuer)
      .setAudience(issuer)
      .setSubject(subject)
      .setIssuedAt(now())
      .setExpirationTime(Math.floor(now().getTime() / 1000) + seconds)
      .setJti(randomBytes(12).toString('base64url'))
      .sign(keys.signing)
  }

  async function verify(token: string, scopes: readonly Scope[]): Promise<Claims> {
    const options = { issuer, audience: issuer, algorithms: ['EdDSA'], currentDate: now() }
    const { payload } = await jwtVerify(token, keys.verifying, options).catch((error: unknown) => {
      throw refused(error)
    })
    const scope = scopes.find((one) => one === payload.scope)
    if (scope === undefined) {
      const wanted = scopes.join(' or ')
      throw new Denied(
        'Unauthenticated',
        `A token of scope '${String(payload.scope)}' is not taken here; it takes ${wanted}`,
      )
    }
    const groups = Array.isArray(payload.groups) ? payload.groups.map(String) : []
    return { sub: String(payload.sub), scope, iat: Number(payload.iat), exp: Number(payload.exp), groups }
  }

  return { issue, verify }
}

function refused(error: unknown): Denied {
  const why = error instanceof errors.JWTExpired ? 'The token has expired' : 'The token is not valid here'
  return new Denied('Unauthenticated', `${why}: get a new one with POST /gocli/token`)
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
