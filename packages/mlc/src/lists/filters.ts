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
  return (value) => sql`${column} like ${String(value)}`
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

const operators: Record<string, string> = { eq: '=', neq: '<>', gt: '>', gteq: '>=', lt: '<', lteq: '<=', like: 'like' }

interface VariableCondition {
  name: string
  operator: string
  value: unknown
}

/** `variables=name_op_value,…` or `[{name, operator, value}]`: variables of the process instance's own scope. */
export function variableFilter(instanceId: Condition): Filter {
  return (value, name) => {
    const conditions = parseVariableConditions(value, name).map((condition) => variableExists(instanceId, condition))
    return conditions.length === 0 ? null : sql`(${sql.join(conditions, sql` and `)})`
  }
}

function variableExists(instanceId: Condition, { name, operator, value }: VariableCondition): Condition {
  const sign = sql.raw(operators[operator === 'notLike' ? 'like' : operator] ?? '=')
  const compared =
    operator === 'like' || operator === 'notLike'
      ? sql`v.value->>'value' ${sign} ${String(value)}`
      : typeof value === 'string' && operator !== 'eq' && operator !== 'neq'
        ? sql`v.value->>'value' ${sign} ${value}`
        : sql`v.value->'value' ${sign} ${JSON.stringify(value)}::jsonb`
  const found = sql`exists (select 1 from mlc.variable v where v.instance_id = ${instanceId} and v.execution_id = ${instanceId} and v.name = ${name} and ${compared})`
  return operator === 'notLike' ? sql`not ${found}` : found
}

function parseVariableConditions(value: unknown, parameter: string): VariableCondition[] {
  if (Array.isArray(value)) {
    return value.map((item) => {
      const { name, operator, value: wanted } = item as Partial<VariableCondition>
      if (typeof name !== 'string' || typeof operator !== 'string') throw badParameter(parameter, JSON.stringify(item))
      return checked({ name, operator, value: wanted ?? null }, parameter)
    })
  }
  return String(value)
    .split(',')
    .map((text) => {
      const match = /^(.+?)_(eq|neq|gt|gteq|lt|lteq|like|notLike)_(.*)$/.exec(text)
      if (match === null) {
        throw invalidRequest(`variable query parameter has to have format VARIABLENAME_OPERATOR_VALUE.`)
      }
      return checked({ name: match[1] ?? '', operator: match[2] ?? '', value: fromText(match[3] ?? '') }, parameter)
    })
}

function checked(condition: VariableCondition, parameter: string): VariableCondition {
  if (condition.operator !== 'notLike' && operators[condition.operator] === undefined) {
    throw invalidRequest(`Invalid variable comparator specified: ${condition.operator} (parameter ${parameter})`)
  }
  return condition
}

/** In a query text a value is what its look says. */
function fromText(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text
}
