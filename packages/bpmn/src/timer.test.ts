import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkTimerText, nextDue, nextRepeat } from './timer.ts'

const now = new Date(2024, 4, 1, 12, 0, 0, 500)
/** Texts without a zone mean the zone of the machine, in which this is made. */
const local = (...parts: [number, number, number?, number?, number?, number?, number?]) => {
  const [year, month, day = 1, hour = 0, minute = 0, second = 0, millis = 0] = parts
  return new Date(year, month - 1, day, hour, minute, second, millis)
}
const later = (millis: number) => new Date(now.getTime() + millis)
const due = (kind: 'date' | 'duration' | 'cycle', text: string) => nextDue({ type: 'String', value: text }, kind, now)

describe('dates', () => {
  test.each([
    ['2020-01-01T00:00:00Z', new Date('2020-01-01T00:00:00Z')],
    ['2024-05-01T10:00+02:00', new Date('2024-05-01T08:00:00Z')],
    ['2024-05-01T10:00:00.250+0200', new Date('2024-05-01T08:00:00.250Z')],
    ['2024-05-01T10:00:00-0530', new Date('2024-05-01T15:30:00Z')],
    ['2024-05-01T10:00:00', local(2024, 5, 1, 10)],
    ['2024-05-01T10:30', local(2024, 5, 1, 10, 30)],
    ['2024-05-01', local(2024, 5, 1)],
    ['2024-02-29', local(2024, 2, 29)],
    ['2030', local(2030, 1)],
    [' 2030-06 ', local(2030, 6)],
    ['P1D', local(2024, 5, 2, 12, 0, 0, 500)],
  ])('%s', (text, expected) => {
    expect(due('date', text)).toEqual({ dueAt: expected, repeat: null })
  })

  test.each([
    ['nonsense', 'Invalid format: "nonsense"'],
    ['', 'Invalid format: ""'],
    ['2024-05-01X', 'Invalid format: "2024-05-01X" is malformed at "X"'],
    ['2020-13-01', 'Cannot parse "2020-13-01": Value 13 for monthOfYear must be in the range [1,12]'],
    ['2023-02-29', 'Cannot parse "2023-02-29": Value 29 for dayOfMonth must be in the range [1,28]'],
    ['2024-01-01T24:00', 'Cannot parse "2024-01-01T24:00": Value 24 for hourOfDay must be in the range [0,23]'],
  ])('%j is an error', (text, message) => {
    expect(() => due('date', text)).toThrow(`ENGINE-09027 Exception while resolving duedate '${text}': ${message}`)
  })

  test('a Date variable is due when it says, whatever the kind of timer', () => {
    const value = { type: 'Date', value: '2025-01-01T00:00:00.000Z' } as const
    for (const kind of ['date', 'duration', 'cycle'] as const) {
      expect(nextDue(value, kind, now)).toEqual({ dueAt: new Date('2025-01-01T00:00:00Z'), repeat: null })
    }
  })

  test('null, a number and a Boolean are no times', () => {
    for (const value of [null, 5, true]) {
      expect(() => nextDue({ type: 'Object', value }, 'duration', now)).toThrow('valid duration/time')
    }
  })
})

describe('durations', () => {
  test.each([
    ['PT1H', later(3_600_000)],
    ['PT1M30.5S', later(90_500)],
    ['P1DT1S', local(2024, 5, 2, 12, 0, 1, 500)],
    ['P2W', local(2024, 5, 15, 12, 0, 0, 500)],
    ['P1Y1M', local(2025, 6, 1, 12, 0, 0, 500)],
    ['PT0S', now],
    ['R3/PT5M', later(300_000)],
    ['2024-06-01T00:00:00Z/PT1H', new Date('2024-06-01T01:00:00Z')],
  ])('%s', (text, expected) => {
    expect(due('duration', text)).toEqual({ dueAt: expected, repeat: null })
  })

  test('the 31st plus a month is the last day of that month', () => {
    const from = local(2024, 1, 31)
    expect(nextDue({ type: 'String', value: 'P1M' }, 'duration', from).dueAt).toEqual(local(2024, 2, 29))
  })

  test.each(['nonsense', 'P', 'PT', 'P1H', 'P-1D', '5 minutes', 'P1D/x', 'a/b/c/d', ''])('%j is an error', (text) => {
    expect(() => due('duration', text)).toThrow(`ENGINE-09027 Exception while resolving duedate '${text}': `)
  })
})

describe('cycles', () => {
  test('R3/PT10M fires three times, ten minutes apart', () => {
    const first = due('cycle', 'R3/PT10M')
    const fired = [first.dueAt]
    for (let at: Date | null = first.dueAt; at !== null; ) {
      at = nextRepeat(first.repeat ?? '', new Date(at.getTime() + 3))
      if (at !== null) fired.push(at)
    }
    expect(fired).toEqual([later(600_000), later(1_200_000), later(1_800_000)])
  })

  test('R4/<start>/PT5M fires at its start first', () => {
    const { dueAt, repeat } = due('cycle', 'R4/2030-06-01T00:00:00Z/PT5M')
    expect(dueAt).toEqual(new Date('2030-06-01T00:00:00Z'))
    expect(nextRepeat(repeat ?? '', dueAt)).toEqual(new Date('2030-06-01T00:05:00Z'))
    expect(nextRepeat(repeat ?? '', new Date('2030-06-01T00:20:00.001Z'))).toBeNull()
  })

  test('a cycle anchored long ago goes on in its own rhythm without counting through the years', () => {
    const { dueAt } = nextDue(
      { type: 'String', value: 'R/1970-01-01T00:00:00Z/PT7S' },
      'cycle',
      new Date('2024-05-01T12:00:00Z'),
    )
    expect((dueAt.getTime() / 1000) % 7).toBe(0)
    expect(dueAt.getTime()).toBeGreaterThan(Date.UTC(2024, 4, 1, 12))
    expect(dueAt.getTime()).toBeLessThanOrEqual(Date.UTC(2024, 4, 1, 12, 0, 7))
  })

  test('a cycle whose rounds are over is due at once, and does not come back', () => {
    const { dueAt, repeat } = due('cycle', 'R4/2020-06-01T00:00:00Z/PT5M')
    expect(dueAt).toEqual(now)
    expect(nextRepeat(repeat ?? '', now)).toBeNull()
  })

  test.each([
    ['0 0/5 * * * ?', local(2024, 5, 1, 12, 5)],
    ['0 0/5 14,18 * * ?', local(2024, 5, 1, 14)],
    ['0 15 10 ? * MON-FRI', local(2024, 5, 2, 10, 15)],
    ['0 15 10 ? * 2', local(2024, 5, 6, 10, 15)],
    ['0 15 10 ? * 6L', local(2024, 5, 31, 10, 15)],
    ['0 15 10 ? * 6#3', local(2024, 5, 17, 10, 15)],
    ['0 0 0 ? * L', local(2024, 5, 4)],
    ['0 0 0 ? * SAT-MON', local(2024, 5, 4)],
    ['0 0 22-2 * * ?', local(2024, 5, 1, 22)],
    ['0 0 0 L * ?', local(2024, 5, 31)],
    ['0 0 0 LW * ?', local(2024, 5, 31)],
    ['0 0 12 1W * ?', local(2024, 6, 3, 12)],
    ['0 0 0 1 1 ? 2030', local(2030, 1)],
    ['* * * * * ?', local(2024, 5, 1, 12, 0, 1)],
  ])('cron %s', (text, expected) => {
    expect(due('cycle', text)).toEqual({ dueAt: expected, repeat: text })
  })

  test('cron repeats for ever', () => {
    expect(nextRepeat('0 0/5 * * * ?', local(2024, 5, 1, 12, 5, 0, 1))).toEqual(local(2024, 5, 1, 12, 10))
  })

  test.each([
    ['bad', '6 or 7 fields'],
    ['0/5 * * * ?', '6 or 7 fields'],
    ['99 * * * * ?', 'second'],
    ['0 0 0 L-3 * ?', "'L-<n>', days before the last of the month, is not supported"],
    ['0 0 0 1 * 2', 'both a day-of-week AND a day-of-month'],
    ['0 0 0 ? * ?', "'?' can only be specified"],
    ['0 0 0 30 2 ?', 'no time to come'],
    ['R3', 'names no period'],
    ['Rx/PT1M', 'For input string: "x"'],
    ['R/PT0S', 'longer than zero'],
    ['R3/Pfoo', 'Pfoo'],
  ])('%s is an error', (text, message) => {
    expect(() => due('cycle', text)).toThrow('ENGINE-09026 Exception while parsing cycle expression')
    expect(() => due('cycle', text)).toThrow(message)
  })
})

test.each([
  ['duration', 'P9999Y'],
  ['duration', 'PT99999999H'],
  ['date', 'P9999Y'],
  ['date', '9999-12-31T23:59:59-05:00'],
  ['cycle', 'R3/P9999Y'],
] as const)('a %s of %s ends with the calendar: texts and the store know no later year', (kind, text) => {
  expect(due(kind, text).dueAt).toEqual(new Date('9999-12-31T23:59:59.999Z'))
})

test('a text is checked without a clock', () => {
  expect(checkTimerText('PT1H', 'duration')).toBeNull()
  expect(checkTimerText('bad', 'cycle')).toContain('ENGINE-09026')
})

test('no text is answered with anything but a time or an engine error', () => {
  const scraps = fc.constantFrom('R', 'R3', '/', 'P', 'T', '1', '31', 'D', 'M', 'S', 'W', 'L', '#', '?', '*', '-', ' ', ',', 'MON', '2024-02-30', 'Z', '+02:00', '0 0 ') // biome-ignore format: a list of scraps
  const texts = fc.oneof(
    fc.string(),
    fc.array(scraps, { maxLength: 14 }).map((all) => all.join('')),
  )
  fc.assert(
    fc.property(texts, fc.constantFrom('date' as const, 'duration' as const, 'cycle' as const), (text, kind) => {
      const message = checkTimerText(text, kind)
      if (message === null) expect(Number.isNaN(due(kind, text).dueAt.getTime())).toBe(false)
      else expect(message).toMatch(/^ENGINE-0902[67] /)
    }),
    { numRuns: 3000 },
  )
})
