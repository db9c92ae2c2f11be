export interface Loop {
  wake(): void
  /** Resolves when the last round is over. */
  stop(): Promise<void>
}

/** Runs `round` when woken, again at once while it answers true, and otherwise after `everyMs`. A round that throws is logged and repeated. */
export function startLoop(round: () => Promise<boolean>, everyMs: number, onError: (error: unknown) => void): Loop {
  let stopped = false
  let woken = false
  let nap: (() => void) | undefined
  const running = (async () => {
    while (!stopped) {
      woken = false
      const again = await round().catch((error: unknown) => {
        if (!stopped) onError(error)
        return false
      })
      if (again || woken || stopped) continue
      await new Promise<void>((done) => {
        const timer = setTimeout(done, everyMs)
        nap = () => {
          clearTimeout(timer)
          done()
        }
      })
      nap = undefined
    }
  })()
  return {
    wake() {
      woken = true
      nap?.()
    },
    async stop() {
      stopped = true
      nap?.()
      await running
    },
  }
}
