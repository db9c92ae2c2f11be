/** Errors whose rendering is an oddity of Camunda's own: its type name, status and code where the kind alone does not give them. */
import { type AppError, InputError, NotFound } from '@rowhouse/contract'

interface Oddity {
  type?: string
  status?: number
  code?: number | null
}

/** An error as Camunda answers it: `type` and `status` as recorded from the engine. */
export function camundaProblem(status: number, type: string, message: string, code: number | null = 0): AppError {
  const oddity: Oddity = { type, status, code }
  return new InputError(type, message, { status, camunda: oddity })
}

/** 400 InvalidRequestException without an engine code. */
export function invalidRequest(message: string, data: Record<string, unknown> = {}): AppError {
  return new InputError('InvalidRequest', message, data)
}

/** 404 InvalidRequestException with Camunda's own sentence. */
export function notFound(what: string, id: string, message: string, code: number | null = null): AppError {
  return new NotFound(what, id, message, {
    camunda: { type: 'InvalidRequestException', status: 404, code } satisfies Oddity,
  })
}

/** The engine's "is null" checks: 500 NullValueException. */
export function nullValue(message: string): AppError {
  return camundaProblem(500, 'NullValueException', message)
}

/** An engine error wrapped by the REST layer: RestException. */
export function restProblem(status: number, message: string, code: number | null = 0): AppError {
  return camundaProblem(status, 'RestException', message, code)
}
