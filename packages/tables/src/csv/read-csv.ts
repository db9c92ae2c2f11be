import { closeSync, openSync, readSync } from 'node:fs'
import { readError, TableError } from '../table-error.ts'
import { type CsvBatch, type CsvColumn, newBatch } from './csv-batch.ts'
import { type CsvHeader, parseCsvHeader } from './csv-header.ts'
import { CsvParser } from './csv-parser.ts'

/** Fills `into[offset … offset + length)`; 0: the end. */
export type ReadBytes = (into: Buffer, offset: number, length: number) => number

export interface ReadCsvOptions {
  delimiter?: string
  blockBytes?: number
  /** Records in a batch, at most. */
  batchRecords?: number
  /** null: every column of the header, as text. */
  columns: readonly CsvColumn[] | null
}

export interface CsvReading {
  columns: readonly CsvColumn[]
  /** The batch is emptied and filled again for each step. */
  batches: Generator<CsvBatch, void, undefined>
  /** Of the file, as far as it has been read. */
  bytesRead(): number
}

/** Larger ones are slower: the block as text would be a large object of the heap. */
const BLOCK_BYTES = 64 * 1024
const RECORD_BYTES_MAX = 64 << 20

/** Typed records of a CSV file in batches, in bounded memory. Reads synchronously: for a process that does nothing else. */
export function readCsvFile(path: string, options: ReadCsvOptions): CsvReading & { close(): void } {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    throw readError(path, error)
  }
  const read: ReadBytes = (into, offset, length) => {
    try {
      return readSync(file, into, offset, length, null)
    } catch (error) {
      throw readError(path, error)
    }
  }
  return { ...readCsv(read, options), close: () => closeSync(file) }
}

export function readCsv(read: ReadBytes, options: ReadCsvOptions): CsvReading {
  const source = makeSource(read, options.blockBytes ?? BLOCK_BYTES)
  const header = readHeader(source, options.delimiter ?? ',')
  const columns = options.columns ?? header.names.map((name) => ({ name, type: 'string' as const }))
  if (columns.length !== header.names.length)
    throw new TableError(
      'RaggedRow',
      `The file has ${header.names.length} columns where ${columns.length} were announced`,
      {
        line: 1,
      },
    )
  return { columns, batches: batches(source, header, { ...options, columns }), bytesRead: () => source.bytesRead }
}

interface Source {
  bytes: Buffer
  from: number
  to: number
  isLast: boolean
  bytesRead: number
  /** Keeps what is not read yet and adds to it. */
  more(): void
}

function makeSource(read: ReadBytes, blockBytes: number): Source {
  const source: Source = {
    bytes: Buffer.allocUnsafe(blockBytes + 1),
    from: 0,
    to: 0,
    isLast: false,
    bytesRead: 0,
    more() {
      const rest = source.to - source.from
      if (rest > 0 && source.from === 0 && source.to === source.bytes.length - 1) {
        if (source.bytes.length > RECORD_BYTES_MAX)
          throw new TableError(
            'RecordTooLong',
            `A record is longer than ${RECORD_BYTES_MAX >> 20} MiB: is a quote never closed?`,
          )
        const bigger = Buffer.allocUnsafe((source.bytes.length - 1) * 2 + 1)
        source.bytes.copy(bigger, 0, 0, source.to)
        source.bytes = bigger
      } else source.bytes.copyWithin(0, source.from, source.to)
      source.from = 0
      source.to = rest
      const count = read(source.bytes, rest, source.bytes.length - 1 - rest)
      source.to += count
      source.bytesRead += count
      source.isLast = count === 0
    },
  }
  return source
}

function readHeader(source: Source, delimiter: string): CsvHeader {
  for (;;) {
    source.more()
    const header = parseCsvHeader(source.bytes.subarray(0, source.to), source.isLast, delimiter.charCodeAt(0))
    if (header === null) continue
    if (header.names.length === 0) throw new TableError('EmptyFile', 'The file is empty: not even a header')
    source.from = header.dataOffset
    return header
  }
}

function* batches(source: Source, header: CsvHeader, options: ReadCsvOptions): Generator<CsvBatch, void, undefined> {
  const parser = new CsvParser(options.columns ?? [], options.delimiter, header.dataLine)
  const max = options.batchRecords ?? 1024
  const batch = newBatch()
  for (;;) {
    const { bytes, to, isLast } = source
    if (source.from < to) {
      batch.records.length = 0
      batch.lines.length = 0
      batch.rejects.length = 0
      source.from = parser.parse(batch, bytes, { from: source.from, to, isLast, max })
      if (batch.records.length > 0) {
        yield batch
        continue
      }
    }
    if (isLast) return
    source.more()
  }
}
