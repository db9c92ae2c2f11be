/** Cron as Quartz writes it: seconds first, `?` for "no day given", Sunday is 1. Of its signs, `L-3` is not supported. */
import { Cron } from 'croner'
import { TimerFault } from './timer-fault.ts'

/** The next moment after `after`; null when the expression names no further one. */
export function nextByCron(text: string, after: Date): Date | null {
  const fields = text.trim().toUpperCase().split(/\s+/)
  checkFields(fields)
  const pattern = fields.map(toCroner).join(' ')
  try {
    const cron = new Cron(pattern, {
      paused: true,
      mode: '6-or-7-parts',
      sloppyRanges: true,
      alternativeWeekdays: true,
    })
    return cron.nextRun(after)
  } catch (error) {
    throw new TimerFault(error instanceof Error ? error.message : String(error))
  }
}

const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']
const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
/** Seconds, minutes, hours, day, month, weekday, year. */
const bounds: readonly (readonly [least: number, most: number])[] = [
  [0, 59],
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [1, 7],
  [1970, 2099],
]

/** croner lacks Quartz's `?`, its bare `L` for Saturday, and ranges that run over the end: 22-2, SAT-MON. */
function toCroner(field: string, index: number): string {
  if (field === '?') return '*'
  if (index === 5 && field === 'L') return '7'
  return field
    .split(',')
    .flatMap((part) => unrolled(part, index))
    .join(',')
}

function unrolled(part: string, index: number): string[] {
  const [range = '', step] = part.split('/')
  const ends = range.split('-').map((end) => numberOf(end, index))
  const [from, to] = ends
  const [least, most] = bounds[index] ?? [0, 0]
  if (ends.length !== 2 || from === undefined || to === undefined || from <= to || to < least || from > most)
    return [part]
  const every = Number(step ?? 1)
  if (!Number.isInteger(every) || every < 1) return [part]
  const values: string[] = []
  const size = most - least + 1
  for (let at = from; at <= to + size; at += every) values.push(String(at > most ? at - size : at))
  return values
}

function numberOf(text: string, index: number): number | undefined {
  if (/^\d+$/.test(text)) return Number(text)
  const names = index === 5 ? weekdays : index === 4 ? months : []
  const place = names.indexOf(text)
  return place < 0 ? undefined : place + 1
}

function checkFields(fields: string[]): void {
  const [, , , day = '', , weekday = ''] = fields
  if (fields.length < 6 || fields.length > 7) {
    throw new TimerFault(
      `a cron expression has 6 or 7 fields (seconds minutes hours day month weekday [year]), this one has ${fields.length}`,
    )
  }
  if (fields.some((field) => /L-\d/.test(field))) {
    throw new TimerFault("'L-<n>', days before the last of the month, is not supported; name the day or use 'L'")
  }
  if (day === '?' && weekday === '?') {
    throw new TimerFault("'?' can only be specified for Day-of-Month -OR- Day-of-Week.")
  }
  const isOpen = (field: string) => field === '?' || field === '*'
  if (!isOpen(day) && !isOpen(weekday)) {
    throw new TimerFault('Support for specifying both a day-of-week AND a day-of-month parameter is not implemented.')
  }
}
