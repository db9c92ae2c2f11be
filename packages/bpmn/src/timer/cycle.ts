/** `R3/PT10M`, `R/<start>/PT10M`, `<start>/PT10M`, `R3/PT10M/<end>`: durations that may repeat and may be anchored. */
import { parseMoment } from './date-text.ts'
import { addDuration, type Duration, multiply, parseDuration } from './duration.ts'
import { TimerFault } from './timer-fault.ts'

export interface Cycle {
  isRepeat: boolean
  times: number
  period: Duration
  start: Date | null
  end: Date | null
}

/** Rounds counted one by one; a cycle anchored long ago is first taken near to the present. */
const roundsMax = 100_000

/** `now` anchors a cycle that names neither start nor end. */
export function parseCycle(text: string, now: Date): Cycle {
  const parts = text.split('/')
  if (text === '' || parts.length > 3) throw new TimerFault(`Cannot parse duration '${text}'.`)
  const isRepeat = text.startsWith('R')
  const times = isRepeat ? parseTimes(parts.shift() ?? '') : 0
  const [first, second] = parts
  if (first === undefined) throw new TimerFault(`'${text}' repeats, but names no period, such as R3/PT10M`)
  if (first.startsWith('P')) {
    const end = second === undefined ? null : parseMoment(second)
    return { isRepeat, times, period: periodOf(first), start: end === null ? now : null, end }
  }
  const start = parseMoment(first)
  if (second === undefined) throw new TimerFault(`'${text}' names a moment, but no period, such as PT10M`)
  if (second.startsWith('P')) return { isRepeat, times, period: periodOf(second), start, end: null }
  const end = parseMoment(second)
  return { isRepeat, times, period: { months: 0, days: 0, millis: end.getTime() - start.getTime() }, start, end }
}

/** The moment a duration means: its end, or its start and a period. */
export function singleMoment(cycle: Cycle, now: Date): Date {
  // R5/PT0S, as retry cycles have it: at once. It is a mistake only where it is to go on for ever.
  if (cycle.isRepeat && cycle.times < Number.MAX_SAFE_INTEGER && isZero(cycle.period)) return cycle.start ?? now
  if (cycle.isRepeat) return nextRound(cycle, now) ?? now
  return cycle.end ?? addDuration(cycle.start ?? now, cycle.period)
}

function isZero({ months, days, millis }: Duration): boolean {
  return months === 0 && days === 0 && millis === 0
}

/** The first round after `now`; null when all have been. */
export function nextRound(cycle: Cycle, now: Date): Date | null {
  if (addDuration(now, cycle.period) <= now) throw new TimerFault('the period of a cycle must be longer than zero')
  return cycle.start === null ? nextBeforeEnd(cycle, now) : nextFromStart(cycle, cycle.start, now)
}

function nextFromStart(cycle: Cycle, start: Date, now: Date): Date | null {
  const skipped = roundsToSkip(cycle, now.getTime() - start.getTime())
  let round = addDuration(start, multiply(cycle.period, skipped))
  for (let done = skipped; done < cycle.times && round <= now; done++) {
    if (done - skipped > roundsMax) throw new TimerFault(`the cycle has more than ${roundsMax} rounds before now`)
    round = addDuration(round, cycle.period)
  }
  return round <= now ? null : round
}

/** The rounds lie before the end: the earliest of them that is still to come. */
function nextBeforeEnd(cycle: Cycle, now: Date): Date | null {
  const end = cycle.end ?? now
  const back = multiply(cycle.period, -1)
  const skipped = roundsToSkip(cycle, end.getTime() - now.getTime())
  let next = addDuration(end, multiply(back, skipped))
  let earlier = addDuration(next, back)
  for (let done = skipped; done < cycle.times && earlier > now; done++) {
    if (done - skipped > roundsMax) throw new TimerFault(`the cycle has more than ${roundsMax} rounds from now`)
    next = earlier
    earlier = addDuration(earlier, back)
  }
  return next < now ? null : next
}

/** Months differ in length and clamp their last days: only days and times can be multiplied without going round by round. */
function roundsToSkip(cycle: Cycle, distanceMs: number): number {
  const { months, days, millis } = cycle.period
  if (months !== 0 || distanceMs <= 0) return 0
  const longestMs = days * 25 * 3_600_000 + millis
  return Math.max(0, Math.min(cycle.times, Math.floor(distanceMs / longestMs) - 1))
}

function parseTimes(text: string): number {
  const digits = text.slice(1)
  if (digits === '') return Number.MAX_SAFE_INTEGER
  if (!/^[+-]?\d+$/.test(digits)) throw new TimerFault(`For input string: "${digits}"`)
  return Number(digits)
}

function periodOf(text: string): Duration {
  const period = parseDuration(text)
  if (period === undefined) throw new TimerFault(text)
  return period
}
