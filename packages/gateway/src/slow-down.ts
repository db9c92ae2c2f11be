/** Guessing gets slower with each failure: of one name from one address soon, of one address over all names later. */
export interface SlowDown {
  /** How long an attempt with this key is to wait now. */
  waitMs(key: string): number
  failed(key: string): void
  succeeded(key: string): void
}

export interface SlowDownOptions {
  /** Failures without any consequence. */
  free: number
  firstMs: number
  maxMs: number
  forgetMs: number
}

const keysMax = 10_000

export function makeSlowDown({ free, firstMs, maxMs, forgetMs }: SlowDownOptions, now: () => number): SlowDown {
  const failures = new Map<string, { count: number; lastAt: number; nextAt: number }>()
  return {
    waitMs(key) {
      const known = failures.get(key)
      if (!known) return 0
      if (now() - known.lastAt > forgetMs) failures.delete(key)
      return Math.max(0, known.nextAt - now())
    },
    failed(key) {
      const count = (failures.get(key)?.count ?? 0) + 1
      const pauseMs = count < free ? 0 : Math.min(maxMs, firstMs * 2 ** (count - free))
      if (failures.size >= keysMax && !failures.has(key)) failures.clear()
      failures.set(key, { count, lastAt: now(), nextAt: now() + pauseMs })
    },
    succeeded(key) {
      failures.delete(key)
    },
  }
}
