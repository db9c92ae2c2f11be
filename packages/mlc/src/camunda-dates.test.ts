import { expect, it } from 'vitest'
import { parseCamundaDate, toCamundaDate } from './camunda-dates.ts'

it('dates are written with milliseconds and an offset without a colon', () => {
  expect(toCamundaDate(new Date('2013-01-23T13:42:42.657Z'))).toBe('2013-01-23T13:42:42.657+0000')
})

it.each([
  ['2013-01-23T13:42:42.657+0200', '2013-01-23T11:42:42.657Z'],
  ['2013-01-23T13:42:42.657+02:00', '2013-01-23T11:42:42.657Z'],
  ['2013-01-23T13:42:42Z', '2013-01-23T13:42:42.000Z'],
])('%s is read', (text, iso) => {
  expect(parseCamundaDate(text)?.toISOString()).toBe(iso)
})

it.each(['yesterday', '2013-01-23', '2013-13-45T00:00:00Z', ''])('%j is no date', (text) => {
  expect(parseCamundaDate(text)).toBeUndefined()
})
