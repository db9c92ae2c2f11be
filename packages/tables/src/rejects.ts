import type { Sink } from './csv/csv-writer.ts'

export interface Reject {
  direction: 'input' | 'output'
  /** 1-based number of the record; 0: none is to blame. */
  record: number
  line: number | null
  /** encoding, schema or model. */
  code: string
  reason: string
  /** The record as it stood in the file, or the value as it can be shown. */
  raw: string | null
}

/** Taken before a model can put a function of its own in its place. */
const { stringify } = JSON
const RAW_CHARACTERS_MAX = 64 * 1024

/** One rejected record as a JSON line. */
export function writeReject(sink: Sink, reject: Reject): void {
  const raw = reject.raw === null ? null : reject.raw.slice(0, RAW_CHARACTERS_MAX).toWellFormed()
  sink(Buffer.from(`${stringify({ ...reject, raw })}\n`, 'utf8'))
}
