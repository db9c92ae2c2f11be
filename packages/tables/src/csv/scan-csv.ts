import { isUtf8 } from 'node:buffer'
import { type FileHandle, open } from 'node:fs/promises'
import { checkKind } from '../file-kind.ts'
import { readError, TableError } from '../table-error.ts'
import { type ColumnType, columnType, hasLeadingZeros, isBeyondSafe } from './column-type.ts'
import { type CsvHeader, parseCsvHeader } from './csv-header.ts'
import { CsvScanner, HEADROOM, type RaggedRows } from './csv-scanner.ts'

export interface ScanOptions {
  /** One ASCII character; never guessed. */
  delimiter?: string
  blockBytes?: number
  signal?: AbortSignal
}

export interface ScannedColumn {
  name: string
  type: ColumnType
  blanks: number
  /** Line of the first cell that is neither blank, number nor boolean: why the column is text. */
  firstTextLine: number | null
  /** Integers like `007` are numbers here; their zeros are lost. */
  leadingZeros: boolean
  /** Integers beyond 2^53 - 1 occur: JavaScript models get the column as text. */
  beyondSafe: boolean
}

export interface CsvScan {
  columns: ScannedColumn[]
  /** Data records, rejected ones included. */
  records: number
  bytes: number
  hasBom: boolean
  delimiter: string
  /** Records with more cells than the header: they will be rejected. */
  tooMany: RaggedRows
  /** Records with fewer cells than the header: filled with blanks. */
  tooFew: RaggedRows
  /** What a user should know before trusting the result. */
  warnings: ScanWarning[]
}

interface ScanWarning {
  /** The column whose reading as the type found here loses something. */
  column: string | null
  text: string
}

const BLOCK_BYTES = 1 << 20
/** Also of a file that tells no size. Small files get small blocks: megabytes for ten rows would make the collector run for every third file. */
const BLOCK_BYTES_MIN = 1 << 14
const HEADER_BYTES_MAX = 16 << 20

/**
 * One streaming pass over a CSV file: its columns with the types pandas would give over the whole file, and its record count.
 * Memory is two blocks whatever the file's size. Whatever makes the file unreadable as a table is thrown as TableError.
 */
export function scanCsv(path: string, options: ScanOptions = {}): Promise<CsvScan> {
  return withFile(path, options.signal, (file) => scanFile(file, path, options))
}

/** The names in the first line, as the scan gives them to its columns; the rest of the file is not looked at. */
export function readCsvHeader(path: string, delimiter = ','): Promise<{ names: readonly string[]; hasBom: boolean }> {
  return withFile(path, undefined, (file) => readHeader(file, path, delimiter.charCodeAt(0)))
}

async function withFile<T>(
  path: string,
  signal: AbortSignal | undefined,
  read: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw readError(path, error)
  })
  try {
    if ((await file.stat()).isDirectory()) throw new TableError('IsDirectory', `${path} is a folder, not a file`)
    return await read(file)
  } catch (error) {
    throw error instanceof TableError || signal?.aborted ? error : readError(path, error)
  } finally {
    await file.close()
  }
}

interface Block {
  bytes: Uint8Array
  length: number
}

async function scanFile(file: FileHandle, path: string, options: ScanOptions): Promise<CsvScan> {
  const delimiter = options.delimiter ?? ','
  const blockBytes = options.blockBytes ?? Math.min(BLOCK_BYTES, Math.max(BLOCK_BYTES_MIN, (await file.stat()).size))
  const header = await readHeader(file, path, delimiter.charCodeAt(0))
  const scanner = new CsvScanner(header.names, header.dataLine, delimiter.charCodeAt(0))
  let position = header.dataOffset
  const buffers = [new Uint8Array(HEADROOM + blockBytes + 1), new Uint8Array(HEADROOM + blockBytes + 1)] as const
  const read = async (into: Uint8Array): Promise<Block> => {
    const { bytesRead } = await file.read(into, HEADROOM, blockBytes, position)
    position += bytesRead
    return { bytes: into, length: bytesRead }
  }
  let block = await read(buffers[0])
  let carried = 0
  let end = HEADROOM
  for (let turn = 1; block.length > 0; turn++) {
    options.signal?.throwIfAborted()
    const nextBuffer = turn % 2 === 0 ? buffers[0] : buffers[1]
    const start = position - block.length
    const ahead = read(nextBuffer)
    end = HEADROOM + block.length
    try {
      carried = checkUtf8({ ...block, start, carried, line: scanner.line })
      scanner.push(block.bytes, HEADROOM, end)
    } finally {
      // The next buffer must not be written to after the file is closed.
      await ahead.catch(() => undefined)
    }
    const next = await ahead
    if (next.length === 0) break
    next.bytes.set(block.bytes.subarray(end - HEADROOM, end), 0)
    block = next
  }
  if (carried > 0) throw notUtf8(position - carried, scanner.line)
  scanner.finish(block.bytes, end)
  return toScan(scanner, header, { bytes: position, delimiter })
}

async function readHeader(file: FileHandle, path: string, delimiter: number): Promise<CsvHeader> {
  for (let size = 1 << 16; size <= HEADER_BYTES_MAX; size *= 4) {
    const bytes = new Uint8Array(size)
    let length = 0
    while (length < size) {
      const { bytesRead } = await file.read(bytes, length, size - length, length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    const head = bytes.subarray(0, length)
    checkKind(head, path)
    const header = parseCsvHeader(head, length < size, delimiter)
    if (header === null) continue
    if (header.names.length === 0) throw new TableError('EmptyFile', `${path} is empty: not even a header`)
    if (!isUtf8(head.subarray(0, header.dataOffset))) throw notUtf8(badUtf8At(head.subarray(0, header.dataOffset)), 1)
    return header
  }
  throw new TableError('RecordTooLong', `The header of ${path} is longer than ${HEADER_BYTES_MAX} bytes`, { line: 1 })
}

/** Bytes of a character that is still incomplete at the end. */
function incompleteTail(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number
    if (byte < 0x80) return 0
    if (byte >= 0xc0) return byte >= (back === 1 ? 0xc0 : back === 2 ? 0xe0 : 0xf0) ? back : 0
  }
  return 0
}

/** Throws where the block is not UTF-8; gives the length of a character that continues in the next block. */
function checkUtf8(block: Block & { start: number; carried: number; line: number }): number {
  const bytes = block.bytes.subarray(HEADROOM - block.carried, HEADROOM + block.length)
  const tail = incompleteTail(bytes)
  const whole = bytes.subarray(0, bytes.length - tail)
  if (isUtf8(whole)) return tail
  const at = badUtf8At(whole)
  let { line } = block
  for (let index = block.carried; index < at; index++)
    if (whole[index] === 0x0a || (whole[index] === 0x0d && whole[index + 1] !== 0x0a)) line += 1
  throw notUtf8(block.start - block.carried + at, line)
}

function badUtf8At(bytes: Uint8Array): number {
  let good = 0
  let bad = bytes.length
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    const part = bytes.subarray(0, middle)
    if (isUtf8(part.subarray(0, middle - incompleteTail(part)))) good = middle
    else bad = middle
  }
  const part = bytes.subarray(0, good)
  return good - incompleteTail(part)
}

function notUtf8(offset: number, line: number): TableError {
  return new TableError(
    'NotUtf8',
    `Line ${line} is not UTF-8 (byte ${offset} of the file); save the file as UTF-8, for instance: iconv -f WINDOWS-1252 -t UTF-8`,
    { line },
  )
}

function toScan(
  scanner: CsvScanner,
  header: CsvHeader,
  { bytes, delimiter }: { bytes: number; delimiter: string },
): CsvScan {
  const { tooMany, tooFew, records } = scanner
  const width = header.names.length
  if (tooMany.first && tooMany.count === records) {
    const every = records > 1 ? ' (so has every record: the header lacks a name?)' : ''
    const hint = separatorHint(header.names, delimiter)
    throw new TableError(
      'RaggedRow',
      `Line ${tooMany.first.line} has ${tooMany.first.cells} cells, the header has ${width}${hint === null ? every : `. ${hint}`}`,
      { line: tooMany.first.line },
    )
  }
  const columns = header.names.map((name, index): ScannedColumn => {
    const kinds = scanner.kinds[index] ?? 0
    const firstTextLine = scanner.firstTextLine[index] ?? 0
    return {
      name,
      type: columnType(kinds),
      blanks: scanner.blanks[index] ?? 0,
      firstTextLine: firstTextLine === 0 ? null : firstTextLine,
      leadingZeros: hasLeadingZeros(kinds),
      beyondSafe: isBeyondSafe(kinds),
    }
  })
  const warnings = scanWarnings(columns, { tooMany, tooFew, records }, delimiter)
  return {
    columns,
    records,
    bytes,
    hasBom: header.hasBom,
    delimiter,
    tooMany,
    tooFew,
    warnings,
  }
}

function scanWarnings(
  columns: ScannedColumn[],
  rows: { tooMany: RaggedRows; tooFew: RaggedRows; records: number },
  delimiter: string,
): ScanWarning[] {
  const warnings: ScanWarning[] = []
  const warn = (text: string, column: string | null = null) => void warnings.push({ column, text })
  if (rows.tooMany.first)
    warn(
      `${rows.tooMany.count} record(s) have more cells than the header and will be rejected, the first on line ${rows.tooMany.first.line}`,
    )
  if (rows.tooFew.first)
    warn(
      `${rows.tooFew.count} record(s) have fewer cells than the header and are filled with blanks, the first on line ${rows.tooFew.first.line}`,
    )
  for (const column of columns) {
    if (column.leadingZeros && column.type !== 'string')
      warn(`Column '${column.name}' is read as numbers; leading zeros are lost`, column.name)
    if (column.beyondSafe && column.type === 'float')
      warn(
        `Column '${column.name}' holds integers beyond 2^53 and is read as float; their last digits are lost`,
        column.name,
      )
  }
  const hint = separatorHint(
    columns.map(({ name }) => name),
    delimiter,
  )
  if (hint !== null) warn(hint)
  return warnings
}

const separators: Record<string, string> = { ';': 'semicolons', '\t': 'tabs', '|': 'bars' }

/** What a header of one column seems to be separated by, when it is not the delimiter. */
function separatorHint(names: readonly string[], delimiter: string): string | null {
  const [only = ''] = names
  const other =
    names.length === 1 ? Object.keys(separators).find((it) => it !== delimiter && only.includes(it)) : undefined
  if (other === undefined) return null
  const wanted = delimiter === ',' ? 'commas' : `'${delimiter}'`
  return `The header is one column, '${only}': are its cells separated by ${separators[other]}? Only ${wanted} separate them here`
}
