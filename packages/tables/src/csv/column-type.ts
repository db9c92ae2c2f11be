import { CELL } from './cell-automaton.ts'
import { BEYOND_INT64, BEYOND_SAFE, BEYOND_UINT64 } from './csv-scanner.ts'

export type ColumnType = 'integer' | 'float' | 'boolean' | 'string'

/**
 * The type of a column from the kinds of all its cells, as pandas.read_csv gives it for the whole file: one text makes text;
 * integers with a blank are float; booleans with a blank stay booleans; nothing but blanks is float; booleans beside numbers
 * are text. Integers beyond int64 are integers as long as uint64 holds all of them and none is blank or negative, else text.
 * (pandas' answer for integers beyond uint64 beside floats depends on their order; here such a column is always float.)
 */
export function columnType(kinds: number): ColumnType {
  const isBlank = (kinds & CELL.blank) !== 0
  if (kinds === 0 || (kinds & CELL.text) !== 0) return 'string'
  if ((kinds & CELL.boolean) !== 0) return (kinds & (CELL.integer | CELL.float)) !== 0 ? 'string' : 'boolean'
  if ((kinds & CELL.float) !== 0) return 'float'
  if ((kinds & CELL.integer) === 0) return 'float'
  if ((kinds & BEYOND_UINT64) !== 0) return 'string'
  if ((kinds & BEYOND_INT64) !== 0) return isBlank || (kinds & CELL.negative) !== 0 ? 'string' : 'integer'
  return isBlank ? 'float' : 'integer'
}

const isText = (kinds: number): boolean => (kinds & CELL.text) !== 0

/** Some integer is beyond 2^53 - 1, so a JavaScript number would change it. Not told of a column that is text for its texts. */
export const isBeyondSafe = (kinds: number): boolean => !isText(kinds) && (kinds & BEYOND_SAFE) !== 0

/** Some integer is written with leading zeros, which a number does not keep. Not told of a column that is text for its texts. */
export const hasLeadingZeros = (kinds: number): boolean => !isText(kinds) && (kinds & CELL.leadingZero) !== 0
