/**
 * A JSON file as records, in bounded memory:
 * - one value a line: each line is a record, blank lines are skipped, a line that is no JSON is rejected and the next one goes on;
 * - the whole file is one line with an array: one record (a list), or rows;
 * - the first line alone is not JSON, but begins a document: an array gives its elements as rows, anything else is one record.
 */
import { TableError } from '../table-error.ts'
import { ArrayRows } from './array-rows.ts'
import { explainJson, parseJson } from './parse-json.ts'

interface JsonRecord {
  record: unknown
  /** undefined where the record could be read. */
  problem?: { reason: string; raw: string }
  line: number
}

export interface ReadJsonOptions {
  /** What an array that is the whole file means. null: a one-line array is a record, a pretty-printed one rows. */
  arrayInput: 'record' | 'rows' | null
  /** What a one-line array means where arrayInput does not say. */
  oneLineArray?: 'record' | 'rows'
  blockBytes?: number
}

/** Reads at a position; gives the bytes read. */
export type ReadAt = (into: Buffer, position: number) => number

const BLOCK_BYTES = 1 << 18
/** A document other than an array is held whole; above this a broken first line is the likelier story. */
const DOCUMENT_BYTES_MAX = 256 << 20
const RAW_CHARACTERS_MAX = 64 * 1024
/** How the first line of a pretty-printed array ends. */
const BREAK = /[[{,:]$/

export interface JsonReading {
  records: Generator<JsonRecord, void, undefined>
  bytesRead(): number
}

export function readJson(read: ReadAt, options: ReadJsonOptions): JsonReading {
  const blockBytes = options.blockBytes ?? BLOCK_BYTES
  let reached = 0
  const counted: ReadAt = (into, position) => {
    const count = read(into, position)
    reached = Math.max(reached, position + count)
    return count
  }
  return { records: records({ read: counted, blockBytes }, options), bytesRead: () => reached }
}

interface Source {
  read: ReadAt
  blockBytes: number
}

interface Line {
  bytes: Buffer
  number: number
}

function* lines(source: Source): Generator<Line, void, undefined> {
  const block = Buffer.allocUnsafe(source.blockBytes)
  let position = startOf(source)
  let rest: Buffer[] = []
  let number = 0
  for (;;) {
    const count = source.read(block, position)
    if (count === 0) break
    position += count
    let from = 0
    for (let end = block.indexOf(0x0a); end !== -1 && end < count; end = block.indexOf(0x0a, from)) {
      number += 1
      const piece = block.subarray(from, end)
      yield { bytes: rest.length === 0 ? piece : Buffer.concat([...rest, piece]), number }
      rest = []
      from = end + 1
    }
    if (from < count) rest.push(Buffer.from(block.subarray(from, count)))
  }
  if (rest.length > 0) yield { bytes: Buffer.concat(rest), number: number + 1 }
}

/** Behind a byte order mark. */
function startOf(source: Source): number {
  const head = Buffer.alloc(3)
  return source.read(head, 0) === 3 && head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new TypeError('not UTF-8')
  }
}

function* records(source: Source, options: ReadJsonOptions): Generator<JsonRecord, void, undefined> {
  const start = firstLine(source)
  if (start === null) return
  const { first, isOnly } = start
  if (first.problem) {
    yield* documentOrLines(source, start.text, options)
    return
  }
  if (Array.isArray(first.record) && isOnly) {
    const meaning = options.arrayInput ?? options.oneLineArray ?? 'record'
    if (meaning === 'record') yield first
    else for (const record of first.record) yield { record, line: first.line }
    return
  }
  yield* lineRecords(source)
}

function firstLine(source: Source): { first: JsonRecord; text: string; isOnly: boolean } | null {
  let found: { first: JsonRecord; text: string } | null = null
  for (const line of lines(source)) {
    if (isBlank(line.bytes)) continue
    if (found) return { ...found, isOnly: false }
    found = { first: lineRecord(line), text: line.bytes.toString('utf8').trim() }
  }
  return found && { ...found, isOnly: true }
}

function* lineRecords(source: Source): Generator<JsonRecord, void, undefined> {
  for (const line of lines(source)) if (!isBlank(line.bytes)) yield lineRecord(line)
}

function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false
  return true
}

function lineRecord({ bytes, number }: Line): JsonRecord {
  let text: string | null = null
  try {
    text = decode(bytes)
    return { record: parseJson(text), line: number }
  } catch (error) {
    const raw = (text ?? bytes.toString('utf8')).trim().slice(0, RAW_CHARACTERS_MAX)
    return { record: undefined, line: number, problem: { reason: `not JSON: ${explainJson(error, text ?? '')}`, raw } }
  }
}

function* documentOrLines(
  source: Source,
  first: string,
  options: ReadJsonOptions,
): Generator<JsonRecord, void, undefined> {
  if (first.startsWith('[') && BREAK.test(first) && options.arrayInput !== 'record') {
    const rows = arrayRecords(source)
    const { value, done } = rows.next()
    // Not one element: it was no array after all, but a bad first line.
    if (value !== 'no array') {
      if (!done) yield value
      yield* rows as Generator<JsonRecord, void, undefined>
      return
    }
  }
  const whole = first.startsWith('{') || first.startsWith('[') ? wholeDocument(source) : undefined
  if (whole === undefined) {
    yield* lineRecords(source)
    return
  }
  const isRows = Array.isArray(whole.value) && options.arrayInput !== 'record'
  if (isRows) for (const record of whole.value as unknown[]) yield { record, line: 1 }
  else yield { record: whole.value, line: 1 }
}

/** The elements of an array over many lines, a block at a time. */
function* arrayRecords(source: Source): Generator<JsonRecord, 'no array' | undefined, undefined> {
  const rows = new ArrayRows()
  const block = Buffer.allocUnsafe(source.blockBytes)
  let position = startOf(source)
  let found = 0
  try {
    for (;;) {
      const count = source.read(block, position)
      position += count
      for (const row of rows.push(block.subarray(0, count), count === 0)) {
        found += 1
        yield row
      }
      if (count === 0 && rows.broken === null) return undefined
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    if (found === 0) return 'no array'
    throw new TableError('NotJson', `The array breaks after record ${found} (line ${rows.line}): ${error.message}`, {
      line: rows.line,
    })
  }
}

function wholeDocument(source: Source): { value: unknown } | undefined {
  const parts: Buffer[] = []
  let position = startOf(source)
  for (;;) {
    const block = Buffer.allocUnsafe(source.blockBytes)
    const count = source.read(block, position)
    if (count === 0) break
    position += count
    if (position > DOCUMENT_BYTES_MAX) return undefined
    parts.push(block.subarray(0, count))
  }
  try {
    return { value: parseJson(decode(Buffer.concat(parts))) }
  } catch {
    return undefined
  }
}
