/**
 * Workers that wait for tasks (long poll). Each looks again when this process or another made a task, and now and then in
 * any case. Closing answers all of them with nothing.
 */
export interface TaskWaiters {
  /** Looks until `look` finds something, the time is over, the caller is gone, or the wing closes. */
  wait(look: () => Promise<unknown[]>, ms: number, gone: AbortSignal): Promise<unknown[]>
  wake(): void
  close(): void
}

const lookAgainMs = 2_000

export function makeTaskWaiters(): TaskWaiters {
  const sleepers = new Set<() => void>()
  let isClosed = false
  let rings = 0

  function sleep(ms: number, gone: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wakeUp = () => {
        clearTimeout(timer)
        sleepers.delete(wakeUp)
        gone.removeEventListener('abort', wakeUp)
        resolve()
      }
      const timer = setTimeout(wakeUp, ms)
      sleepers.add(wakeUp)
      gone.addEventListener('abort', wakeUp)
    })
  }

  function wake(): void {
    rings += 1
    for (const wakeUp of [...sleepers]) wakeUp()
  }

  return {
    async wait(look, ms, gone) {
      const endAt = performance.now() + ms
      for (;;) {
        const heard = rings
        const found = await look()
        const left = endAt - performance.now()
        if (found.length > 0 || left <= 0 || isClosed || gone.aborted) return found
        if (rings === heard) await sleep(Math.min(left, lookAgainMs), gone)
      }
    },
    wake,
    close() {
      isClosed = true
      wake()
    },
  }
}
