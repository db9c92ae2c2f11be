import { expect, test } from 'vitest'
import { fingerprint } from './idempotency.ts'

test('the order of members does not change a fingerprint, any value does', () => {
  const one = fingerprint({ a: 1, b: { c: [1, 2], d: null }, e: undefined })
  expect(fingerprint({ b: { d: null, c: [1, 2] }, a: 1 })).toBe(one)
  expect(fingerprint({ b: { d: null, c: [2, 1] }, a: 1 })).not.toBe(one)
  expect(fingerprint({ b: { c: [1, 2] }, a: 1 })).not.toBe(one)
})
