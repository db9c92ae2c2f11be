/**
 * CSV bytes to typed records, a block at a time, for JavaScript models. The rules of structure are those of csv-scanner.ts, the
 * rules of typing those of csv-cells.ts.
 *
 * The hot path is written for the optimizing compiler: one function per column type that reads numbers without making a
 * string, an object literal generated from the column names (one hidden class for all records), strings of a column that
 * repeat are the same string object. A record that ends behind the block is taken back and read again with the next one.
 */

import type { CsvBatch, CsvColumn } from './csv-batch.ts'
import { type CellValue, cellByItself, guessCell, isBlankWord, parseCell } from './csv-cells.ts'
import { TextCache } from './text-cache.ts'

const LF = 0x0a
const CR = 0x0d
const QUOTE = 0x22
const MINUS = 0x2d
const POINT = 0x2e
const RAW_BYTES_MAX = 64 * 1024
const DIGITS_MAX = 15
const POWERS = Array.from({ length: DIGITS_MAX + 1 }, (_, exponent) => 10 ** exponent)
/** V8 copies a part of a string up to this length, and slices longer ones. */
const COPY_MAX = 12

/** `return {"id":cells.string(0),"amount":cells.float(1)}` with constant keys. */
function compileRecord(columns: readonly CsvColumn[], cells: CsvParser): () => Record<string, CellValue> {
  // A computed key keeps `__proto__` a plain field.
  const key = (name: string) => (name === '__proto__' ? '["__proto__"]' : JSON.stringify(name))
  const fields = columns.map(({ name, type }, index) => `${key(name)}:cells.${type}(${index})`)
  return new Function('cells', `return () => ({${fields.join(',')}})`)(cells)
}

const blankOr = (text: string): string | null => (isBlankWord(text) ? null : text)

const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')

/** `true` or `false`, in any case. */
function spells(bytes: Buffer, from: number, length: number): boolean {
  const word = length === 4 ? TRUE : FALSE
  for (let index = 0; index < length; index++)
    if (((bytes[from + index] as number) | 0x20) !== word[index]) return false
  return true
}

export class CsvParser {
  readonly #columns: readonly CsvColumn[]
  readonly #delimiter: number
  readonly #caches: (TextCache | null)[]
  readonly #readRecord: () => Record<string, CellValue>
  #bytes: Buffer = Buffer.alloc(1)
  #latin = ''
  #latinFrom = 0
  #at = 0
  #to = 0
  #isLast = false
  #line: number
  #isRecordEnd = false
  #isCut = false
  #isUnclosed = false

  constructor(columns: readonly CsvColumn[], delimiter = ',', firstLine = 2) {
    this.#columns = columns
    this.#delimiter = delimiter.charCodeAt(0)
    this.#caches = columns.map(({ type }) => (type === 'string' ? new TextCache() : null))
    this.#line = firstLine
    this.#readRecord = compileRecord(columns, this)
  }

  /** Line of the next record. */
  get line(): number {
    return this.#line
  }

  /** Reads up to `max` records from `bytes[from…to)`, where `bytes[to]` must be writable; gives the offset behind the last one. */
  parse(batch: CsvBatch, bytes: Buffer, range: { from: number; to: number; isLast: boolean; max: number }): number {
    if (bytes !== this.#bytes || range.from !== this.#at || range.to !== this.#to) {
      this.#latin = bytes.toString('latin1', range.from, range.to)
      this.#latinFrom = range.from
    }
    this.#bytes = bytes
    this.#at = range.from
    this.#to = range.to
    this.#isLast = range.isLast
    this.#isCut = false
    bytes[range.to] = LF
    for (let count = 0; count < range.max && this.#at < range.to; count++)
      if (!this.#skipBlankLines() || !this.#parseRow(batch)) break
    return this.#at
  }

  /** Leaves the cell whose end is `end`: a delimiter, a line end, or the end of the block. */
  #leave(end: number): void {
    const bytes = this.#bytes
    const delimiter = this.#delimiter
    const byte = bytes[end]
    if (byte === delimiter && end < this.#to) {
      this.#at = end + 1
      return
    }
    this.#isRecordEnd = true
    this.#at = end
    if (end >= this.#to) this.#isCut = !this.#isLast
    else if (byte === LF) this.#at = end + 1
    else if (end + 1 < this.#to) this.#at = end + (bytes[end + 1] === LF ? 2 : 1)
    else if (this.#isLast) this.#at = end + 1
    else this.#isCut = true
  }

  #bareEnd(from: number): number {
    const bytes = this.#bytes
    const delimiter = this.#delimiter
    let end = from
    for (;;) {
      const byte = bytes[end] as number
      if (byte === delimiter || byte === LF || byte === CR) return end
      end += 1
    }
  }

  /** A cell that starts with a quote. */
  #quotedText(): string {
    const bytes = this.#bytes
    let text = ''
    let end = this.#at + 1
    for (;;) {
      const close = bytes.indexOf(QUOTE, end)
      if (close === -1 || close >= this.#to) {
        this.#isCut = !this.#isLast
        this.#isRecordEnd = true
        this.#isUnclosed = true
        text += bytes.toString('utf8', end, this.#to)
        this.#at = this.#to
        return text
      }
      this.#countLines(end, close)
      text += bytes.toString('utf8', end, close)
      end = close + 1
      if (end >= this.#to && !this.#isLast) {
        this.#isCut = true
        this.#isRecordEnd = true
        return text
      }
      if (bytes[end] !== QUOTE || end >= this.#to) break
      text += '"'
      end += 1
    }
    const rest = this.#bareEnd(end)
    if (rest > end) text += bytes.toString('utf8', end, rest)
    this.#leave(rest)
    return text
  }

  #countLines(from: number, end: number): void {
    const bytes = this.#bytes
    for (let index = from; index < end; index++) {
      const byte = bytes[index]
      if (byte === LF || (byte === CR && bytes[index + 1] !== LF)) this.#line += 1
    }
  }

  #cellText(): string {
    const bytes = this.#bytes
    if (bytes[this.#at] === QUOTE) return this.#quotedText()
    const end = this.#bareEnd(this.#at)
    const text = bytes.toString('utf8', this.#at, end)
    this.#leave(end)
    return text
  }

  /** What the fast paths did not take. */
  #anyCell(column: number): CellValue {
    const { type } = this.#columns[column] as CsvColumn
    const text = this.#cellText()
    if (type === 'cell') return guessCell(text)
    const value = parseCell(text, type)
    return value === undefined ? cellByItself(text) : value
  }

  #number(column: number): CellValue {
    const bytes = this.#bytes
    const delimiter = this.#delimiter
    if (this.#isRecordEnd) return null
    let end = this.#at
    let byte = bytes[end] as number
    const isNegative = byte === MINUS
    if (isNegative) byte = bytes[++end] as number
    const digitsFrom = end
    let mantissa = 0
    for (let digit = byte - 48; digit >= 0 && digit <= 9; digit = byte - 48) {
      mantissa = mantissa * 10 + digit
      byte = bytes[++end] as number
    }
    let digits = end - digitsFrom
    let scale = 0
    if (byte === POINT) {
      const pointAt = end
      byte = bytes[++end] as number
      for (let digit = byte - 48; digit >= 0 && digit <= 9; digit = byte - 48) {
        mantissa = mantissa * 10 + digit
        byte = bytes[++end] as number
      }
      scale = end - pointAt - 1
      digits += scale
    }
    const isEnd = byte === delimiter || byte === LF || byte === CR
    if (isEnd && digits > 0 && digits <= DIGITS_MAX) {
      this.#leave(end)
      const value = scale === 0 ? mantissa : mantissa / (POWERS[scale] as number)
      return isNegative ? -value : value
    }
    if (isEnd && end === this.#at) {
      this.#leave(end)
      return null
    }
    return this.#anyCell(column)
  }

  float(column: number): CellValue {
    return this.#number(column)
  }

  integer(column: number): CellValue {
    const value = this.#number(column)
    // Never -0.
    return value === 0 ? 0 : value
  }

  cell(column: number): CellValue {
    return this.#isRecordEnd ? null : this.#anyCell(column)
  }

  boolean(column: number): CellValue {
    if (this.#isRecordEnd) return null
    const bytes = this.#bytes
    const from = this.#at
    const letter = (bytes[from] as number) | 0x20
    const length = letter === 0x74 ? 4 : 5
    const end = from + length
    const byte = bytes[end]
    if (end <= this.#to && (byte === this.#delimiter || byte === LF || byte === CR) && spells(bytes, from, length)) {
      this.#leave(end)
      return length === 4
    }
    return this.#anyCell(column)
  }

  string(column: number): CellValue {
    if (this.#isRecordEnd) return null
    const bytes = this.#bytes
    const delimiter = this.#delimiter
    const isQuoted = bytes[this.#at] === QUOTE
    const closing = isQuoted ? QUOTE : delimiter
    const from = isQuoted ? this.#at + 1 : this.#at
    let byte = bytes[from] as number
    let end = from
    let hash = 0
    let bits = 0
    while (byte !== closing && byte !== LF && byte !== CR) {
      hash = (Math.imul(hash, 31) + byte) | 0
      bits |= byte
      byte = bytes[++end] as number
    }
    if (isQuoted) {
      const after = bytes[end + 1]
      const isPlain = byte === QUOTE && end + 1 < this.#to && (after === delimiter || after === LF || after === CR)
      if (!isPlain) return blankOr(this.#quotedText())
      this.#leave(end + 1)
    } else this.#leave(end)
    const length = end - from
    if (length === 0) return null
    if (bits >= 0x80) return bytes.toString('utf8', from, end)
    const cache = this.#caches[column] as TextCache
    if (!cache.holds(length)) return blankOr(this.#plainText(from, end))
    const met = cache.find(bytes, from, length, hash)
    if (met !== null) return met
    const text = blankOr(this.#plainText(from, end))
    if (text !== null) cache.keep(bytes, from, text, hash)
    return text
  }

  /** Copies of at most 12 characters are not slices: a slice would keep its whole block alive in a model that remembers it. */
  #plainText(from: number, end: number): string {
    const latin = this.#latin
    const start = from - this.#latinFrom
    const length = end - from
    if (length <= COPY_MAX) return latin.substring(start, start + length)
    if (length > 2 * COPY_MAX) return this.#bytes.toString('latin1', from, end)
    return latin.substring(start, start + COPY_MAX) + latin.substring(start + COPY_MAX, start + length)
  }

  /** Past lines that are empty or hold only blanks. False: nothing but those, or not known yet. */
  #skipBlankLines(): boolean {
    const bytes = this.#bytes
    const delimiter = this.#delimiter
    for (;;) {
      let end = this.#at
      while ((bytes[end] === 0x20 || bytes[end] === 0x09) && bytes[end] !== delimiter) end += 1
      if (end >= this.#to) return !this.#isLast && end > this.#at ? this.#cut() : false
      const byte = bytes[end]
      if (byte !== LF && byte !== CR) return true
      if (byte === CR && end + 1 >= this.#to && !this.#isLast) return this.#cut()
      this.#at = byte === CR && end + 1 < this.#to && bytes[end + 1] === LF ? end + 2 : end + 1
      this.#line += 1
    }
  }

  #cut(): boolean {
    this.#isCut = true
    return false
  }

  /** Reads over what stands behind the last column; gives the number of cells. */
  #skipSurplus(): number {
    let cells = this.#columns.length
    while (!this.#isRecordEnd) {
      this.#cellText()
      cells += 1
    }
    return cells
  }

  #parseRow(batch: CsvBatch): boolean {
    const from = this.#at
    const fromLine = this.#line
    this.#isRecordEnd = false
    this.#isUnclosed = false
    const record = this.#readRecord()
    let surplus = 0
    if (!this.#isRecordEnd) surplus = this.#skipSurplus()
    if (this.#isCut) {
      this.#at = from
      this.#line = fromLine
      return false
    }
    this.#line += 1
    batch.lines.push(fromLine)
    if (surplus === 0 && !this.#isUnclosed) {
      batch.records.push(record)
      return true
    }
    batch.rejects.push({
      index: batch.records.length,
      reason: this.#explain(surplus),
      raw: this.#rawText(from, this.#at),
    })
    batch.records.push(undefined)
    return true
  }

  #explain(surplus: number): string {
    if (this.#isUnclosed) return 'a quote is opened and never closed'
    return `${surplus} cells where the header has ${this.#columns.length}`
  }

  #rawText(from: number, end: number): string {
    const bytes = this.#bytes
    let last = end
    while (last > from && (bytes[last - 1] === LF || bytes[last - 1] === CR)) last -= 1
    return bytes.toString('utf8', from, Math.min(last, from + RAW_BYTES_MAX))
  }
}
