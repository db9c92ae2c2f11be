import type { FastifyReply, FastifyRequest } from 'fastify'
import type { WireOptions } from './camunda-values.ts'
import { isFalse, queryOf } from './lists/list-resource.ts'

export function noContent(reply: FastifyReply): FastifyReply {
  return reply.code(204).send()
}

/** Objects come as JSON unless the caller asks for their text. */
export function wireOptions(request: FastifyRequest): WireOptions {
  const query = queryOf(request)
  return { deserialize: !isFalse(query.deserializeValues) && !isFalse(query.deserializeValue) }
}

/** Who starts and changes things, in records of the engine. */
export function callerName(request: FastifyRequest): string | null {
  return request.principal.kind === 'anonymous' ? null : request.principal.name
}
