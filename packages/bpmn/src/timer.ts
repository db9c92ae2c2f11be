/**
 * When a timer is due. Camunda's rules: a date or duration text is an ISO-8601 one, a cycle is `R…/…` or cron with seconds first; a
 * repeating cycle carries its start along, so that the rounds that are left follow from the clock alone.
 */
import { EngineError } from './engine-error.ts'
import type { Timer } from './graph.ts'
import { nextByCron } from './timer/cron.ts'
import { nextRound, parseCycle, singleMoment } from './timer/cycle.ts'
import { parseMoment } from './timer/date-text.ts'
import { addDuration, parseDuration } from './timer/duration.ts'
import { TimerFault } from './timer/timer-fault.ts'
import { lastMoment, type TypedValue } from './values.ts'

export interface Due {
  dueAt: Date
  /** What `nextRepeat` wants to know after the timer has fired; null: it does not repeat. */
  repeat: string | null
}

/** @throws EngineError with Camunda's ENGINE-09026 (cycles) or ENGINE-09027 (dates and durations) */
export function nextDue(value: TypedValue, kind: Timer['kind'], now: Date): Due {
  if (value.type === 'Date' && typeof value.value === 'string')
    return { dueAt: inCalendar(new Date(value.value)), repeat: null }
  if (typeof value.value !== 'string') {
    throw new EngineError(
      "The timer was not configured with a valid duration/time, either hand in a Date or a String in format 'yyyy-MM-dd'T'hh:mm:ss'",
    )
  }
  const text = value.value.trim()
  switch (kind) {
    case 'date':
      return { dueAt: inCalendar(telling(text, kind, () => dateOrPeriod(text, now))), repeat: null }
    case 'duration':
      return { dueAt: telling(text, kind, () => singleMoment(parseCycle(text, now), now)), repeat: null }
    case 'cycle': {
      const repeat = anchored(text, now)
      return { dueAt: telling(text, kind, () => firstRound(repeat, now)), repeat }
    }
  }
}

/** The last evening of the year 9999 west of Greenwich is later than its end. */
function inCalendar(moment: Date): Date {
  return moment > lastMoment ? lastMoment : moment
}

/** The next time of a repeating timer that has just fired; null when that was the last. */
export function nextRepeat(repeat: string, now: Date): Date | null {
  return telling(repeat, 'cycle', () =>
    repeat.startsWith('R') ? nextRound(parseCycle(repeat, now), now) : nextByCron(repeat, now),
  )
}

/** Any moment does to try a text: whether it can be read hangs on no clock. */
const someMoment = new Date(Date.UTC(2024, 0, 1))

/** What is wrong with a text that holds no expression; null when nothing is. */
export function checkTimerText(text: string, kind: Timer['kind']): string | null {
  try {
    nextDue({ type: 'String', value: text }, kind, someMoment)
    return null
  } catch (error) {
    if (error instanceof EngineError) return error.message
    throw error
  }
}

/** A date may also be a period from now. */
function dateOrPeriod(text: string, now: Date): Date {
  const period = parseDuration(text)
  return period === undefined ? parseMoment(text) : addDuration(now, period)
}

/** A cycle whose rounds are over is due at once, as in Camunda; a cron expression without a time to come is a mistake. */
function firstRound(repeat: string, now: Date): Date {
  if (repeat.startsWith('R')) return nextRound(parseCycle(repeat, now), now) ?? now
  const next = nextByCron(repeat, now)
  if (next === null) throw new TimerFault('the expression names no time to come')
  return next
}

/** `R3/PT10M` becomes `R3/<now>/PT10M`. */
function anchored(text: string, now: Date): string {
  const [repeat, period, ...rest] = text.split('/')
  const isBare = text.startsWith('R') && period !== undefined && rest.length === 0
  return isBare ? `${repeat}/${now.toISOString()}/${period}` : text
}

function telling<Result>(text: string, kind: Timer['kind'], find: () => Result): Result {
  try {
    const result = find()
    if (result instanceof Date && Number.isNaN(result.getTime()))
      throw new TimerFault('the moment lies outside the calendar')
    return result
  } catch (fault) {
    if (!(fault instanceof TimerFault)) throw fault
    throw new EngineError(
      kind === 'cycle'
        ? `ENGINE-09026 Exception while parsing cycle expression '${text}': ${fault.message}`
        : `ENGINE-09027 Exception while resolving duedate '${text}': ${fault.message}`,
    )
  }
}
