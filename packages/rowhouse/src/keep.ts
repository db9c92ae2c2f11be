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
export function keep(options: KeepOptions): Kept {
  return new Keeper(options)
}

class Keeper implements Kept {
  readonly ready: Promise<void>
  readonly #options: KeepOptions
  readonly #stopping = new AbortController()
  readonly #living: Promise<void>
  #life: Life | undefined
  #wasReady = false
  #reportReady: () => void = () => undefined
  #reportFailure: (error: Error) => void = () => undefined

  constructor(options: KeepOptions) {
    this.#options = options
    this.ready = new Promise<void>((settle, fail) => {
      this.#reportReady = settle
      this.#reportFailure = fail
    })
    this.ready.catch(() => undefined)
    this.#living = this.#live()
  }

  restart(): void {
    this.#life?.kill()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#life?.stop()
    await this.#living
  }

  kill(): void {
    this.#stopping.abort()
    this.#life?.kill()
  }

  async #live(): Promise<void> {
    const { name, log, patience = 0 } = this.#options
    let pauseMs = pauseMinMs
    let early = 0
    while (!this.#stopping.signal.aborted) {
      const bornAt = Date.now()
      const end = await this.#liveOnce()
      this.#life = undefined
      if (this.#stopping.signal.aborted) return
      if (!this.#wasReady && (end.isFinal || early++ >= patience)) {
        this.#reportFailure(new Error(end.reason ?? `${name} ended before it was ready (${end.how})`))
        return
      }
      if (Date.now() - bornAt > goodLifeMs) pauseMs = pauseMinMs
      log(`${name} ended (${end.reason ?? end.how}); starting it again`)
      await sleep(pauseMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
      pauseMs = Math.min(pauseMs * 2, pauseMaxMs)
    }
  }

  async #liveOnce(): Promise<End> {
    let life: Life
    try {
      life = await this.#options.start()
    } catch (error) {
      return { how: 'did not start', reason: (error as Error).message }
    }
    this.#life = life
    if (this.#stopping.signal.aborted) await life.stop()
    void life.ready.then(() => {
      if (this.#wasReady) this.#options.log(`${this.#options.name} is back`)
      this.#wasReady = true
      this.#reportReady()
    })
    return life.ended
  }
}
