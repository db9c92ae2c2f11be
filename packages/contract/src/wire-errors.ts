import { z } from 'zod'
import { AppError, type ErrorData, type ErrorKind } from './errors.ts'

/** Camunda's error body; `code` is null for pure REST errors. Source: Camunda 7.24 ExceptionDto. */
export const CamundaErrorBody = z.object({
  type: z.string(),
  message: z.string(),
  code: z.number().int().nullable(),
  details: z.unknown().optional(),
})
export type CamundaErrorBody = z.infer<typeof CamundaErrorBody>

/** RFC 9457 problem with the members Spring Boot clients read (`timestamp`, `error`, `message`, `path`). */
export const ProblemBody = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: z.string(),
  timestamp: z.string(),
  error: z.string(),
  message: z.string(),
  instance: z.string().optional(),
  path: z.string().optional(),
  requestId: z.string().optional(),
})
export type ProblemBody = z.infer<typeof ProblemBody>

export interface RenderContext {
  path?: string
  requestId?: string
  now: Date
}

const statusByKind: Record<ErrorKind, number> = {
  InputError: 400,
  NotFound: 404,
  Conflict: 409,
  Denied: 403,
  Unmet: 422,
  Unavailable: 503,
  ModelFailure: 422,
  BpmnError: 422,
  Bug: 500,
}

const reasonByStatus: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Payload Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Entity',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/** `data.status` overrides the kind's status (413, 412, 405, 429). */
export function httpStatus(error: AppError): number {
  if (typeof error.data.status === 'number') return error.data.status
  if (error.code === 'Unauthenticated') return 401
  return statusByKind[error.kind]
}

export function toProblem(error: AppError, context: RenderContext): { status: number; body: ProblemBody } {
  const status = httpStatus(error)
  const reason = reasonByStatus[status] ?? 'Error'
  const message = error.kind === 'Bug' ? internalMessage(context) : error.message
  const { status: _ignored, ...data } = error.kind === 'Bug' ? ({} as Record<string, unknown>) : error.data
  const body: ProblemBody = {
    type: `urn:rowhouse:problem:${error.code}`,
    title: reason,
    status,
    detail: message,
    code: error.code,
    ...data,
    timestamp: context.now.toISOString(),
    error: reason,
    message,
  }
  if (context.path !== undefined) {
    body.instance = context.path
    body.path = context.path
  }
  if (context.requestId !== undefined) body.requestId = context.requestId
  return { status, body }
}

/**
 * The Camunda dialect. An error may carry `data.camunda = {type, status, code, details}` where Camunda's own answer is an
 * oddity that the kind alone does not give.
 */
export function toCamundaError(error: AppError, context: RenderContext): { status: number; body: CamundaErrorBody } {
  const oddity = (error.data.camunda ?? {}) as {
    type?: string
    status?: number
    code?: number | null
    details?: unknown
  }
  const message = error.kind === 'Bug' ? internalMessage(context) : error.message
  const body: CamundaErrorBody = {
    type: oddity.type ?? camundaType(error),
    message,
    code: oddity.code === undefined ? camundaCode(error) : oddity.code,
  }
  if (oddity.details !== undefined) body.details = oddity.details
  return { status: oddity.status ?? camundaStatus(error), body }
}

function camundaType(error: AppError): string {
  if (error.kind === 'Bug') return 'ProcessEngineException'
  if (error.code === 'StaleRevision') return 'OptimisticLockingException'
  if (error.code === 'ParseError') return 'ParseException'
  if (error.code === 'Forbidden') return 'AuthorizationException'
  return 'InvalidRequestException'
}

function camundaStatus(error: AppError): number {
  if (error.code === 'StaleRevision') return 500
  if (error.kind === 'Conflict' && typeof error.data.status !== 'number') return 400
  return httpStatus(error)
}

function camundaCode(error: AppError): number | null {
  if (error.code === 'StaleRevision') return 1
  return error.kind === 'Bug' ? 0 : null
}

function internalMessage(context: RenderContext): string {
  return context.requestId === undefined ? 'internal error' : `internal error (request id ${context.requestId})`
}

const kindByStatus: Record<number, ErrorKind> = {
  400: 'InputError',
  401: 'Denied',
  403: 'Denied',
  404: 'NotFound',
  409: 'Conflict',
  412: 'Conflict',
  413: 'InputError',
  415: 'InputError',
  422: 'Unmet',
  429: 'Unavailable',
  502: 'Unavailable',
  503: 'Unavailable',
  504: 'Unavailable',
}

const problemMembers = new Set([
  'type',
  'title',
  'status',
  'detail',
  'code',
  'timestamp',
  'error',
  'message',
  'instance',
  'path',
])

/** Reads either dialect back into the tree; anything else becomes an error that quotes the status. */
export function fromErrorResponse(status: number, body: unknown): AppError {
  const record = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
  const kind = kindByStatus[status] ?? kindOfOther(status, record)
  const message =
    typeof record.message === 'string' && record.message !== ''
      ? record.message
      : typeof body === 'string' && body !== ''
        ? body.slice(0, 500)
        : `HTTP ${status}`
  const data: Record<string, unknown> = {}
  if (typeof record.timestamp === 'string') {
    for (const [key, value] of Object.entries(record)) if (!problemMembers.has(key)) data[key] = value
    if (status !== statusByKind[kind]) data.status = status
  } else if (typeof record.type === 'string') {
    data.camunda = {
      type: record.type,
      status,
      code: record.code ?? null,
      ...(record.details === undefined ? {} : { details: record.details }),
    }
  }
  return new AppError(kind, errorCode(status, record, kind), message, data as ErrorData)
}

/** Camunda says 500 of much that the caller can mend: a broken diagram, a text that is no expression. Only its message tells. */
function kindOfOther(status: number, record: Record<string, unknown>): ErrorKind {
  if (status < 500) return 'InputError'
  const isCamunda = typeof record.type === 'string' && record.timestamp === undefined
  if (!isCamunda || status !== 500) return 'Bug'
  if (record.type === 'OptimisticLockingException') return 'Conflict'
  return String(record.message).startsWith('internal error') ? 'Bug' : 'InputError'
}

function errorCode(status: number, record: Record<string, unknown>, kind: ErrorKind): string {
  if (typeof record.code === 'string') return record.code
  if (status === 401) return 'Unauthenticated'
  if (status === 403) return 'Forbidden'
  if (record.type === 'OptimisticLockingException') return 'StaleRevision'
  if (record.type === 'ParseException') return 'ParseError'
  return kind
}
