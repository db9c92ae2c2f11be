/** A job's input as records in order. `number` and `line` are those of the record given last; what cannot be read is rejected on the way. */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { type CsvBatch, type CsvReject, readCsvFile, readJson, TableError } from '@rowhouse/tables'
import type { PlanInput } from '../harness-protocol.ts'
import { JobFailed, type Place } from './failure.ts'
import type { Report } from './report.ts'

export interface InputStream extends Iterable<unknown> {
  readonly slot: number
  readonly number: number
  readonly line: number | null
  bytesRead(): number
}

export const placeOf = (stream: InputStream): Place => ({ record: stream.number, line: stream.line })

/** `arrays`: what a one-line JSON array that is the whole file means where the plan does not say. */
export function openInput(plan: PlanInput, report: Report, arrays: 'record' | 'rows'): InputStream {
  if (plan.format === 'CSV') return new CsvStream(plan, report)
  if (plan.format === 'TEXT') return new TextStream(plan, report)
  return new JsonStream(plan, report, arrays)
}

function asInputFailure(name: string, error: unknown): unknown {
  if (!(error instanceof TableError)) return error
  return new JobFailed('input', `${name}: ${error.message}`, { place: { record: null, line: error.line } })
}

class CsvStream implements InputStream {
  readonly slot: number
  number = 0
  line: number | null = null
  bytesRead = () => 0
  readonly #plan: PlanInput
  readonly #report: Report

  constructor(plan: PlanInput, report: Report) {
    this.slot = plan.slot
    this.#plan = plan
    this.#report = report
  }

  /** By hand: a generator would take a fifth of the time that reading a record takes. */
  [Symbol.iterator](): Iterator<unknown, undefined> {
    const batches = this.#batches()
    let batch: CsvBatch | null = null
    let index = 0
    let nextReject = 0
    const next = (): IteratorResult<unknown, undefined> => {
      for (;;) {
        if (batch === null || index === batch.records.length) {
          batch = batches.next().value ?? null
          index = 0
          nextReject = 0
          if (batch === null) return { done: true, value: undefined }
          continue
        }
        this.number += 1
        this.line = batch.lines[index] as number
        const record = batch.records[index++]
        if (record !== undefined) return { done: false, value: record }
        this.#reject(batch.rejects[nextReject++])
      }
    }
    return { next }
  }

  *#batches(): Generator<CsvBatch, void, undefined> {
    try {
      const { path, columns, typing } = this.#plan
      const isByCell = typing === 'cells' && columns !== null
      const reading = readCsvFile(path, {
        columns: isByCell ? columns.map(({ name }) => ({ name, type: 'cell' })) : columns,
      })
      this.bytesRead = reading.bytesRead
      yield* reading.batches
      reading.close()
    } catch (error) {
      throw asInputFailure(this.#plan.name, error)
    }
  }

  #reject(reject: CsvReject | undefined): void {
    const { reason = '', raw = null } = reject ?? {}
    this.#report.reject({ direction: 'input', by: 'encoding', place: placeOf(this), reason, raw })
  }
}

class JsonStream implements InputStream {
  readonly slot: number
  number = 0
  line: number | null = null
  bytesRead = () => 0
  readonly #plan: PlanInput
  readonly #report: Report
  readonly #arrays: 'record' | 'rows'

  constructor(plan: PlanInput, report: Report, arrays: 'record' | 'rows') {
    this.slot = plan.slot
    this.#plan = plan
    this.#report = report
    this.#arrays = arrays
  }

  *[Symbol.iterator](): Generator<unknown, void, undefined> {
    try {
      yield* this.#records()
    } catch (error) {
      throw asInputFailure(this.#plan.name, error)
    }
  }

  *#records(): Generator<unknown, void, undefined> {
    const file = openSync(this.#plan.path, 'r')
    const reading = readJson((into, position) => readSync(file, into, 0, into.length, position), {
      arrayInput: this.#plan.arrayInput,
      oneLineArray: this.#arrays,
    })
    this.bytesRead = reading.bytesRead
    for (const { record, line, problem } of reading.records) {
      this.number += 1
      this.line = line
      if (problem === undefined) yield record
      else this.#report.reject({ direction: 'input', by: 'encoding', place: placeOf(this), ...problem })
    }
    closeSync(file)
  }
}

/** The whole file is one record. */
class TextStream implements InputStream {
  readonly slot: number
  number = 0
  line: number | null = null
  #bytes = 0
  bytesRead = () => this.#bytes
  readonly #plan: PlanInput
  readonly #report: Report

  constructor(plan: PlanInput, report: Report) {
    this.slot = plan.slot
    this.#plan = plan
    this.#report = report
  }

  *[Symbol.iterator](): Generator<unknown, void, undefined> {
    const content = readFileSync(this.#plan.path)
    this.#bytes = content.length
    this.number = 1
    this.line = 1
    let text: string
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(content)
    } catch {
      const reason = `${this.#plan.name} is not UTF-8`
      this.#report.reject({ direction: 'input', by: 'encoding', place: placeOf(this), reason, raw: null })
      return
    }
    yield text
  }
}

/** Opened before the model loads, so that what cannot be read is told as the input's failure. */
export function checkReadable(plan: PlanInput): void {
  try {
    const file = openSync(plan.path, 'r')
    try {
      if (fstatSync(file).isDirectory()) throw new JobFailed('input', `${plan.name} is a folder, not a file`)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if (error instanceof JobFailed) throw error
    throw new JobFailed('input', `${plan.name} cannot be read: ${(error as Error).message}`)
  }
}
