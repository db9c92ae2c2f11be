/**
 * The shape of a CSV file and the kinds of its cells, byte by byte.
 *
 * Rules (RFC 4180, and where it is silent what Python's csv module and pandas do): a quote opens only at the start of a cell
 * and is a character anywhere else; `""` inside quotes is one quote; text after a closing quote belongs to the cell; LF, CRLF
 * and a lone CR end a record; lines that are empty or hold only blanks are no records; a record with fewer cells than the
 * header is filled with blanks, one with more is rejected (and takes no part in the column types).
 *
 * Life: `push` for each block in order, then `finish`. A block stands in a buffer with at least HEADROOM bytes before it that
 * hold the end of the block before, and one writable byte after it. State between blocks is a few numbers.
 */
import { TableError } from '../table-error.ts'
import { CELL, type CellAutomaton, cellAutomaton, STOP } from './cell-automaton.ts'

export const HEADROOM = 64

const LF = 0x0a
const CR = 0x0d
const QUOTE = 0x22

/** Beyond 2^53: a JavaScript number cannot hold it exactly. */
export const BEYOND_SAFE = 128
/** Beyond int64, within uint64. */
export const BEYOND_INT64 = 256
/** Beyond uint64. */
export const BEYOND_UINT64 = 512

export interface RaggedRows {
  count: number
  first: { line: number; record: number; cells: number } | null
}

export class CsvScanner {
  readonly names: readonly string[]
  /** Union of cell kinds over the file, by column. */
  readonly kinds: Uint16Array
  /** Line of the first text cell, by column; 0: none. */
  readonly firstTextLine: Float64Array
  readonly blanks: Float64Array
  records = 0
  line: number
  readonly tooMany: RaggedRows = { count: 0, first: null }
  readonly tooFew: RaggedRows = { count: 0, first: null }

  readonly #automaton: CellAutomaton
  readonly #delimiter: number
  readonly #rowKinds: Uint16Array
  #isQuoted = false
  /** A quote was the last byte of the block: closing, or the first of two. */
  #isAfterQuote = false
  #state: number
  #cell = 0
  #cellLength = 0
  #wasQuoted = false
  #quoteLine = 0
  #recordLine: number

  constructor(names: readonly string[], line: number, delimiter: number) {
    this.names = names
    this.kinds = new Uint16Array(names.length)
    this.firstTextLine = new Float64Array(names.length)
    this.blanks = new Float64Array(names.length)
    this.#rowKinds = new Uint16Array(names.length)
    this.#automaton = cellAutomaton(delimiter)
    this.#delimiter = delimiter
    this.#state = this.#automaton.start
    this.line = line
    this.#recordLine = line
  }

  push(bytes: Uint8Array, from: number, to: number): void {
    const { bare, start } = this.#automaton
    const delimiter = this.#delimiter
    bytes[to] = LF
    let at = from
    let cellStart = from - this.#cellLength
    let state = this.#state
    for (;;) {
      if (this.#isQuoted) {
        at = this.#skipQuoted(bytes, at, to, state)
        state = this.#state
        if (at === to) break
      }
      for (let next = 0; ; at++) {
        next = bare[(state << 8) | (bytes[at] as number)] as number
        if (next === STOP) break
        state = next
      }
      if (at === to) break
      const byte = bytes[at]
      if (byte === delimiter) {
        this.#endCell(state, bytes, cellStart, at)
        this.#cell += 1
      } else if (byte === QUOTE) {
        this.#openQuote()
        at += 1
        continue
      } else if (byte === 0) throw this.#nulByte()
      // The second half of a CRLF ends nothing.
      else if (byte !== LF || bytes[at - 1] !== CR) this.#endLine(state, bytes, cellStart, at)
      at += 1
      cellStart = at
      state = start
    }
    this.#state = state
    this.#cellLength = to - cellStart
  }

  #openQuote(): void {
    this.#isQuoted = true
    this.#wasQuoted = true
    this.#quoteLine = this.line
  }

  /** From inside quotes to behind the closing one, or to the end of the block; leaves the cell's state in #state. */
  #skipQuoted(bytes: Uint8Array, from: number, to: number, before: number): number {
    const { quoted, lineEnd, text } = this.#automaton
    let at = from
    let state = before
    if (this.#isAfterQuote) {
      // The block before ended with a quote: the first byte of this one says which.
      this.#isAfterQuote = false
      if (bytes[at] !== QUOTE) return this.#closeQuote(at, state)
      state = text
      at += 1
    }
    for (;;) {
      for (let next = 0; ; at++) {
        next = quoted[(state << 8) | (bytes[at] as number)] as number
        if (next === STOP) break
        state = next
      }
      if (at === to) break
      const byte = bytes[at]
      if (byte === 0) throw this.#nulByte()
      at += 1
      if (byte !== QUOTE) {
        if (byte === CR || bytes[at - 2] !== CR) this.line += 1
        state = lineEnd[state] as number
        continue
      }
      if (at === to) {
        this.#isAfterQuote = true
        break
      }
      if (bytes[at] !== QUOTE) return this.#closeQuote(at, state)
      at += 1
      state = text
    }
    this.#state = state
    return at
  }

  #closeQuote(at: number, state: number): number {
    this.#isQuoted = false
    this.#state = state
    return at
  }

  /** `bytes` and `to` as in the last push: the last record may lack its line end. */
  finish(bytes: Uint8Array, to: number): void {
    if (this.#isQuoted && !this.#isAfterQuote) throw this.#unclosedQuote()
    this.#isQuoted = false
    this.#isAfterQuote = false
    if (this.#cell > 0 || this.#cellLength > 0 || this.#wasQuoted)
      this.#endLine(this.#state, bytes, to - this.#cellLength, to)
  }

  #endCell(state: number, bytes: Uint8Array, from: number, to: number): void {
    this.#wasQuoted = false
    if (this.#cell >= this.#rowKinds.length) return
    let kind = this.#automaton.kinds[state] as number
    if ((kind & CELL.integer) !== 0 && to - from >= 16) kind |= integerSize(bytes, from, to)
    this.#rowKinds[this.#cell] = kind
  }

  #endLine(state: number, bytes: Uint8Array, from: number, to: number): void {
    const { start, whitespace } = this.#automaton
    const isBlank = this.#cell === 0 && !this.#wasQuoted && (state === start || state === whitespace)
    if (!isBlank) {
      this.#endCell(state, bytes, from, to)
      this.#endRecord()
    }
    this.#wasQuoted = false
    this.#cell = 0
    this.line += 1
    this.#recordLine = this.line
  }

  #endRecord(): void {
    this.records += 1
    const { kinds } = this
    const row = this.#rowKinds
    const width = row.length
    const cells = this.#cell + 1
    if (cells > width) {
      this.#note(this.tooMany, cells)
      return
    }
    if (cells < width) {
      this.#note(this.tooFew, cells)
      row.fill(CELL.blank, cells)
    }
    for (let index = 0; index < width; index++) {
      const kind = row[index] as number
      const before = kinds[index] as number
      if (kind === CELL.blank) this.blanks[index] = (this.blanks[index] as number) + 1
      if ((before & kind) === kind) continue
      if (kind === CELL.text) this.firstTextLine[index] = this.#recordLine
      kinds[index] = before | kind
    }
  }

  #note(ragged: RaggedRows, cells: number): void {
    ragged.count += 1
    ragged.first ??= { line: this.#recordLine, record: this.records, cells }
  }

  #nulByte(): TableError {
    const column = this.names[this.#cell] ?? null
    return new TableError(
      'NulByte',
      `Line ${this.line} holds a NUL byte${column === null ? '' : ` in column '${column}'`}`,
      {
        line: this.line,
        column,
      },
    )
  }

  #unclosedQuote(): TableError {
    const column = this.names[this.#cell] ?? null
    const where = column === null ? '' : ` in column '${column}'`
    return new TableError('UnclosedQuote', `The quote opened on line ${this.#quoteLine}${where} is never closed`, {
      line: this.#quoteLine,
      column,
    })
  }
}

function integerSize(bytes: Uint8Array, from: number, to: number): number {
  let digits = ''
  let isNegative = false
  for (let at = Math.max(from, to - HEADROOM, 0); at < to; at++) {
    const byte = bytes[at] as number
    if (byte === 0x2d) isNegative = true
    else if (byte >= 0x30 && byte <= 0x39 && (digits !== '' || byte !== 0x30)) digits += String.fromCharCode(byte)
  }
  if (digits.length < 16) return 0
  if (digits.length > 20) return BEYOND_SAFE | BEYOND_UINT64
  const value = BigInt(digits)
  if (isNegative ? value > 2n ** 63n : value > 2n ** 64n - 1n) return BEYOND_SAFE | BEYOND_UINT64
  if (!isNegative && value > 2n ** 63n - 1n) return BEYOND_SAFE | BEYOND_INT64
  return value > 2n ** 53n - 1n ? BEYOND_SAFE : 0
}
