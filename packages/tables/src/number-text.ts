/**
 * The one spelling of numbers in what is written as CSV: the fewest digits that read back as the same number, laid out as Python's
 * repr does (`0.0001`, `1e-05`, `1.5e-07`, `1e+22`), so that a model gives the same bytes in Python and in JavaScript. A whole
 * number has no point (JavaScript does not know `100.0` from `100`), and minus zero is `0`. NaN and infinity have no spelling.
 */
export function numberText(value: number): string {
  const text = String(value)
  if (Number.isInteger(value)) return text
  const size = Math.abs(value)
  if (size >= 1e-4) return text
  const [digits = '', exponent = ''] = value.toExponential().split('e-')
  return `${digits}e-${exponent.padStart(2, '0')}`
}

const NANO = 1e9
/** Below this, whole nanos have at most 15 digits: one decimal each, so the shortest one that reads back is found by division. */
const FAST_MAX = 1e6

/** Writes the same as numberText, without a string for whole numbers and for decimals of up to 9 places; gives the end. */
export function writeNumber(bytes: Buffer, at: number, value: number): number {
  if ((value | 0) === value) return writeWhole(bytes, at, value)
  const size = Math.abs(value)
  if (size >= 1e-4 && size < FAST_MAX) {
    const nanos = Math.round(size * NANO)
    if (nanos / NANO === size) {
      let end = at
      if (value < 0) bytes[end++] = 0x2d
      const whole = Math.floor(nanos / NANO)
      end = writeWhole(bytes, end, whole)
      return writeFraction(bytes, end, nanos - whole * NANO)
    }
  }
  return at + bytes.write(numberText(value), at, 'latin1')
}

function writeWhole(bytes: Buffer, at: number, value: number): number {
  if (value < 0) {
    if (value === -2147483648) return at + bytes.write('-2147483648', at, 'latin1')
    bytes[at] = 0x2d
    return writeWhole(bytes, at + 1, -value)
  }
  let length = 1
  for (let rest = value; rest >= 10; rest = (rest / 10) | 0) length += 1
  let rest = value
  for (let index = at + length - 1; index >= at; index--) {
    const next = (rest / 10) | 0
    bytes[index] = 48 + rest - next * 10
    rest = next
  }
  return at + length
}

/** `nanos` below 1e9, not 0: a point and its digits without trailing zeros. */
function writeFraction(bytes: Buffer, at: number, nanos: number): number {
  bytes[at] = 0x2e
  let rest = nanos
  let end = at
  for (let index = at + 9; index > at; index--) {
    const next = (rest / 10) | 0
    const digit = rest - next * 10
    if (digit !== 0 && end === at) end = index
    bytes[index] = 48 + digit
    rest = next
  }
  return end + 1
}
