import { describe, expect, test } from 'vitest'
import { retryAt, retryPlan } from './retry-cycle.ts'

const now = new Date('2024-05-01T12:00:00.000Z')
/** The waits after each failure, in seconds; null: at once. */
function waits(text: string): (number | null)[] {
  const plan = retryPlan(text)
  return Array.from({ length: plan.attemptsMax - 1 }, (_, failures) => {
    const at = retryAt(plan, plan.attemptsMax - failures, now)
    return at === null ? null : (at.getTime() - now.getTime()) / 1000
  })
}

describe('retry cycles', () => {
  test.each([
    ['R5/PT5M', [300, 300, 300, 300]],
    ['R3/PT1S', [1, 1]],
    ['R1/PT1S', []],
    ['R5/PT0S', [0, 0, 0, 0]],
    ['PT0S', [0]],
    ['PT10M', [600]],
    ['PT10M,PT17M,PT20M', [600, 1020, 1200]],
    ['PT10M, PT17M', [600, 1020]],
  ])('%s', (text, expected) => {
    expect(waits(text)).toEqual(expected)
  })

  test.each(['', 'nonsense', 'R5', 'Rx/PT5M', '5', 'PT10M,foo', 'R/PT0S', 'PT99999999999999S'])(
    '%j cannot be read: three tries, at once',
    (text) => {
      expect(waits(text)).toEqual([null, null])
    },
  )
})
