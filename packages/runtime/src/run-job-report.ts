/**
 * Tells the server how an attempt goes: its messages and counts, every 0.8 s while it runs. The answers say whether a person cancelled the
 * job; a 409 or 404 says that the attempt is no longer ours.
 */
import { AppError, type AttemptRef, type Client, type JobProgress } from '@rowhouse/contract'
import type { JobConsole } from './console.ts'
import { untilAnswered } from './run-job-retry.ts'
import type { StopReason } from './run-job-stop.ts'

export interface ReportOptions {
  client: Pick<Client, 'jobs'>
  attempt: AttemptRef
  console: JobConsole
  progress: () => JobProgress
  stop: (reason: StopReason) => void
  signal: AbortSignal
  everyMs?: number
}

export interface Report {
  /** Asks the server, until it answers, whether the attempt is still ours, unless it has just said so. Throws when it is not. */
  prove(): Promise<void>
  /** No more progress is sent; what is in flight has ended when this resolves. */
  close(): Promise<void>
}

const messagesMax = 5_000
/** An answer is proof for so long: it may be asked for while the model's process still ends. */
const provenForMs = 500
/** Left for the call that ends the job. */
const endMessagesMax = 500

export function startReport(options: ReportOptions): Report {
  const { client, attempt, console, progress, stop, signal } = options
  let inFlight: Promise<void> | undefined
  // by the wall clock: the monotonic one stands still while a machine sleeps
  let provenAt = Number.NEGATIVE_INFINITY
  let proving: Promise<void> | undefined
  const timer = setInterval(() => {
    inFlight ??= send().finally(() => {
      inFlight = undefined
    })
  }, options.everyMs ?? 800)

  async function send(): Promise<void> {
    const lines = console.take()
    const messages = lines.splice(0, messagesMax)
    console.putBack(lines)
    await sendLines(messages)
  }

  async function sendLines(messages: string[]): Promise<void> {
    try {
      const answer = await client.jobs.progress(
        attempt,
        { progress: progress(), messages },
        { signal: AbortSignal.timeout(10_000) },
      )
      if (answer.cancel) stop({ why: 'cancelled' })
    } catch (error) {
      if (isLost(error)) stop({ why: 'lost' })
      else console.putBack(messages)
    }
  }

  async function ask(): Promise<void> {
    const call = () => {
      const askedAt = Date.now()
      const body = { progress: progress(), messages: [] }
      const limit = AbortSignal.timeout(10_000)
      return client.jobs.progress(attempt, body, { signal: limit }).then((answer) => ({ ...answer, askedAt }))
    }
    try {
      const { cancel, askedAt } = await untilAnswered(call, signal)
      provenAt = askedAt
      if (cancel) stop({ why: 'cancelled' })
    } catch (error) {
      if (isLost(error)) stop({ why: 'lost' })
      else throw error
    }
  }

  return {
    async prove() {
      const sinceMs = Date.now() - provenAt
      if (sinceMs < 0 || sinceMs > provenForMs) {
        proving ??= ask().finally(() => {
          proving = undefined
        })
        await proving
      }
      signal.throwIfAborted()
    },
    async close() {
      clearInterval(timer)
      await inFlight
      // The end takes only so many lines: of a short job that printed much, the first ones go ahead of it.
      const lines = console.take()
      const ahead = lines.splice(0, Math.max(0, lines.length - endMessagesMax))
      console.putBack(lines)
      if (ahead.length > 0 && !signal.aborted) await sendLines(ahead)
    },
  }
}

/** Another attempt has begun, the job has ended, or it is gone. */
export function isLost(error: unknown): boolean {
  return error instanceof AppError && (error.kind === 'Conflict' || error.kind === 'NotFound')
}
