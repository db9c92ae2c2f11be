/**
 * Who waits for work. A lease call that finds the queue empty waits here until its runtime's id is woken: by this process after a
 * commit, by another through NOTIFY, or until its time is up. A call announces itself *before* it looks into the queue, so that a job
 * queued in between is not slept through.
 */
interface Wait {
  /** Resolves when woken, when `ms` have passed, or when `signal` aborts. */
  settled(ms: number, signal: AbortSignal): Promise<void>
  end(): void
}

export interface LeaseWaiters {
  wait(engineId: string): Wait
  /** Of two calls in one place only the later one has a caller: aborts the earlier one. `leave` when the call is over. */
  takePlace(place: string): { superseded: AbortSignal; leave(): void }
  wake(engineId: string): void
  wakeAll(): void
  /** From now on nobody waits: the server stops. */
  close(): void
  readonly closed: boolean
}

export function makeLeaseWaiters(): LeaseWaiters {
  const waiting = new Map<string, Set<() => void>>()
  const places = new Map<string, AbortController>()
  let closed = false

  const wakeAll = () => {
    for (const calls of waiting.values()) for (const wake of calls) wake()
  }

  return {
    wait(engineId) {
      let woken = closed
      let resolve: (() => void) | undefined
      const wake = () => {
        woken = true
        resolve?.()
      }
      const calls = waiting.get(engineId) ?? new Set()
      calls.add(wake)
      waiting.set(engineId, calls)
      return {
        settled: (ms, signal) =>
          new Promise<void>((done) => {
            if (woken || signal.aborted || ms <= 0) return done()
            const timer = setTimeout(finish, ms)
            function finish() {
              clearTimeout(timer)
              signal.removeEventListener('abort', finish)
              done()
            }
            signal.addEventListener('abort', finish)
            resolve = finish
          }),
        end() {
          calls.delete(wake)
          if (calls.size === 0 && waiting.get(engineId) === calls) waiting.delete(engineId)
        },
      }
    },
    takePlace(place) {
      places.get(place)?.abort()
      const mine = new AbortController()
      places.set(place, mine)
      return {
        superseded: mine.signal,
        leave() {
          if (places.get(place) === mine) places.delete(place)
        },
      }
    },
    wake(engineId) {
      for (const wake of waiting.get(engineId) ?? []) wake()
    },
    wakeAll,
    close() {
      closed = true
      wakeAll()
    },
    get closed() {
      return closed
    },
  }
}
