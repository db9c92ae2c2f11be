import { Denied } from '@rowhouse/contract'
import type { FastifyInstance, FastifyRequest } from 'fastify'

type PrincipalKind = 'user' | 'runtime' | 'internal' | 'anonymous'

/** Who calls: a person, a runtime, a wing of this server, or anyone at an unsecured server. */
export interface Principal {
  kind: PrincipalKind
  name: string
  groups: string[]
  isAdmin: boolean
}

/** `public`: no token needed. Else one of these; an admin is a user too. */
type Access = 'public' | readonly ('user' | 'runtime' | 'internal' | 'admin')[]

export type Authenticate = (token: string) => Promise<Principal>

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal
  }
  interface FastifyContextConfig {
    access?: Access
  }
}

const defaultAccess: Access = ['user', 'internal']
/** At an unsecured server everyone may do everything. */
const anonymous: Principal = { kind: 'anonymous', name: 'anonymous', groups: ['ADMIN'], isAdmin: true }

/** Sets `request.principal` from the Bearer token, and refuses who may not call the route. */
export function authenticateRequests(app: FastifyInstance, authenticate: Authenticate, unsecured: boolean): void {
  app.decorateRequest('principal')
  app.addHook('onRequest', async (request) => {
    const access = request.routeOptions.config.access ?? defaultAccess
    const token = bearerToken(request)
    request.principal = anonymous
    if (unsecured) {
      request.principal = token === undefined ? anonymous : await authenticate(token).catch(() => anonymous)
      return
    }
    if (access === 'public') return
    if (token === undefined) throw unauthenticated(request)
    request.principal = await authenticate(token)
    if (!request.is404 && !mayCall(request.principal, access)) throw forbidden(request.principal, access)
  })
}

function bearerToken(request: FastifyRequest): string | undefined {
  const match = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')
  return match?.[1]
}

function unauthenticated(request: FastifyRequest): Denied {
  const why =
    request.headers.authorization === undefined ? 'No token' : 'The Authorization header is not `Bearer <token>`'
  return new Denied(
    'Unauthenticated',
    `${why}: get one with POST /gocli/token (form fields username and password) and send it as Authorization: Bearer <token>`,
  )
}

function mayCall({ kind, isAdmin }: Principal, access: readonly string[]): boolean {
  return access.includes(kind) || (isAdmin && access.includes('admin'))
}

function forbidden(principal: Principal, access: readonly string[]): Denied {
  return new Denied(
    'Forbidden',
    `'${principal.name}' (${principal.kind}) may not do this: it is for ${access.join(', ')}`,
    {
      userId: principal.name,
      missing: [...access],
    },
  )
}

/** The caller as idempotency keys and audit trails name it: kinds never share a name. */
export function whoIs(request: FastifyRequest): string {
  return `${request.principal.kind}:${request.principal.name}`
}
