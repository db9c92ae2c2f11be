/** What is written about a failure, whether it costs a retry, and how a synchronous caller is told of it. */
import { BpmnExpressionError, EngineError, StepFailure } from '@rowhouse/bpmn'
import { AppError } from '@rowhouse/contract'
import { isDatabaseAway } from '@rowhouse/postgres'
import { camundaProblem, invalidRequest, restProblem } from '../camunda-problems.ts'
import { withoutCredentials } from '../variables/vault.ts'

export interface Failure {
  message: string
  stack: string | null
  failedActivityId: string | null
}

const messageMax = 4000

export function failureOf(error: unknown): Failure {
  const failedActivityId = error instanceof StepFailure ? error.failedActivityId : null
  const message = withoutCredentials(error instanceof Error ? error.message : String(error))
  const stack = stackOf(error)
  return {
    message: message.slice(0, messageMax),
    stack: stack === null ? null : withoutCredentials(stack),
    failedActivityId,
  }
}

/** So long after a piece of work was made, a neighbour that is away costs it no retry. */
const awayMsMax = 10 * 60_000

/** Not the diagram's fault: another transaction was faster, the database or, for a while, the neighbour is away. Costs no retry. */
export function isPassing(error: unknown, ageMs: number): boolean {
  if (error instanceof AppError && error.code === 'StaleRevision') return true
  if (error instanceof AppError && error.kind === 'Unavailable') return ageMs < awayMsMax
  const code = (error as { code?: unknown } | null)?.code
  return isDatabaseAway(error) || code === '40P01' || code === '40001'
}

/** A diagram's own failure, as opposed to one of the store or of this program. */
export function isEngineFailure(error: unknown): error is Error {
  return error instanceof StepFailure || error instanceof EngineError || error instanceof BpmnExpressionError
}

/** 500 ProcessEngineException, or RestException when a caller prefixes what it was about to do. Other errors stay as they are. */
export function engineProblem(error: unknown, prefix = ''): unknown {
  if (hasUnstorableText(error))
    return invalidRequest('A text of the request holds the character U+0000, which cannot be stored')
  if (!isEngineFailure(error)) return error
  if (prefix === '') return camundaProblem(500, 'ProcessEngineException', error.message)
  return restProblem(500, `${prefix}${error.message}`)
}

/** PostgreSQL's word for a byte sequence that is no text. */
function hasUnstorableText(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === '22021'
}

function stackOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  if (error instanceof StepFailure) return stackOf(error.cause) ?? error.message
  // Our own errors are sentences for the reader; a stack of ours would tell nothing more.
  if (error instanceof AppError) return `${error.code}: ${error.message}\n${JSON.stringify(error.data, null, 2)}`
  return error.stack ?? error.message
}
