import { type AppError, type NoMatchingRuntimeData, toAppError } from '@rowhouse/contract'

/** Exit codes, as documented in docs/moc.md. */
export const exitCode = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  denied: 4,
  conflict: 5,
  jobFailed: 6,
  jobRejects: 7,
  timeout: 124,
  interrupted: 130,
  terminated: 143,
} as const

/** Ends the program with a code that is not an error of the command itself (a job that ended in ERROR, a timeout). */
export class Exit extends Error {
  readonly code: number
  constructor(code: number, message = '') {
    super(message)
    this.code = code
  }
}

function exitCodeOf(error: AppError): number {
  switch (error.kind) {
    case 'InputError':
      return exitCode.usage
    case 'NotFound':
      return exitCode.notFound
    case 'Denied':
      return exitCode.denied
    case 'Conflict':
      return exitCode.conflict
    case 'ModelFailure':
      return exitCode.jobFailed
    default:
      return exitCode.failure
  }
}

/** What the reader is told on stderr: the sentence, what was looked at, and the next step. */
export function explain(thrown: unknown): { code: number; text: string } {
  if (thrown instanceof Exit) return { code: thrown.code, text: thrown.message }
  const error = toAppError(thrown)
  const lines = [`moc: ${error.message}`, ...details(error)]
  const hint = hintFor(error)
  if (hint !== undefined) lines.push(hint)
  return { code: exitCodeOf(error), text: lines.join('\n') }
}

function details(error: AppError): string[] {
  if (error.code !== 'NoMatchingRuntime' || !Array.isArray(error.data.seen)) return []
  const data = error.data as unknown as NoMatchingRuntimeData
  return data.seen.flatMap((runtime) => {
    const failed = runtime.predicates.filter((predicate) => !predicate.passed)
    return failed.map((predicate) => `  ${runtime.name}: ${predicate.detail}`)
  })
}

/** Where the ids are that could have been meant; for what is looked up by the server, whose sentence names no command. */
const listOf: Record<string, string> = {
  'deployed model': 'The id of a deployment is wanted. See: moc deployment ls',
  'deployable model': 'The id of a snapshot is wanted. See: moc snapshot ls',
  'stored model': 'The id or name of a model is wanted. See: moc model ls',
  runtime: 'The id or name of a runtime is wanted. See: moc runtime ls',
  job: 'The id of a job is wanted. See: moc job ls',
}

function hintFor(error: AppError): string | undefined {
  const { mend } = error.data
  if (typeof mend === 'string') return error.message.includes(mend) ? undefined : `Try: ${mend}`
  if (error.code === 'Unauthenticated' && error.data.isSignIn !== true) return 'Sign in again with: moc credentials'
  if (error.code === 'NotFound') return listOf[String(error.data.what)]
  if (error.kind === 'Bug' && typeof error.data.requestId === 'string') return `Request id: ${error.data.requestId}`
  return undefined
}
