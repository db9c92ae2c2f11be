/** Conditions on variables: a value is compared with values of its own kind only, as in Camunda. */
import type { TypedValue } from '@rowhouse/bpmn'
import { longDigits } from '@rowhouse/http'
import { sql } from 'kysely'
import { parseCamundaDate } from '../camunda-dates.ts'
import { camundaProblem, invalidRequest } from '../camunda-problems.ts'
import { badParameter, type Condition, type Filter, isTrue, toPattern } from './filters.ts'

const signs = {
  eq: '=',
  neq: '<>',
  gt: '>',
  gteq: '>=',
  lt: '<',
  lteq: '<=',
  like: 'like',
  notLike: 'not like',
} as const
type Operator = keyof typeof signs

/** Where the variables `v` are looked for: a table, and the condition that they are the owner's. */
export type VariableOwner = Condition

export const ofInstance: VariableOwner = sql`mlc.variable v where v.instance_id = i.id and v.execution_id = i.id`
export const ofEndedInstance: VariableOwner = sql`mlc.history_variable v
  where v.instance_id = i.id and v.execution_id = i.id and v.state = 'CREATED'`
export const ofTask: VariableOwner = sql`mlc.variable v where v.instance_id = t.instance_id and v.execution_id = t.execution_id`

interface VariableCondition {
  name: string
  operator: Operator
  value: unknown
}

interface Casing {
  ignoreNames: boolean
  ignoreValues: boolean
}
const exactCase: Casing = { ignoreNames: false, ignoreValues: false }

/** What Camunda calls them where it refuses a comparison. */
const operatorWords: Partial<Record<Operator, string>> = {
  gt: 'greater than',
  gteq: 'greater than or equal',
  lt: 'less than',
  lteq: 'less than or equal',
}

/** `variables=name_op_value,…` or `[{name, operator, value}]`. */
export function variableFilter(owner: VariableOwner): Filter {
  return (value, name, query) => {
    const casing = {
      ignoreNames: isTrue(query.variableNamesIgnoreCase),
      ignoreValues: isTrue(query.variableValuesIgnoreCase),
    }
    const conditions = parseConditions(value, name).map((condition) => ownerHas(owner, condition, casing))
    return conditions.length === 0 ? null : sql`(${sql.join(conditions, sql` and `)})`
  }
}

/** A variable of this name and value stands in the owner's own scope. */
export function ownerHas(owner: VariableOwner, condition: VariableCondition, casing = exactCase): Condition {
  return sql`exists (select 1 from ${owner} and ${variableIs(condition, casing)})`
}

/** Of a row `v` of variables: it has this name, and its value compares so. */
function variableIs({ name, operator, value }: VariableCondition, casing = exactCase): Condition {
  const hasName = casing.ignoreNames ? sql`lower(v.name) = lower(${name})` : sql`v.name = ${name}`
  return sql`${hasName} and ${valueIs(operator, value, casing.ignoreValues)}`
}

/** The same type too: in Camunda the Integer 4 of a correlation key is not the Long 4 of a variable. */
export function variableIsExactly(name: string, { type, value }: TypedValue): Condition {
  if (value === null) return variableIs({ name, operator: 'eq', value })
  const isSame =
    typeof value === 'object'
      ? sql`(v.value->'value')::jsonb = ${JSON.stringify(value)}::jsonb`
      : sql`v.value->>'value' = ${String(value)}`
  return sql`v.name = ${name} and v.value->>'type' = ${type} and ${isSame}`
}

function valueIs(operator: Operator, value: unknown, ignoreCase: boolean): Condition {
  const sign = sql.raw(signs[operator])
  const number =
    longDigits(value) ?? (typeof value === 'number' || typeof value === 'bigint' ? String(value) : undefined)
  if (operator === 'like' || operator === 'notLike') return textIs(sign, toPattern(value), ignoreCase)
  if (value === null) return operator === 'eq' ? sql`v.value->>'value' is null` : sql`v.value->>'value' is not null`
  if (number !== undefined) {
    return sql`case when v.value->>'type' in ('Short', 'Integer', 'Long', 'Double')
      then (v.value->>'value')::numeric ${sign} ${number}::numeric else false end`
  }
  if (typeof value === 'boolean') {
    return sql`v.value->>'type' = 'Boolean' and v.value->>'value' ${sign} ${String(value)}`
  }
  if (typeof value !== 'string') return sql`(v.value->'value')::jsonb ${sign} ${JSON.stringify(value)}::jsonb`
  const date = parseCamundaDate(value)
  if (date === undefined) return textIs(sign, value, ignoreCase)
  const isDate = sql`case when v.value->>'type' = 'Date' then (v.value->>'value')::timestamptz ${sign} ${date} else false end`
  return operator === 'eq' ? sql`(${isDate} or ${textIs(sign, value, ignoreCase)})` : isDate
}

function textIs(sign: Condition, text: string, ignoreCase: boolean): Condition {
  const isSo = ignoreCase
    ? sql`lower(v.value->>'value') ${sign} lower(${text})`
    : sql`v.value->>'value' ${sign} ${text}`
  return sql`v.value->>'type' in ('String', 'Xml') and ${isSo}`
}

function parseConditions(value: unknown, parameter: string): VariableCondition[] {
  if (Array.isArray(value)) {
    return value.map((item) => {
      const { name, operator, value: wanted } = (item ?? {}) as Partial<Record<keyof VariableCondition, unknown>>
      if (typeof name !== 'string' || typeof operator !== 'string') throw badParameter(parameter, JSON.stringify(item))
      return comparable({ name, operator: known(operator, parameter), value: wanted ?? null })
    })
  }
  return String(value)
    .split(',')
    .map((text) => {
      const match =
        /^(.+?)_(eq|neq|gt|gteq|lt|lteq|like|notLike)_(.*)$/s.exec(text) ?? /^([^_]+)_([^_]+)_([^_]+)$/.exec(text)
      if (match === null) {
        throw invalidRequest(
          `Cannot set query parameter '${parameter}' to value '${String(value)}': variable query parameter has to have format KEY_OPERATOR_VALUE.`,
        )
      }
      const [, name = '', operator = '', wanted = ''] = match
      return comparable({ name, operator: known(operator, parameter), value: fromText(wanted) })
    })
}

function known(operator: string, parameter: string): Operator {
  if (Object.hasOwn(signs, operator)) return operator as Operator
  const whose = parameter === 'processVariables' ? 'process ' : parameter === 'taskVariables' ? 'task ' : ''
  throw invalidRequest(`Invalid ${whose}variable comparator specified: ${operator}`)
}

function comparable(condition: VariableCondition): VariableCondition {
  const { operator, value } = condition
  const words = operatorWords[operator]
  if (words === undefined || (value !== null && typeof value !== 'boolean')) return condition
  throw camundaProblem(400, 'NotValidException', `Booleans and null cannot be used in '${words}' condition`)
}

/** In a query text a value is what its look says. */
function fromText(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true'
  if (/^-?\d{16,19}$/.test(text)) return BigInt(text)
  return /^-?\d{1,15}(\.\d+)?$/.test(text) ? Number(text) : text
}
