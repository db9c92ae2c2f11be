import type { ColumnType } from './column-type.ts'
import type { CellValue } from './csv-cells.ts'

export interface CsvColumn {
  name: string
  /** `cell`: each cell by itself, a number where it looks like one. */
  type: ColumnType | 'cell'
}

export interface CsvReject {
  /** Index in the batch. */
  index: number
  reason: string
  /** The record as it stands in the file, cut at RAW_BYTES_MAX. */
  raw: string
}

export interface CsvBatch {
  /** undefined: rejected. */
  records: (Record<string, CellValue> | undefined)[]
  /** Line on which each record starts. */
  lines: number[]
  rejects: CsvReject[]
}

export const newBatch = (): CsvBatch => ({ records: [], lines: [], rejects: [] })
