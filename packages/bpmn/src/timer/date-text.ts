/** ISO-8601 moments as Camunda reads them: any precision from the year down, the server's time zone when none is given. */
import { TimerFault } from './timer-fault.ts'

const form =
  /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?:T(?:(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:[.,](\d+))?)?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/
const prefix = /^\d{4}(?:-\d{1,2}(?:-\d{1,2}(?:T(?:\d{1,2}(?::\d{1,2}(?::\d{1,2}(?:\.\d+)?)?)?)?)?)?)?/

export function parseMoment(text: string): Date {
  const parts = form.exec(text)
  if (parts === null) throw malformed(text)
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map((part) => (part === undefined ? undefined : Number(part)))
  checkRange(text, month, 'monthOfYear', 1, 12)
  checkRange(
    text,
    day,
    'dayOfMonth',
    1,
    new Date(Date.UTC(2000, month, 0)).getUTCDate() - (isShortFebruary(year, month) ? 1 : 0),
  )
  checkRange(text, hour, 'hourOfDay', 0, 23)
  checkRange(text, minute, 'minuteOfHour', 0, 59)
  checkRange(text, second, 'secondOfMinute', 0, 59)
  const millis = Math.trunc(Number(`0.${parts[7] ?? '0'}`) * 1000)
  const offset = offsetMinutes(parts[8])
  if (offset === undefined) {
    const local = new Date(2000, month - 1, day, hour, minute, second, millis)
    local.setFullYear(year, month - 1, day)
    return local
  }
  const utc = new Date(0)
  utc.setUTCFullYear(year, month - 1, day)
  utc.setUTCHours(hour, minute - offset, second, millis)
  return utc
}

function isShortFebruary(year: number, month: number): boolean {
  return month === 2 && new Date(Date.UTC(year, 2, 0)).getUTCDate() === 28
}

function checkRange(text: string, value: number, field: string, least: number, most: number): void {
  if (value >= least && value <= most) return
  throw new TimerFault(`Cannot parse "${text}": Value ${value} for ${field} must be in the range [${least},${most}]`)
}

/** undefined: the text names no zone. */
function offsetMinutes(zone: string | undefined): number | undefined {
  if (zone === undefined) return undefined
  if (zone === 'Z') return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(':', '') || '0')
  return zone.startsWith('-') ? -minutes : minutes
}

function malformed(text: string): TimerFault {
  const good = prefix.exec(text)?.[0] ?? ''
  const rest = good === '' || good === text ? '' : ` is malformed at "${text.slice(good.length)}"`
  return new TimerFault(`Invalid format: "${text}"${rest}`)
}
