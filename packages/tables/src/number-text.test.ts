import fc from 'fast-check'
import { expect, test } from 'vitest'
import { numberText, writeNumber } from './number-text.ts'

function written(value: number): string {
  const bytes = Buffer.alloc(40)
  return bytes.toString('latin1', 0, writeNumber(bytes, 0, value))
}

// The right-hand sides of fractions are what Python 3's repr prints.
const facts: [number, string][] = [
  [0, '0'],
  [-0, '0'],
  [7, '7'],
  [-7, '-7'],
  [100, '100'],
  [2147483647, '2147483647'],
  [-2147483648, '-2147483648'],
  [9007199254740991, '9007199254740991'],
  [1e22, '1e+22'],
  [0.1, '0.1'],
  [-0.5, '-0.5'],
  [38.5, '38.5'],
  [0.000123456, '0.000123456'],
  [0.0001, '0.0001'],
  [0.00001, '1e-05'],
  [-0.000031, '-3.1e-05'],
  [1.5e-7, '1.5e-07'],
  [1e-9, '1e-09'],
  [5e-324, '5e-324'],
  [0.1 + 0.2, '0.30000000000000004'],
  [123456.789012345, '123456.789012345'],
  [999999.999999999, '999999.999999999'],
  [1000000.000000001, '1000000.000000001'],
  [1 / 3, '0.3333333333333333'],
]

test.each(facts)('%s is written %s', (value, text) => {
  expect(numberText(value)).toBe(text)
  expect(written(value)).toBe(text)
})

test('every number reads back as itself, and both ways of writing agree', () => {
  const nanos = fc
    .tuple(fc.maxSafeInteger(), fc.integer({ min: 0, max: 12 }))
    .map(([digits, places]) => digits / 10 ** places)
  fc.assert(
    fc.property(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), nanos, fc.integer()), (value) => {
      expect(written(value)).toBe(numberText(value))
      expect(Number(written(value))).toBe(value === 0 ? 0 : value)
    }),
    { numRuns: 3000 },
  )
})
