/** Methods of dates, of java.util.Date and of Joda's DateTime alike. Fields are those of UTC, the engine's time zone. */
import { lastMoment, type TypedValue } from '../values.ts'
import { EvaluationFault } from './evaluation-fault.ts'
import { integer, long, moment, nothing, text, toLong, toText, truth } from './java-values.ts'

type DateMethod = (date: Date, args: TypedValue[]) => TypedValue

const at = (args: TypedValue[], index: number): TypedValue => args[index] ?? nothing

const fields = new Map<string, (date: Date) => number>([
  ['Year', (date) => date.getUTCFullYear()],
  ['MonthOfYear', (date) => date.getUTCMonth() + 1],
  ['DayOfMonth', (date) => date.getUTCDate()],
  ['DayOfWeek', (date) => date.getUTCDay() || 7],
  ['HourOfDay', (date) => date.getUTCHours()],
  ['MinuteOfHour', (date) => date.getUTCMinutes()],
  ['SecondOfMinute', (date) => date.getUTCSeconds()],
  ['MillisOfSecond', (date) => date.getUTCMilliseconds()],
])

const methods = new Map<string, DateMethod>([
  ['getTime/0', (date) => long(date.getTime())],
  ['getMillis/0', (date) => long(date.getTime())],
  ['toDate/0', moment],
  ['toDateTime/0', moment],
  ['toString/1', (date, args) => text(formatDate(date, toText(at(args, 0))))],
  ['before/1', (date, args) => truth(date < dateOf(at(args, 0)))],
  ['isBefore/1', (date, args) => truth(date < dateOf(at(args, 0)))],
  ['after/1', (date, args) => truth(date > dateOf(at(args, 0)))],
  ['isAfter/1', (date, args) => truth(date > dateOf(at(args, 0)))],
  ['withTimeAtStartOfDay/0', (date) => moment(new Date(Math.floor(date.getTime() / dayMs) * dayMs))],
])
const dayMs = 86_400_000
const millisOfUnit = new Map([
  ['Millis', 1],
  ['Seconds', 1000],
  ['Minutes', 60_000],
  ['Hours', 3_600_000],
  ['Days', dayMs],
  ['Weeks', 7 * dayMs],
])

/** undefined: dates have no such method. */
export function callDateMethod(base: TypedValue, name: string, args: TypedValue[]): TypedValue | undefined {
  const own = methods.get(`${name}/${args.length}`)
  if (own !== undefined) return own(dateOf(base), args)
  const [, verb, field = ''] = /^(get|plus|minus)(\w+)$/.exec(name) ?? []
  if (verb === 'get') {
    const read = args.length === 0 ? fields.get(field) : undefined
    return read === undefined ? undefined : integer(read(dateOf(base)))
  }
  if (verb === undefined || args.length !== 1 || !isUnit(field)) return undefined
  const amount = toLong(at(args, 0))
  const shifted = shiftDate(dateOf(base), field, verb === 'plus' ? amount : -amount)
  if (shifted <= lastMoment) return moment(shifted)
  throw new EvaluationFault('thrown', `java.lang.ArithmeticException: ${name}(${amount}) leaves the calendar`)
}

function isUnit(unit: string): boolean {
  return unit === 'Months' || unit === 'Years' || millisOfUnit.has(unit)
}

function shiftDate(date: Date, unit: string, amount: number): Date {
  const millis = millisOfUnit.get(unit)
  if (millis !== undefined) return new Date(date.getTime() + amount * millis)
  const shifted = new Date(date)
  shifted.setUTCMonth(shifted.getUTCMonth() + amount * (unit === 'Years' ? 12 : 1))
  if (shifted.getUTCDate() !== date.getUTCDate()) shifted.setUTCDate(0)
  return shifted
}

export function dateOf(value: TypedValue): Date {
  const date = value.type === 'Date' ? new Date(String(value.value)) : new Date(Number.NaN)
  if (Number.isNaN(date.getTime())) {
    throw new EvaluationFault('evaluation', `Cannot coerce '${toText(value)}' to class java.util.Date`)
  }
  return date
}

const letters = new Map<string, (date: Date) => number>([
  ['y', (date) => date.getUTCFullYear()],
  ['M', (date) => date.getUTCMonth() + 1],
  ['d', (date) => date.getUTCDate()],
  ['H', (date) => date.getUTCHours()],
  ['m', (date) => date.getUTCMinutes()],
  ['s', (date) => date.getUTCSeconds()],
  ['S', (date) => date.getUTCMilliseconds()],
])

/** `yyyy-MM-dd'T'HH:mm:ss.SSS`: numbers of as many digits as there are letters, other text as it is. */
function formatDate(date: Date, pattern: string): string {
  return pattern.replace(/'((?:[^']|'')*)'|([A-Za-z])\2*/g, (piece, quoted: string | undefined, letter?: string) => {
    if (quoted !== undefined) return quoted === '' ? "'" : quoted.replaceAll("''", "'")
    const read = letters.get(letter ?? '')
    if (read === undefined || (letter === 'M' && piece.length > 2)) {
      throw new EvaluationFault('thrown', `java.lang.IllegalArgumentException: Illegal pattern component: ${piece}`)
    }
    if (letter === 'y' && piece.length === 2) return String(read(date) % 100).padStart(2, '0')
    if (letter === 'S') return String(read(date)).padStart(3, '0').slice(0, piece.length).padEnd(piece.length, '0')
    return String(read(date)).padStart(piece.length, '0')
  })
}
