/** What the engine itself refuses; `message` begins with Camunda's code where Camunda has one. */
export class EngineError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'EngineError'
  }
}

/**
 * A step that came to nothing: whatever was thrown while an activity was executed, with that activity. Nothing of the step is to be
 * written. A synchronous caller is told `message`; due work is answered with a `work-failed` event that carries message and activity.
 */
export class StepFailure extends Error {
  readonly failedActivityId: string | null

  constructor(cause: unknown, failedActivityId: string | null) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.name = 'StepFailure'
    this.failedActivityId = failedActivityId
  }
}

/** The end of an exhaustive switch. */
export function unreachable(what: string, value: never): never {
  throw new EngineError(`Unknown ${what} ${JSON.stringify(value)}`)
}
