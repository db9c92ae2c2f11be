import { TableError } from '../table-error.ts'
import { explainJson, parseJson } from './parse-json.ts'

/** As for a document: above this a value that never ends is the likelier story. */
const ELEMENT_CHARACTERS_MAX = 128 << 20

export interface ArrayRow {
  record: unknown
  line: number
}

/**
 * The elements of one JSON array that comes in pieces. Finds where an element ends by its brackets and quotes, and leaves the rest to
 * JSON.parse. Throws SyntaxError where the array breaks, TableError where it is no text.
 */
export class ArrayRows {
  line = 1
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  #text = ''
  #at = 0
  /** An element that goes on is looked at again when twice as much of it is there. */
  #waitFor = 0
  #state: 'start' | 'first' | 'element' | 'comma' | 'end' = 'start'

  /** Where the array broke after the rows that the last push gave; thrown by the next push. */
  broken: SyntaxError | null = null

  push(bytes: Buffer, isLast: boolean): ArrayRow[] {
    if (this.broken) throw this.broken
    const rows: ArrayRow[] = []
    try {
      this.#read(bytes, isLast, rows)
    } catch (error) {
      if (!(error instanceof SyntaxError) || rows.length === 0) throw error
      this.broken = error
    }
    return rows
  }

  #read(bytes: Buffer, isLast: boolean, rows: ArrayRow[]): void {
    this.#text = this.#text.slice(this.#at) + this.#decode(bytes, isLast)
    this.#at = 0
    if (this.#text.length < this.#waitFor && !isLast) return
    this.#waitFor = 0
    for (;;) {
      this.#skipBlanks()
      const character = this.#text[this.#at]
      if (character === undefined) break
      if (this.#state === 'end') throw new SyntaxError('text after the end of the array')
      if (this.#state === 'start') this.#take('[', character, 'first')
      else if (this.#state !== 'element' && character === ']') this.#take(']', character, 'end')
      else if (this.#state === 'comma') this.#take(',', character, 'element')
      else {
        const row = this.#element(isLast)
        if (row === null) return
        rows.push(row)
      }
    }
    if (isLast && this.#state !== 'end') throw new SyntaxError('the array is never closed')
  }

  #decode(bytes: Buffer, isLast: boolean): string {
    try {
      return this.#decoder.decode(bytes, { stream: !isLast })
    } catch {
      const place = `at line ${this.line} or soon after it`
      throw new TableError('NotUtf8', `The file is not UTF-8, ${place}; save the file as UTF-8`, { line: this.line })
    }
  }

  #element(isLast: boolean): ArrayRow | null {
    const end = elementEnd(this.#text, this.#at)
    if (end === this.#text.length && !isLast) {
      const length = end - this.#at
      if (length > ELEMENT_CHARACTERS_MAX)
        throw new SyntaxError(
          `a value is longer than ${ELEMENT_CHARACTERS_MAX >> 20} MiB: is a quote or bracket never closed?`,
        )
      this.#waitFor = length * 2
      return null
    }
    const text = this.#text.slice(this.#at, end)
    if (text === '') throw new SyntaxError(`a value expected, '${this.#text[end] ?? 'the end'}' found`)
    const row = { record: parseElement(text), line: this.line }
    this.line += text.split('\n').length - 1
    this.#at = end
    this.#state = 'comma'
    return row
  }

  #take(expected: string, found: string, next: 'first' | 'element' | 'end'): void {
    if (found !== expected) throw new SyntaxError(`'${expected}' expected, '${found}' found`)
    this.#at += 1
    this.#state = next
  }

  #skipBlanks(): void {
    for (;;) {
      const character = this.#text[this.#at]
      if (character === '\n') this.line += 1
      else if (character !== ' ' && character !== '\t' && character !== '\r') return
      this.#at += 1
    }
  }
}

function parseElement(text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    throw new SyntaxError(explainJson(error, text))
  }
}

/** Where the value at `from` ends; the text's length when it may go on. */
function elementEnd(text: string, from: number): number {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    const character = text[at]
    if (character === '"') {
      at = stringEnd(text, at)
      if (at >= text.length) return text.length
    } else if (character === '[' || character === '{') depth += 1
    else if (character === ']' || character === '}') {
      if (depth === 0) return at
      depth -= 1
    } else if (depth === 0 && (character === ',' || character === '\n')) return at
    if (depth === 0 && (character === ']' || character === '}' || character === '"')) return at + 1
  }
  return text.length
}

/** Of the closing quote; the text's length when there is none. */
function stringEnd(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let slashes = 0
    while (text[at - 1 - slashes] === '\\') slashes += 1
    if (slashes % 2 === 0) return at
  }
  return text.length
}
