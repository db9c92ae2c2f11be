/**
 * The error tree. Every failure a user can meet is one of these kinds; `code` names it, `message` is a sentence for the
 * reader, `data` is for machines. Secrets never enter `data` or `message`. Rendering lives in wire-errors.ts.
 */
export type ErrorKind =
  | 'InputError'
  | 'NotFound'
  | 'Conflict'
  | 'Denied'
  | 'Unmet'
  | 'Unavailable'
  | 'ModelFailure'
  | 'BpmnError'
  | 'Bug'

export type ErrorData = Readonly<Record<string, unknown>>

export class AppError extends Error {
  readonly kind: ErrorKind
  readonly code: string
  readonly data: ErrorData

  constructor(kind: ErrorKind, code: string, message: string, data: ErrorData = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = code
    this.kind = kind
    this.code = code
    this.data = data
  }
}

/** The caller can mend it: what is wrong, where, and what is expected. */
export class InputError extends AppError {
  constructor(code: string, message: string, data?: ErrorData, cause?: unknown) {
    super('InputError', code, message, data, cause)
  }
}

/** `what` is the kind of thing in the user's words ("job"), `id` what was asked for. */
export class NotFound extends AppError {
  constructor(what: string, id: string, message = `No ${what} with id '${id}'`, data: ErrorData = {}) {
    super('NotFound', 'NotFound', message, { what, id, ...data })
  }
}

/** The state of the thing forbids it: JobAlreadyFinished, LeaseLost, DuplicateKey, StaleRevision. */
export class Conflict extends AppError {
  constructor(code: string, message: string, data?: ErrorData, cause?: unknown) {
    super('Conflict', code, message, data, cause)
  }
}

export class Denied extends AppError {
  constructor(code: 'Unauthenticated' | 'Forbidden', message: string, data?: ErrorData) {
    super('Denied', code, message, data)
  }
}

/** Nothing can serve this now: NoMatchingRuntime, ModelNotDeployed, InputNotFound. The message says what was looked at. */
export class Unmet extends AppError {
  constructor(code: string, message: string, data?: ErrorData) {
    super('Unmet', code, message, data)
  }
}

export class Unavailable extends AppError {
  constructor(message: string, retryAfterMs = 1000, cause?: unknown) {
    super('Unavailable', 'Unavailable', message, { retryAfterMs }, cause)
  }
}

/** The model's own code failed. Belongs to a job's record; never an HTTP 500. */
export class ModelFailure extends AppError {
  constructor(code: string, message: string, data?: ErrorData) {
    super('ModelFailure', code, message, data)
  }
}

/** A business error that a diagram may catch by its error code. */
export class BpmnError extends AppError {
  readonly errorCode: string
  constructor(errorCode: string, message: string, data?: ErrorData) {
    super('BpmnError', 'BpmnError', message, { errorCode, ...data })
    this.errorCode = errorCode
  }
}

/** An invariant broke. Logged with its stack; the reader is told "internal error" and the request id. */
export class Bug extends AppError {
  constructor(message: string, data?: ErrorData, cause?: unknown) {
    super('Bug', 'Bug', message, data, cause)
  }
}

/** The one place that turns anything thrown into an AppError. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  return new Bug(thrown instanceof Error ? thrown.message : String(thrown), {}, thrown)
}
