import { describe, expect, test } from 'vitest'
import { hasLong, longDigits, parseLongs, toRawLong } from './json-longs.ts'

describe('an integer beyond 2^53', () => {
  test.each(['9007199254740993', '-9007199254740993', '9223372036854775807', '123456789012345678901234567890'])(
    '%s keeps its digits as a value, there and back',
    (digits) => {
      const { value } = parseLongs(`{"value": ${digits}}`) as { value: unknown }
      expect(longDigits(value)).toBe(digits)
      expect(JSON.stringify({ value })).toBe(`{"value":${digits}}`)
      expect(JSON.stringify({ value: toRawLong(digits) })).toBe(`{"value":${digits}}`)
    },
  )

  test.each(['9007199254740991', '1234567890123456', '0.12345678901234567', '1e20', '"9007199254740993"', 'true'])(
    '%s is none: it is read as ever',
    (text) => {
      const { value } = parseLongs(`{"value": ${text}}`) as { value: unknown }
      expect(value).toEqual(JSON.parse(text))
      expect(longDigits(value)).toBeUndefined()
    },
  )

  test('is a number like any other where it is no value', () => {
    expect(parseLongs('{"size": 9007199254740993, "values": [9007199254740993]}')).toEqual({
      size: 9007199254740992,
      values: [9007199254740992],
    })
  })

  test('is looked for only in texts that may have one', () => {
    expect(hasLong('{"value": 123456789012345}')).toBe(false)
    expect(hasLong('{"value": -9007199254740993}')).toBe(true)
  })
})
