import { type Client, Denied, makeClient, NotFound } from '@rowhouse/contract'
import { type App, fetchThrough, type LogOptions, makeApp, typedApp } from '@rowhouse/http'
import type { FastifyInstance } from 'fastify'
import { isLoopback, type ServerConfig } from './config.ts'
import { documentRoutes } from './document.routes.ts'
import { healthRoutes } from './health.routes.ts'
import { tokenRoutes } from './token.routes.ts'
import type { Tokens } from './tokens.ts'
import type { GatewayDatabase } from './users.ts'

/** A wing as the server mounts it; `client` leads to all wings of the server, as the server itself. */
export interface Wing {
  prefix: string
  mount(app: FastifyInstance, client: Client): Promise<void>
}

export interface ServerParts {
  config: ServerConfig
  database: GatewayDatabase
  tokens: Tokens
  wings: readonly Wing[]
  version: string
  logger?: LogOptions | false
  tls?: { cert: Buffer; key: Buffer }
  now?: () => Date
}

/** Public scripts address the mlc service itself, which has no prefix there, or by its older path. */
const servicePaths = { '/rest/': '/mlc-service/rest/', '/mlc-service/api/': '/mlc-service/rest/' }

/** The whole server as one app, not yet listening. */
export async function composeServer(parts: ServerParts): Promise<App> {
  const { config, database, tokens, wings, version } = parts
  const now = parts.now ?? (() => new Date())
  const app = makeApp({
    authenticate: tokens.authenticate,
    unsecured: config.unsecured,
    bodyLimitBytes: config.bodyLimitBytes,
    behindProxy: config.behindProxy,
    now,
    aliases: servicePaths,
    openapi: {
      title: 'Rowhouse',
      version,
      description:
        'Governed batch scoring: models, deployments, jobs (model-manage) and the process engine (mlc-service).',
    },
    ...(parts.logger === undefined ? {} : { logger: parts.logger }),
    ...(parts.tls ? { tls: parts.tls } : {}),
  })
  addHeaders(app)
  if (config.unsecured) refuseForeignPages(app)
  const client = makeClient({
    baseUrl: 'http://in-process',
    fetch: fetchThrough(() => app),
    token: () => tokens.internal,
  })
  await app.register(async (plugin: FastifyInstance) => {
    const own = typedApp(plugin)
    healthRoutes(own, database)
    documentRoutes(own)
    notebookRoute(own)
  })
  await app.register(async (plugin: FastifyInstance) =>
    tokenRoutes(typedApp(plugin), { database, tokens, config, now }),
  )
  for (const wing of wings)
    await app.register((plugin: FastifyInstance) => wing.mount(plugin, client), { prefix: wing.prefix })
  return app
}

function addHeaders(app: App): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff')
  })
}

/** Notebooks ask how to sign in; 404 tells them to go on with the token they have. */
function notebookRoute(app: App): void {
  app.get(
    '/api/oauth2/.well-known-configuration/jupyter',
    { config: { access: 'public' }, schema: { hide: true } },
    async () => {
      throw new NotFound('sign-in configuration', 'jupyter', 'There is no browser sign-in here')
    },
  )
}

/** Without tokens, a page of any site in a browser on this machine must not call in its visitor's name. */
function refuseForeignPages(app: App): void {
  app.addHook('onRequest', async (request) => {
    const { origin, host } = request.headers
    const isOurs =
      isLoopback(nameOf(`http://${host ?? 'localhost'}`)) && (origin === undefined || isLoopback(nameOf(origin)))
    if (!isOurs)
      throw new Denied(
        'Forbidden',
        `An unsecured server answers this machine only: not Host '${host}'${origin === undefined ? '' : `, Origin '${origin}'`}`,
      )
  })
}

function nameOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : ''
}
