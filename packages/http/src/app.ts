import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import multipart from '@fastify/multipart'
import swagger from '@fastify/swagger'
import { toProblem } from '@rowhouse/contract'
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify'
import { validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { noteAnsweredPaths } from './allowed-methods.ts'
import { parseBodies } from './body-parsers.ts'
import { makeDrainable } from './drain.ts'
import { answer, problemErrors } from './error-dialects.ts'
import { type LogOptions, loggerOptions } from './log.ts'
import { documentOptions } from './openapi.ts'
import { type Authenticate, authenticateRequests } from './principal.ts'
import { withoutSecrets } from './url-secrets.ts'

/** What wings and the server register their routes on. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>

export interface AppOptions {
  authenticate: Authenticate
  /** Everyone may do everything. */
  unsecured?: boolean
  /** false: no log. */
  logger?: LogOptions | false
  bodyLimitBytes?: number
  now?: () => Date
  /** Certificate and key in PEM. */
  tls?: { cert: Buffer; key: Buffer }
  /** Believe X-Forwarded-*: only behind a proxy. */
  behindProxy?: boolean
  /** Beginnings of paths that other servers have, and where they lead here. */
  aliases?: Readonly<Record<string, string>>
  /** Collects the routes of plugins into an OpenAPI document: `app.swagger()`. */
  openapi?: { title: string; version: string; description: string }
}

const bodyLimitBytesDefault = 64 * 1024 * 1024

export function makeApp(options: AppOptions): App {
  const bodyLimitBytes = options.bodyLimitBytes ?? bodyLimitBytesDefault
  const settings = { bodyLimitBytes, now: options.now ?? (() => new Date()) }
  const plain: FastifyInstance = fastify({
    logger: options.logger === undefined || options.logger === false ? false : loggerOptions(options.logger),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyLimitBytes,
    requestIdHeader: false,
    genReqId: requestId,
    return503OnClosing: false,
    trustProxy: options.behindProxy ?? false,
    routerOptions: { maxParamLength: 500, ignoreTrailingSlash: true },
    frameworkErrors: (thrown: unknown, request: FastifyRequest, reply: FastifyReply) => {
      answer({ thrown, request, reply, render: toProblem, contentType: 'application/problem+json', settings })
    },
    rewriteUrl: ({ url = '/' }) => withoutAlias(url, options.aliases ?? {}),
    ...(options.tls ? { https: options.tls } : {}),
  })
  plain.decorate('errorSettings', settings)
  noteAnsweredPaths(plain)
  plain.setValidatorCompiler(validatorCompiler)
  // Bodies are made by typed code: response schemas document them, they do not filter them.
  plain.setSerializerCompiler(() => (data) => JSON.stringify(data))
  parseBodies(plain)
  problemErrors(plain)
  tellRequestId(plain)
  nameJsonBare(plain)
  authenticateRequests(plain, options.authenticate, options.unsecured ?? false)
  makeDrainable(plain)
  logRequests(plain)
  void plain.register(multipart, {
    limits: { fileSize: bodyLimitBytes, files: 100, fieldSize: 1024 * 1024 },
    throwFileSizeLimit: true,
  })
  if (options.openapi) void plain.register(swagger, documentOptions(options.openapi))
  return typedApp(plain)
}

/** An app, or the part of it that a plugin is given, whose routes are typed by their zod schemas. */
export function typedApp(app: FastifyInstance): App {
  return app.withTypeProvider<ZodTypeProvider>()
}

function requestId(raw: IncomingMessage): string {
  const given = raw.headers['x-request-id']
  return typeof given === 'string' && /^[\w.:/+=-]{1,128}$/.test(given) ? given : randomUUID()
}

function tellRequestId(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
}

/**
 * JSON is UTF-8 and its type takes no parameter (RFC 8259). Camunda's clients compare the whole header:
 * camunda-external-task-client-js 3.1.0 hands its worker raw bytes when it is not exactly `application/json`.
 */
function nameJsonBare(app: FastifyInstance): void {
  app.addHook('onSend', async (_request, reply) => {
    const type = reply.getHeader('content-type')
    const bare = typeof type === 'string' ? /^([\w/.+-]*json) *; *charset=utf-8$/i.exec(type)?.[1] : undefined
    if (bare !== undefined) reply.header('content-type', bare)
  })
}

function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    const level = reply.statusCode >= 500 ? 'warn' : request.routeOptions.config.access === 'public' ? 'debug' : 'info'
    request.log[level]({
      method: request.method,
      url: withoutSecrets(request.url),
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      caller: request.principal?.name,
    })
  })
}

function withoutAlias(url: string, aliases: Readonly<Record<string, string>>): string {
  for (const [alias, path] of Object.entries(aliases)) if (url.startsWith(alias)) return path + url.slice(alias.length)
  return url
}
