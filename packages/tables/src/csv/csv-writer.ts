/**
 * Values to CSV bytes: UTF-8, LF, cells quoted only where they must be (Python's csv.QUOTE_MINIMAL), numbers as number-text.ts spells
 * them, `true`/`false`, a missing value is blank, a list or object inside a cell is its JSON text. A value that is no object goes
 * to the column `output`. Columns are those given, else the keys of the first value.
 *
 * Life: `write` for each value, `flush` when the bytes must be out. A value that is refused leaves nothing behind.
 */
import { toJsonLine, toPlain } from '../json/plain.ts'
import { writeNumber } from '../number-text.ts'
import { TableError } from '../table-error.ts'

const SCALAR_COLUMN = 'output'

export type Sink = (bytes: Uint8Array) => void

const BLOCK_BYTES = 1 << 18
const LF = 0x0a
const QUOTE = 0x22
const COMMA = 0x2c
const NUMBER_BYTES_MAX = 32

export class CsvWriter {
  readonly #sink: Sink
  #columns: readonly string[] | null
  #bytes = Buffer.allocUnsafe(BLOCK_BYTES)
  #rowAt = 0
  #at = 0

  constructor(sink: Sink, columns: readonly string[] | null = null) {
    this.#sink = sink
    this.#columns = null
    if (columns !== null) this.#begin(columns)
  }

  /** Throws TableError CannotEncode when the value has no form as a row. */
  write(value: unknown): void {
    try {
      if (!this.#writeFitting(value)) this.#writeSlowly(value)
    } catch (error) {
      this.#at = this.#rowAt
      throw error
    }
    this.#endRow()
  }

  flush(): void {
    if (this.#rowAt > 0) this.#sink(this.#bytes.subarray(0, this.#rowAt))
    this.#bytes.copyWithin(0, this.#rowAt, this.#at)
    this.#at -= this.#rowAt
    this.#rowAt = 0
  }

  #begin(columns: readonly string[]): void {
    this.#columns = columns
    for (const [index, name] of columns.entries()) {
      if (index > 0) this.#bytes[this.#at++] = COMMA
      this.#text(name)
    }
    this.#endRow()
  }

  #endRow(): void {
    this.#room(1)
    this.#bytes[this.#at++] = LF
    this.#rowAt = this.#at
  }

  /** The usual case: a plain object with exactly the columns, in their order. False, with nothing written: it is not. */
  #writeFitting(value: unknown): boolean {
    const columns = this.#columns
    if (columns === null || typeof value !== 'object' || value === null || Array.isArray(value)) return false
    if (Object.getPrototypeOf(value) !== Object.prototype) return false
    let index = 0
    let isFitting = true
    for (const key in value) {
      isFitting = key === columns[index]
      if (!isFitting) break
      this.#cell((value as Record<string, unknown>)[key], index)
      index += 1
    }
    if (isFitting && index === columns.length) return true
    this.#at = this.#rowAt
    return false
  }

  #writeSlowly(value: unknown): void {
    const isRow = typeof value === 'object' && value !== null && !Array.isArray(value)
    const plain = isRow ? toPlain(value) : value
    const record = new Map(
      typeof plain === 'object' && plain !== null && !Array.isArray(plain)
        ? Object.entries(plain)
        : [[SCALAR_COLUMN, plain]],
    )
    if (this.#columns === null) {
      if (record.size === 0) throw new TableError('CannotEncode', 'an object without fields makes no CSV row')
      this.#begin([...record.keys()])
    }
    const columns = this.#columns ?? []
    for (const key of record.keys())
      if (!columns.includes(key))
        throw new TableError(
          'CannotEncode',
          `'${key}' is not among the output's columns: ${columns.join(', ').slice(0, 500)}`,
          { column: key },
        )
    for (const [index, name] of columns.entries()) this.#cell(record.get(name), index)
  }

  #cell(value: unknown, index: number): void {
    if (index > 0) {
      this.#room(1)
      this.#bytes[this.#at++] = COMMA
    }
    if (typeof value === 'string') this.#text(value)
    else if (typeof value === 'number') this.#number(value, index)
    else if (value === null || value === undefined) this.#text('')
    else if (typeof value === 'boolean') this.#text(value ? 'true' : 'false')
    else {
      const plain = toPlain(value, this.#columns?.[index] ?? '')
      this.#text(typeof plain === 'string' ? plain : toJsonLine(plain))
    }
  }

  #number(value: number, index: number): void {
    if (!Number.isFinite(value)) toPlain(value, this.#columns?.[index] ?? '')
    this.#room(NUMBER_BYTES_MAX)
    this.#at = writeNumber(this.#bytes, this.#at, value)
  }

  #text(value: string): void {
    const { length } = value
    this.#room(length)
    const bytes = this.#bytes
    const from = this.#at
    let at = from
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index)
      if (code >= 0x80 || code === COMMA || code === QUOTE || code === LF || code === 0x0d) {
        this.#anyText(value)
        return
      }
      bytes[at++] = code
    }
    // A single cell that is blank would read back as an empty line.
    if (this.#columns?.length === 1 && value.trim() === '') this.#utf8(`"${value}"`)
    else this.#at = at
  }

  #anyText(value: string): void {
    if (!value.isWellFormed())
      throw new TableError('CannotEncode', 'the text holds half of a character, which UTF-8 cannot write')
    const isBare = !/[",\r\n]/.test(value) && !(this.#columns?.length === 1 && value.trim() === '')
    this.#utf8(isBare ? value : `"${value.replaceAll('"', '""')}"`)
  }

  #utf8(text: string): void {
    this.#room(text.length * 3)
    this.#at += this.#bytes.write(text, this.#at, 'utf8')
  }

  /** Room for so many bytes more: earlier rows go out, a row that is too long gets a bigger block. */
  #room(count: number): void {
    if (this.#at + count <= this.#bytes.length) return
    this.flush()
    if (this.#at + count <= this.#bytes.length) return
    const bigger = Buffer.allocUnsafe((this.#at + count) * 2)
    this.#bytes.copy(bigger, 0, 0, this.#at)
    this.#bytes = bigger
  }
}
