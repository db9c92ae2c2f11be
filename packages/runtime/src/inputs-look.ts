/**
 * Looking through a CSV input: its columns, its records, and whether it is a table at all. The model waits for that, unless the file is
 * large and the schema names the type of every column: then the look goes on while the model runs, and a job whose input turns out
 * unreadable ends as if it had been known before. Its output is not published until the look has ended.
 */
import { type CsvScan, readCsvHeader, scanCsv } from '@rowhouse/tables'
import type { PlanColumn } from './harness-protocol.ts'
import { columnTypes, declaredColumns } from './inputs-format.ts'

/** Below that a look takes less than the start of a process. */
const aheadBytesMin = 16 * 1024 * 1024

export interface Look {
  columns: PlanColumn[]
  hasBom: boolean
  scan: Promise<CsvScan>
  /** The scan has not ended: the types are those of the schema. */
  isAhead: boolean
}

export async function lookThrough(
  input: { path: string; bytes: number },
  schema: unknown,
  signal?: AbortSignal,
): Promise<Look> {
  const scanOptions = signal ? { signal } : {}
  if (input.bytes >= aheadBytesMin) {
    const { names, hasBom } = await readCsvHeader(input.path)
    const columns = declaredColumns(names, schema)
    if (columns !== null) return { columns, hasBom, scan: scanCsv(input.path, scanOptions), isAhead: true }
  }
  const scan = await scanCsv(input.path, scanOptions)
  const columns = columnTypes(scan.columns, schema)
  return { columns, hasBom: scan.hasBom, scan: Promise.resolve(scan), isAhead: false }
}

/** The looks of a job that go on while its model runs. Life: looks are added → the model ends → `end` → `close`. */
export class LooksAhead {
  readonly #over = new AbortController()
  readonly #broken = new AbortController()
  readonly #looks: Promise<void>[] = []

  /** Aborted when an input turned out unreadable; the reason says how. */
  get broken(): AbortSignal {
    return this.#broken.signal
  }

  /** Aborted when nobody wants to know any more. */
  get over(): AbortSignal {
    return this.#over.signal
  }

  add(look: Promise<void>): void {
    this.#looks.push(
      look.catch((error: unknown) => {
        if (!this.over.aborted) this.#broken.abort(error)
      }),
    )
  }

  /** Throws what is wrong with an input. A model that has not finished says itself what went wrong: nothing more is looked at. */
  async end(hasModelFinished: boolean): Promise<void> {
    if (hasModelFinished) await Promise.all(this.#looks)
    else this.close()
    this.broken.throwIfAborted()
  }

  close(): void {
    this.#over.abort()
  }
}
