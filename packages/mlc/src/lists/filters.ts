/** Filters of the list resources: a query parameter (text) or a member of a POSTed query (JSON) → a SQL condition. */
import { type RawBuilder, sql } from 'kysely'
import { parseCamundaDate } from '../camunda-dates.ts'
import { invalidRequest } from '../camunda-problems.ts'

export type Condition = RawBuilder<unknown>
/** null: the filter does nothing with this value. `query`: all of it, for filters that another one changes. */
export type Filter = (value: unknown, name: string, query: Readonly<Record<string, unknown>>) => Condition | null

export function equal(column: Condition): Filter {
  return (value) => sql`${column} = ${String(value)}`
}

export function equalInteger(column: Condition): Filter {
  return (value, name) => sql`${column} = ${toInteger(value, name)}::bigint`
}

export function atLeast(column: Condition): Filter {
  return (value, name) => sql`${column} >= ${toInteger(value, name)}::bigint`
}

export function atMost(column: Condition): Filter {
  return (value, name) => sql`${column} <= ${toInteger(value, name)}::bigint`
}

export function like(column: Condition): Filter {
  return (value) => sql`${column} like ${toPattern(value)}`
}

/** A backslash at the end escapes nothing: it is meant itself. */
export function toPattern(value: unknown): string {
  return String(value).replace(/(?<!\\)(?:\\\\)*\\$/, '$&\\')
}

export function oneOf(column: Condition): Filter {
  return (value) => sql`${column} = any(${toList(value)}::text[])`
}

export function noneOf(column: Condition): Filter {
  return (value) => sql`(${column} is null or not ${column} = any(${toList(value)}::text[]))`
}

/** Only `true` has an effect. */
export function when(condition: Condition): Filter {
  return (value) => (isTrue(value) ? condition : null)
}

export function before(column: Condition): Filter {
  return (value, name) => sql`${column} < ${toDate(value, name)}`
}

export function after(column: Condition): Filter {
  return (value, name) => sql`${column} > ${toDate(value, name)}`
}

/** Camunda's history takes the moment itself too. */
export function atOrBefore(column: Condition): Filter {
  return (value, name) => sql`${column} <= ${toDate(value, name)}`
}

export function atOrAfter(column: Condition): Filter {
  return (value, name) => sql`${column} >= ${toDate(value, name)}`
}

/** At the very moment; a date has milliseconds, a row may have more. */
export function at(column: Condition): Filter {
  return (value, name) => sql`date_trunc('milliseconds', ${column}) = ${toDate(value, name)}`
}

/** `andWithout`: the flag that asks for those without a tenant too. */
export function inTenants(column: Condition, andWithout: string): Filter {
  const among = oneOf(column)
  return (value, name, query) => {
    const isAmong = among(value, name, query)
    return isTrue(query[andWithout]) ? sql`(${column} is null or ${isAmong})` : isAmong
  }
}

export function isTrue(value: unknown): boolean {
  return value === true || String(value).toLowerCase() === 'true'
}

export function toList(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String)
  return String(value)
    .split(',')
    .map((item) => item.trim())
}

export function badParameter(name: string, value: unknown) {
  return invalidRequest(`Cannot set query parameter '${name}' to value '${String(value)}'`)
}

function toInteger(value: unknown, name: string): string {
  const text = String(value).trim()
  if (!/^[+-]?\d{1,18}$/.test(text)) throw badParameter(name, value)
  return text
}

export function toDate(value: unknown, name: string): Date {
  const date = parseCamundaDate(String(value).replace(' ', '+'))
  if (date === undefined) {
    throw invalidRequest(
      `Cannot set query parameter '${name}' to value '${String(value)}': Cannot convert value "${String(value)}" to java type java.util.Date`,
    )
  }
  return date
}
