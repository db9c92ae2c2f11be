import { SignalBody, type VariableMap } from '@rowhouse/contract'
import { fingerprint, readIdempotencyKey, sendReplayed, whoIs } from '@rowhouse/http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { callerName, noContent } from '../answers.ts'
import { invalidRequest } from '../camunda-problems.ts'
import { parseVariables } from '../camunda-values.ts'
import type { MlcContext } from '../context.ts'
import { selfLink } from '../links.ts'
import { bodyOf } from '../lists/list-resource.ts'
import { parseSignal } from './signal-wish.ts'
import { throwSignal } from './throw-signal.ts'
import { type IdempotencyWish, throwSignalResponsive } from './throw-signal-responsive.ts'

/** For schedulers that can only edit the JSON. */
const idempotencyVariable = 'IDEMPOTENCY_KEY'

export function signalRoutes(app: FastifyInstance, ctx: MlcContext): void {
  app.post('/signal', async (request, reply) => {
    await throwSignal(ctx, parseSignal(readBody(request), false), callerName(request))
    return noContent(reply)
  })
  app.post('/signalResponsive', async (request, reply) => {
    const body = readBody(request)
    const wish = parseSignal(body, true)
    const { body: answer, replay } = await throwSignalResponsive(ctx, wish, {
      caller: callerName(request),
      idempotency: idempotencyOf(request, body),
      instanceLink: (id) => selfLink(request, `/process-instance/${id}`),
    })
    return replay === null ? reply.send(answer) : sendReplayed(reply, replay)
  })
}

function readBody(request: FastifyRequest): SignalBody {
  const parsed = SignalBody.safeParse(bodyOf(request))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const { variables } = bodyOf(request) as { variables?: VariableMap | null }
  if (issue?.path[0] === 'variables') parseVariables(variables)
  throw invalidRequest(`The signal's '${issue?.path.join('.') ?? ''}' is not as expected: ${issue?.message ?? ''}`)
}

function idempotencyOf(request: FastifyRequest, body: SignalBody): IdempotencyWish | null {
  const variable = body.variables?.[idempotencyVariable]?.value
  const key = readIdempotencyKey(request) ?? (variable === undefined || variable === null ? undefined : keyOf(variable))
  if (key === undefined) return null
  if (key.length > 255) throw invalidRequest(`${idempotencyVariable} must have at most 255 characters`)
  return { caller: whoIs(request), path: '/signalResponsive', key, fingerprint: fingerprint(body) }
}

function keyOf(variable: unknown): string {
  if (typeof variable === 'object') throw invalidRequest(`${idempotencyVariable} must be a text or a number`)
  const key = String(variable).trim()
  if (key !== '') return key
  throw invalidRequest(`${idempotencyVariable} is empty: give each trigger a key of its own, or leave the variable out`)
}
