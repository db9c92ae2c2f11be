/** Spin's way to read a Json variable: `customer.prop('name').stringValue()`. Scalars on the way are plain values. */
import type { Json, TypedValue } from '../values.ts'
import { EvaluationFault } from './evaluation-fault.ts'
import { isNull, nothing, numberOf, textOf, toText, truth } from './java-values.ts'

type NodeMethod = (value: Json, args: TypedValue[]) => TypedValue
type ScalarMethod = (value: TypedValue) => TypedValue | undefined

const node = (value: Json): TypedValue => (value === null ? nothing : { type: 'Json', value })

const nodeMethods = new Map<string, NodeMethod>([
  ['prop/1', (value, [name]) => property(value, name ?? nothing)],
  ['hasProp/1', (value, [name]) => truth(isObject(value) && Object.hasOwn(value, toText(name ?? nothing)))],
  ['fieldNames/0', (value) => node(isObject(value) ? Object.keys(value) : [])],
  ['elements/0', (value) => node(Array.isArray(value) ? value : [])],
  ['isObject/0', (value) => truth(isObject(value))],
  ['isArray/0', (value) => truth(Array.isArray(value))],
  ['isString/0', () => truth(false)],
  ['isNumber/0', () => truth(false)],
  ['isBoolean/0', () => truth(false)],
  ['isValue/0', () => truth(false)],
  ['isNull/0', () => truth(false)],
])

const isText = (value: TypedValue) => textOf(value) !== undefined
const isNumber = (value: TypedValue) => numberOf(value) !== undefined
const isBoolean = (value: TypedValue) => value.type === 'Boolean'

const scalarMethods = new Map<string, ScalarMethod>([
  ['value/0', (value) => value],
  ['stringValue/0', (value) => (isText(value) ? value : undefined)],
  ['numberValue/0', (value) => (isNumber(value) ? value : undefined)],
  ['boolValue/0', (value) => (isBoolean(value) ? value : undefined)],
  ['isString/0', (value) => truth(isText(value))],
  ['isNumber/0', (value) => truth(isNumber(value))],
  ['isBoolean/0', (value) => truth(isBoolean(value))],
  ['isValue/0', () => truth(true)],
  ['isObject/0', () => truth(false)],
  ['isArray/0', () => truth(false)],
  ['isNull/0', () => truth(false)],
])

/** undefined: Spin has no such method for it. */
export function callSpin(base: TypedValue, key: string, args: TypedValue[]): TypedValue | undefined {
  if (isText(base) || isNumber(base) || isBoolean(base)) return scalarMethods.get(key)?.(base)
  return base.type === 'Json' ? nodeMethods.get(key)?.(base.value, args) : undefined
}

/** `S(text)`, `JSON(text)`: a text is read, JSON that is read already is taken as it is. */
export function readSpin(value: TypedValue): TypedValue {
  if (isNull(value)) throw fault('the value is null')
  const written = textOf(value)
  if (written === undefined) return node(value.value)
  try {
    return node(JSON.parse(written) as Json)
  } catch (cause) {
    throw fault(`'${written.slice(0, 100)}' is no JSON text: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

function property(value: Json, key: TypedValue): TypedValue {
  const name = toText(key)
  if (isObject(value) && Object.hasOwn(value, name)) return node(value[name] ?? null)
  throw fault(`Unable to find '${name}'`)
}

function isObject(value: Json): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fault(reason: string): EvaluationFault {
  return new EvaluationFault('thrown', `org.camunda.spin.json.SpinJsonException: ${reason}`)
}
