/** What the harness tells: events to the agent, rejected records to their file, and the counts of both. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { type Reject, writeReject } from '@rowhouse/tables'
import type { HarnessCounts, HarnessEvent, HarnessPlan } from '../harness-protocol.ts'
import { JobFailed, type Place } from './failure.ts'

const channel = 3
/** Taken before the model can put a function of its own in its place. */
const { stringify } = JSON
const progressMs = 500
const quickMs = 5
const strideMax = 256
/** A file of nothing but bad lines must not drown the agent: further ones are counted and in the rejects file. */
const rejectedEventsMax = 1_000
const rejectsPendingMax = 64 * 1024
const reasonCharactersMax = 4_000

type Rejected = Extract<HarnessEvent, { event: 'rejected' }>
type Counted = Exclude<keyof HarnessCounts, 'recordsIn' | 'recordsOut' | 'bytesRead'>

/** Where records come from and go to, as far as progress wants to know. */
export interface Watched {
  streams: readonly { readonly number: number; bytesRead(): number }[]
  output: { readonly written: number; flush(): void } | null
}

export interface RejectedRecord {
  direction: 'input' | 'output'
  by: Rejected['by']
  place: Place
  reason: string
  raw: string | null
}

export class Report {
  #dueAt = Date.now() + progressMs
  #checkedAt = Date.now()
  #stride = 1
  #untilCheck = 1
  readonly #rejectsPath: string
  readonly #stopOnBadRecords: boolean
  readonly #role: HarnessPlan['function']
  readonly #counts: Record<Counted, number> = {
    inputRejectedByEncoding: 0,
    inputRejectedBySchema: 0,
    outputRejectedByEncoding: 0,
    outputRejectedBySchema: 0,
    recordsFailedByModel: 0,
  }
  #watched: Watched = { streams: [], output: null }
  #rejectsFile: number | null = null
  #rejectsPending: Uint8Array[] = []
  #rejectsBytes = 0
  #rejectedEvents = 0

  constructor({ rejectsPath, stopOnBadRecords, function: role }: HarnessPlan) {
    this.#rejectsPath = rejectsPath
    this.#stopOnBadRecords = stopOnBadRecords
    this.#role = role
  }

  watch(watched: Watched): void {
    this.#watched = watched
  }

  tell(event: HarnessEvent): void {
    try {
      writeAllSync(channel, Buffer.from(`${stringify(event)}\n`))
    } catch {
      // Nobody listens any more: the agent died, its lease runs out, another attempt does this job.
      process.exit(1)
    }
  }

  totals(): HarnessCounts {
    const { streams, output } = this.#watched
    return {
      ...this.#counts,
      recordsIn: streams.reduce((sum, stream) => sum + stream.number, 0),
      recordsOut: output?.written ?? 0,
      bytesRead: streams.reduce((sum, stream) => sum + stream.bytesRead(), 0),
    }
  }

  /** Called for each record; looks at the clock seldom where records are quick, each time where they are slow. */
  tick(): void {
    this.#untilCheck -= 1
    if (this.#untilCheck > 0) return
    const now = Date.now()
    this.#stride = now - this.#checkedAt < quickMs ? Math.min(this.#stride * 2, strideMax) : 1
    this.#untilCheck = this.#stride
    this.#checkedAt = now
    if (now >= this.#dueAt) this.progress()
  }

  /** What was scored until now is in the file before it is told. */
  progress(): void {
    this.#watched.output?.flush()
    this.#flushRejects()
    this.tell({ event: 'progress', ...this.totals() })
    this.#dueAt = Date.now() + progressMs
  }

  /** Throws JobFailed where the first bad record is to end the job. */
  reject(rejected: RejectedRecord): void {
    const { direction, by, place, raw } = rejected
    const reason = rejected.reason.slice(0, reasonCharactersMax)
    this.#counts[counterOf(direction, by)] += 1
    const record = place.record ?? 0
    const entry: Reject = { direction, record, line: place.line, code: by, reason, raw }
    writeReject((bytes) => this.#keepReject(bytes), entry)
    if (this.#rejectedEvents < rejectedEventsMax) {
      this.#rejectedEvents += 1
      this.tell({ event: 'rejected', direction, by, record, line: place.line, reason })
    }
    if (this.#stopOnBadRecords) {
      const why = `stopped at the first bad record, as stopOnBadRecords asks: ${reason}`
      throw new JobFailed(this.#role, why, { place })
    }
  }

  close(): void {
    this.#flushRejects()
    if (this.#rejectsFile !== null) closeSync(this.#rejectsFile)
    this.#rejectsFile = null
  }

  #keepReject(bytes: Uint8Array): void {
    this.#rejectsPending.push(bytes)
    this.#rejectsBytes += bytes.length
    if (this.#rejectsBytes >= rejectsPendingMax) this.#flushRejects()
  }

  #flushRejects(): void {
    if (this.#rejectsPending.length === 0) return
    this.#rejectsFile ??= openSync(this.#rejectsPath, 'a')
    writeAllSync(this.#rejectsFile, Buffer.concat(this.#rejectsPending))
    this.#rejectsPending = []
    this.#rejectsBytes = 0
  }
}

function counterOf(direction: 'input' | 'output', by: Rejected['by']): Counted {
  if (by === 'model') return 'recordsFailedByModel'
  if (direction === 'input') return by === 'schema' ? 'inputRejectedBySchema' : 'inputRejectedByEncoding'
  return by === 'schema' ? 'outputRejectedBySchema' : 'outputRejectedByEncoding'
}

/** All of it, also where a pipe takes less at a time or is full for the moment. */
export function writeAllSync(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(file, bytes, at)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}
