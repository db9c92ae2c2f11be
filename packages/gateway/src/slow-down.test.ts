import { expect, test } from 'vitest'
import { makeSlowDown } from './slow-down.ts'

test('the pause doubles with each failure past the free ones, up to the longest, and ends with a success or with time', () => {
  let now = 0
  const slow = makeSlowDown({ free: 3, firstMs: 100, maxMs: 300, forgetMs: 10_000 }, () => now)
  const pauses = Array.from({ length: 6 }, () => {
    slow.failed('ann')
    return slow.waitMs('ann')
  })
  expect(pauses).toEqual([0, 0, 100, 200, 300, 300])
  expect(slow.waitMs('bob')).toBe(0)
  now = 250
  expect(slow.waitMs('ann')).toBe(50)
  now = 20_000
  expect(slow.waitMs('ann')).toBe(0)
  slow.failed('ann')
  expect(slow.waitMs('ann')).toBe(0)
  slow.succeeded('ann')
  expect(slow.waitMs('ann')).toBe(0)
})
