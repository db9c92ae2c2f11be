/** metrics and train: one call with all rows of each input, in the order of the inputs. Memory grows with the files here, and only here. */
import type { Model } from './load-model.ts'
import type { InputStream } from './open-input.ts'
import type { Report } from './report.ts'
import { emitAll, rejectWarning } from './run-score.ts'
import type { Sinks } from './sinks.ts'

export interface Whole {
  role: 'metrics' | 'train'
  model: Model
  streams: readonly InputStream[]
  /** None for train: what it returns is ignored. */
  sinks: Sinks
  report: Report
}

export async function runWhole({ role, model, streams, sinks, report }: Whole): Promise<void> {
  const call = model.get(role)
  const tables = streams.map((stream) => readRows(stream, report))
  report.progress()
  try {
    await emitAll(call(...tables), sinks)
  } catch (error) {
    rejectWarning(report, role, { record: null, line: null }, error)
  }
}

function readRows(stream: InputStream, report: Report): unknown[] {
  const rows: unknown[] = []
  for (const record of stream) {
    report.tick()
    if (Array.isArray(record)) for (const row of record) rows.push(row)
    else rows.push(record)
  }
  return rows
}
