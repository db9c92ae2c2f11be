/**
 * JSON.parse, but for whole numbers that a JavaScript number cannot hold: they become text with all their digits, as in a CSV column,
 * since an identifier must not change on its way through a model.
 */

/** As every Node this runs on has it, which TypeScript's library does not know yet; taken before a model can put its own in its place. */
const parse = JSON.parse as (
  text: string,
  reviver?: (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown,
) => unknown

/** Of the least number that is not safe. */
const DIGITS_MIN = 16

/** A reviver makes parsing five times as long: only where there is a number for it. */
export function parseJson(text: string): unknown {
  return mayHoldGreatNumber(text) ? parse(text, keepDigits) : parse(text)
}

/** Looks for as many digits in a row, from the back of each window: mostly one character in sixteen is read. A fraction's are none, nor a text's. */
function mayHoldGreatNumber(text: string): boolean {
  let start = 0
  while (start + DIGITS_MIN <= text.length) {
    let at = start + DIGITS_MIN - 1
    while (at >= start && isDigit(text.charCodeAt(at))) at -= 1
    if (at >= start) start = at + 1
    else if (start === 0 || beforeNumber.has(text.charCodeAt(start - 1))) return true
    else start += DIGITS_MIN
  }
  return false
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

const beforeNumber: ReadonlySet<number> = new Set(Array.from(' \t\r\n:,[-', (character) => character.charCodeAt(0)))

function keepDigits(this: unknown, _key: string, value: unknown, { source }: { source?: string }): unknown {
  const isLost =
    typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)
  return isLost ? source : value
}

const PLACED_CHARACTERS_MAX = 10_000

/** What JSON.parse found wrong with `text`, and at which character of it where that can be said. */
export function explainJson(error: unknown, text: string): string {
  if (!(error instanceof SyntaxError)) return error instanceof Error ? error.message : String(error)
  const [, what = error.message, position] =
    /^(.*?)(?: in JSON)? at position (\d+)(?: \(line \d+ column \d+\))?$/s.exec(error.message) ?? []
  if (position !== undefined) return `${what} at character ${Number(position) + 1}`
  const [token = what] = what.split(/, (?:\.\.\.)?"/, 1)
  if (!what.startsWith('Unexpected token') || text.length > PLACED_CHARACTERS_MAX) return token
  return `${token} at character ${brokenAt(text)}`
}

/** The number of the character at which `text` stops being the beginning of a JSON value: JSON.parse does not say it of every error. */
function brokenAt(text: string): number {
  let good = 0
  let bad = text.length
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (mayGoOn(text.slice(0, middle))) good = middle
    else bad = middle
  }
  return bad
}

function mayGoOn(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    const { message } = error as SyntaxError
    return /^(?:Unexpected end|Unterminated)/.test(message) || message.includes(` at position ${text.length} `)
  }
}
