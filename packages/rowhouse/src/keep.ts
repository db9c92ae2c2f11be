import { setTimeout as sleep } from 'node:timers/promises'

/** One life of a part: a database, a server, a runtime. */
export interface Life {
  pid: number
  /** Resolves when it can work; pending when it ends before. */
  ready: Promise<void>
  ended: Promise<End>
  /** Asks it to stop; resolves when it has. */
  stop(): Promise<void>
  /** Does not wait for anything. */
  kill(): void
}

export interface End {
  /** For the log: `exit code 1`, `killed by SIGKILL`. */
  how: string
  /** What it said was wrong. */
  reason?: string
  /** Nothing would change by trying again. */
  isFinal?: boolean
}

export interface KeepOptions {
  name: string
  start(): Promise<Life> | Life
  log(line: string): void
  /** Lives that may end before the first one is ready. */
  patience?: number
}

export interface Kept {
  /** Rejects when it ends for good before it was ever ready. */
  ready: Promise<void>
  /** Ends this life; another begins. */
  restart(): void
  stop(): Promise<void>
  kill(): void
}

const pauseMinMs = 100
const pauseMaxMs = 5_000
/** A life this long counts as a good one: the next pause is short again. */
const goodLifeMs = 20_000

/** Starts a part, and starts it again whenever it dies, with growing pauses. */
export function keep({ name, start, log, patience = 0 }: KeepOptions): Kept {
  const stopping = new AbortController()
  let life: Life | undefined
  let wasReady = false
  let reportReady: () => void = () => undefined
  let reportFailure: (error: Error) => void = () => undefined
  const ready = new Promise<void>((settle, fail) => {
    reportReady = settle
    reportFailure = fail
  })
  ready.catch(() => undefined)

  async function liveOnce(): Promise<End> {
    try {
      life = await start()
    } catch (error) {
      return { how: 'did not start', reason: (error as Error).message }
    }
    if (stopping.signal.aborted) await life.stop()
    void life.ready.then(() => {
      if (wasReady) log(`${name} is back`)
      wasReady = true
      reportReady()
    })
    return life.ended
  }

  async function live(): Promise<void> {
    let pauseMs = pauseMinMs
    let early = 0
    while (!stopping.signal.aborted) {
      const bornAt = Date.now()
      const end = await liveOnce()
      life = undefined
      if (stopping.signal.aborted) return
      if (!wasReady && (end.isFinal || early++ >= patience)) {
        reportFailure(new Error(end.reason ?? `${name} ended before it was ready (${end.how})`))
        return
      }
      if (Date.now() - bornAt > goodLifeMs) pauseMs = pauseMinMs
      log(`${name} ended (${end.reason ?? end.how}); starting it again`)
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      pauseMs = Math.min(pauseMs * 2, pauseMaxMs)
    }
  }

  const living = live()
  return {
    ready,
    restart: () => life?.kill(),
    async stop() {
      stopping.abort()
      await life?.stop()
      await living
    },
    kill() {
      stopping.abort()
      life?.kill()
    },
  }
}
