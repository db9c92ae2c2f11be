import { BLANK_WORDS } from './cell-automaton.ts'
import type { ColumnType } from './column-type.ts'

const blankWords: ReadonlySet<string> = new Set(['', ...BLANK_WORDS])

const beginsBlankWord = new Uint8Array(128)
for (const word of BLANK_WORDS) beginsBlankWord[word.charCodeAt(0)] = 1

/** pandas' missing values; matched exactly. */
export function isBlankWord(text: string): boolean {
  if (text.length > 8) return false
  // Nearly all texts are told apart by their first character, without hashing them.
  return text.length === 0 || (beginsBlankWord[text.charCodeAt(0)] === 1 && blankWords.has(text))
}

export type CellValue = string | number | boolean | null

/** One way to read each digit: with two, a long text of digits would take the square of its length. */
const numberPattern = /^[ \t\v\f\r\n]*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?[ \t\v\f\r\n]*$/
const infinityPattern = /^([+-]?)inf(?:inity)?$/i

/** The value of a cell in a column of this type; undefined when it is none. */
export function parseCell(text: string, type: ColumnType): CellValue | undefined {
  if (isBlankWord(text)) return null
  if (type === 'string') return text
  if (type === 'boolean') return parseBoolean(text)
  const number = parseNumber(text)
  if (number === undefined || type === 'float') return number
  if (!Number.isInteger(number)) return undefined
  // An integer that a JavaScript number cannot hold stays text, with all its digits.
  return Number.isSafeInteger(number) || !/^\s*[+-]?\d+\s*$/.test(text) ? number : text.trim()
}

/** A cell that is not of its column's declared type: a number where it is written as one, else text. A schema check may object; reading does not. */
export function cellByItself(text: string): CellValue {
  if (!numberPattern.test(text)) return text
  const number = Number(text)
  return Number.isSafeInteger(number) || !/^\s*[+-]?\d+\s*$/.test(text) ? number : text.trim()
}

const plainNumber = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** The value of a cell by itself, as older releases typed them: a number where it looks like one, else text; only an empty one is missing. */
export function guessCell(text: string): CellValue {
  if (text === '') return null
  return plainNumber.test(text) ? cellByItself(text) : text
}

function parseBoolean(text: string): boolean | undefined {
  const lower = text.length <= 5 ? text.toLowerCase() : ''
  return lower === 'true' ? true : lower === 'false' ? false : undefined
}

function parseNumber(text: string): number | undefined {
  if (numberPattern.test(text)) return Number(text)
  const infinity = infinityPattern.exec(text)
  return infinity ? (infinity[1] === '-' ? -Infinity : Infinity) : undefined
}
