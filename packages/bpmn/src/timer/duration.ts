/** ISO-8601 durations (P1Y2M3DT4H5M6.7S, P2W), added by the calendar of the server's time zone, as Camunda adds them. */

import { lastMoment } from '../values.ts'

export interface Duration {
  months: number
  days: number
  millis: number
}

const form =
  /^(-)?P(?=\d|T\d)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d*))?S)?)?$/
const weeks = /^P(\d+)W$/

/** undefined: not a duration. */
export function parseDuration(text: string): Duration | undefined {
  const inWeeks = weeks.exec(text)
  if (inWeeks !== null) return { months: 0, days: 7 * Number(inWeeks[1]), millis: 0 }
  const parts = form.exec(text)
  if (parts === null) return undefined
  const [years = 0, months = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = parts
    .slice(2, 8)
    .map((part) => Number(part ?? 0))
  const fraction = Math.trunc(Number(`0.${parts[8] || '0'}`) * 1000)
  const duration = {
    months: years * 12 + months,
    days,
    millis: ((hours * 60 + minutes) * 60 + seconds) * 1000 + fraction,
  }
  return parts[1] === '-' ? multiply(duration, -1) : duration
}

export function multiply(duration: Duration, by: number): Duration {
  return { months: duration.months * by, days: duration.days * by, millis: duration.millis * by }
}

/** At most the end of the calendar; an invalid Date beyond what a Date can hold. */
export function addDuration(date: Date, duration: Duration): Date {
  const sum = new Date(date)
  if (duration.months !== 0) {
    const day = sum.getDate()
    sum.setDate(1)
    sum.setMonth(sum.getMonth() + duration.months)
    // The 31st of a shorter month is its last day.
    const lastDay = new Date(sum.getFullYear(), sum.getMonth() + 1, 0).getDate()
    sum.setDate(Math.min(day, lastDay))
  }
  if (duration.days !== 0) sum.setDate(sum.getDate() + duration.days)
  const moment = new Date(sum.getTime() + duration.millis)
  return moment > lastMoment ? lastMoment : moment
}
