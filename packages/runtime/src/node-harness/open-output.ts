/** The file of one output slot. A value that has no form in it is rejected by encoding and the next one goes on. */
import { closeSync, openSync } from 'node:fs'
import { inspect } from 'node:util'
import { CsvWriter, JsonLinesWriter, TableError } from '@rowhouse/tables'
import type { PlanOutput } from '../harness-protocol.ts'
import type { SchemaCheck } from './check-schema.ts'
import { JobFailed, type Place } from './failure.ts'
import { type Report, writeAllSync } from './report.ts'

const rawCharactersMax = 2_000

export class Output {
  written = 0
  /** Where the record being scored stands: a rejected output is placed by it. */
  place: () => Place = () => ({ record: null, line: null })
  readonly #report: Report
  readonly #check: SchemaCheck | null
  readonly #file: number
  readonly #writer: CsvWriter | JsonLinesWriter

  constructor(plan: PlanOutput, report: Report, check: SchemaCheck | null) {
    this.#report = report
    this.#check = check
    try {
      this.#file = openSync(plan.path, 'w')
    } catch (error) {
      throw new JobFailed('output', `the output file cannot be opened: ${(error as Error).message}`)
    }
    const sink = (bytes: Uint8Array) => {
      try {
        writeAllSync(this.#file, bytes)
      } catch (error) {
        const isFull = (error as NodeJS.ErrnoException).code === 'ENOSPC'
        throw new JobFailed(
          'output',
          `the output cannot be written: ${isFull ? 'the disk is full' : (error as Error).message}`,
        )
      }
    }
    this.#writer =
      plan.format === 'CSV'
        ? new CsvWriter(sink, plan.columns?.length ? plan.columns : null)
        : new JsonLinesWriter(sink)
  }

  emit(value: unknown): void {
    if (this.#check !== null) {
      const problem = this.#check(value)
      if (problem !== null) {
        this.#reject('schema', problem, value)
        return
      }
    }
    try {
      this.#writer.write(value)
      this.written += 1
    } catch (error) {
      if (!(error instanceof TableError)) throw error
      this.#reject('encoding', error.message, value)
    }
  }

  /** A value that was sent to where nothing can be. */
  refuse(reason: string, value: unknown): void {
    this.#reject('encoding', reason, value)
  }

  flush(): void {
    this.#writer.flush()
  }

  close(): void {
    this.flush()
    closeSync(this.#file)
  }

  #reject(by: 'encoding' | 'schema', reason: string, value: unknown): void {
    const raw = inspect(value, { depth: 3, breakLength: Infinity }).slice(0, rawCharactersMax)
    this.#report.reject({ direction: 'output', by, place: this.place(), reason, raw })
  }
}
