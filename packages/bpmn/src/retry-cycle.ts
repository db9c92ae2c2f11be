/** camunda:failedJobRetryTimeCycle: how often due work is tried, and how long after a failure. */
import { parseCycle, singleMoment } from './timer/cycle.ts'
import { TimerFault } from './timer/timer-fault.ts'

interface RetryPlan {
  /** All tries, the first one included. */
  attemptsMax: number
  /** Durations as written; empty: at once. */
  intervals: readonly string[]
}

/** Camunda's default: three tries, at once. Taken for a text that cannot be read. */
const defaultRetryPlan: RetryPlan = { attemptsMax: 3, intervals: [] }

/** `R5/PT5M`: five tries; `PT5M`: two; `PT10M,PT17M,PT20M`: four. */
export function retryPlan(text: string): RetryPlan {
  const intervals = text.split(',').map((interval) => interval.trim())
  if (intervals.some((interval) => intervalEnd(interval, someMoment) === null)) return defaultRetryPlan
  const [only, second] = intervals
  if (only !== undefined && second === undefined) {
    const cycle = parseCycle(only, someMoment)
    if (cycle.isRepeat) return { attemptsMax: Math.min(cycle.times, Number.MAX_SAFE_INTEGER), intervals }
  }
  return { attemptsMax: intervals.length + 1, intervals }
}

/** When to try again; `retriesLeft` counts the try that has just failed. null: at once. */
export function retryAt(plan: RetryPlan, retriesLeft: number, now: Date): Date | null {
  const { intervals } = plan
  const last = intervals.length - 1
  const index = Math.max(0, Math.min(last, intervals.length - (retriesLeft - 1)))
  const interval = intervals[index]
  return interval === undefined ? null : intervalEnd(interval, now)
}

const someMoment = new Date(Date.UTC(2024, 0, 1))

function intervalEnd(interval: string, now: Date): Date | null {
  try {
    const end = singleMoment(parseCycle(interval, now), now)
    return Number.isNaN(end.getTime()) ? null : end
  } catch (fault) {
    if (fault instanceof TimerFault) return null
    throw fault
  }
}
