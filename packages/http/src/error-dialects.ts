import { type AppError, Bug, toCamundaError, toProblem } from '@rowhouse/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { unanswered } from './allowed-methods.ts'
import { discardBody } from './discard-body.ts'
import { pathOf, toRequestError } from './request-errors.ts'

type Render = (
  error: AppError,
  context: { path: string; requestId: string; now: Date },
) => { status: number; body: object }

declare module 'fastify' {
  interface FastifyInstance {
    /** Set by makeApp. */
    errorSettings: { bodyLimitBytes: number; now: () => Date }
  }
}

/** RFC 9457 with Spring's names: the dialect of everything but the process engine. */
export function problemErrors(app: FastifyInstance): void {
  speak(app, toProblem, 'application/problem+json', (thrown) => thrown)
}

/**
 * Camunda's `{type, message, code}` for all routes of this plugin, unknown paths below its prefix included. `translate` turns
 * errors of another tree into ours first.
 */
export function camundaErrors(
  app: FastifyInstance,
  translate: (thrown: unknown) => unknown = (thrown) => thrown,
): void {
  speak(app, toCamundaError, 'application/json', translate)
}

function speak(
  app: FastifyInstance,
  render: Render,
  contentType: string,
  translate: (thrown: unknown) => unknown,
): void {
  app.setErrorHandler((thrown, request, reply) =>
    answer({ thrown: translate(thrown), request, reply, render, contentType, settings: app.errorSettings }),
  )
  app.setNotFoundHandler((request, reply) => {
    const thrown = unanswered(app, request)
    const { allow } = thrown.data
    // as Spring Data REST answers those who ask first
    if (request.method === 'OPTIONS' && Array.isArray(allow))
      return reply.header('allow', [...allow, 'OPTIONS'].sort().join(', ')).send()
    return answer({ thrown, request, reply, render, contentType, settings: app.errorSettings })
  })
}

interface Answer {
  thrown: unknown
  request: FastifyRequest
  reply: FastifyReply
  render: Render
  contentType: string
  settings: { bodyLimitBytes: number; now: () => Date }
}

export function answer({ thrown, request, reply, render, contentType, settings }: Answer): FastifyReply {
  const error = toRequestError(thrown, request, settings.bodyLimitBytes)
  if (error.kind === 'Bug') request.log.error({ err: error.cause ?? error, data: error.data }, 'an invariant broke')
  else if (error.kind === 'Unavailable') request.log.warn({ code: error.code, cause: causeText(error) }, error.message)
  if (reply.sent) return reply
  const { status, body } = render(error, { path: pathOf(request), requestId: request.id, now: settings.now() })
  if (error.code === 'Unauthenticated') reply.header('www-authenticate', 'Bearer realm="rowhouse"')
  if (Array.isArray(error.data.allow)) reply.header('allow', error.data.allow.join(', '))
  if (error.kind === 'Unavailable')
    reply.header('retry-after', String(Math.max(1, Math.ceil(Number(error.data.retryAfterMs ?? 1000) / 1000))))
  reply.code(status).header('content-type', contentType).serializer(JSON.stringify)
  if (status !== 413) return reply.send(body)
  discardBody(request.raw, (isWhole) => {
    reply.header('connection', isWhole ? 'keep-alive' : 'close').send(body)
  })
  return reply
}

function causeText(error: AppError): string | undefined {
  return error.cause instanceof Error && !(error.cause instanceof Bug) ? error.cause.message : undefined
}
