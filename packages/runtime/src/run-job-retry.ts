/** Calls to the server that must get their answer: tried again while it is away, given up when it says no or the work is stopped. */
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '@rowhouse/contract'

/** Tries at a server that answers 5xx: it is there, but something in it is broken. */
const brokenTriesMax = 8

export async function untilAnswered<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
  let waitMs = 100
  for (let broken = 0; ; ) {
    signal.throwIfAborted()
    try {
      return await call()
    } catch (error) {
      if (signal.aborted) throw signal.reason
      if (!isTransient(error)) throw error
      if (error instanceof AppError && error.kind === 'Bug' && ++broken >= brokenTriesMax) throw error
    }
    await sleep(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted())
    waitMs = Math.min(waitMs * 2, 2_000)
  }
}

/** The server is away or broken, as against: it understood and refused. */
export function isTransient(error: unknown): boolean {
  return error instanceof AppError && (error.kind === 'Unavailable' || error.kind === 'Bug')
}
