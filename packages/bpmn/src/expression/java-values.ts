/** What a typed value is in Java: its class name, its text, its number. JUEL's behaviour and messages hang on these. */
import type { Json, TypedValue } from '../values.ts'
import { EvaluationFault } from './evaluation-fault.ts'

export const longMax = 2n ** 63n - 1n
const longMin = -(2n ** 63n)

export const nothing: TypedValue = { type: 'Null', value: null }
export const text = (value: string): TypedValue => ({ type: 'String', value })
export const truth = (value: boolean): TypedValue => ({ type: 'Boolean', value })
export const integer = (value: number): TypedValue => ({ type: 'Integer', value })
export const long = (value: number): TypedValue => longOf(BigInt(value))
export const moment = (value: Date): TypedValue => ({ type: 'Date', value: value.toISOString() })

/** Wraps beyond 2^63, as Java does. */
export function longOf(value: bigint): TypedValue {
  const exact = BigInt.asIntN(64, value)
  return { type: 'Long', value: Number.isSafeInteger(Number(exact)) ? Number(exact) : String(exact) }
}

/** JSON has no NaN and no infinities: they are stored as text. */
export function double(value: number): TypedValue {
  return { type: 'Double', value: Number.isFinite(value) ? value : String(value) }
}

/** A member of a JSON value, typed as Jackson would read it. */
export function fromJson(value: Json): TypedValue {
  if (value === null) return nothing
  switch (typeof value) {
    case 'string':
      return text(value)
    case 'boolean':
      return truth(value)
    case 'number':
      if (!Number.isInteger(value) || Math.abs(value) >= 2 ** 63) return double(value)
      return value === (value | 0) ? integer(value) : long(value)
    default:
      return { type: 'Object', value }
  }
}

export function isFloating(value: TypedValue): boolean {
  return value.type === 'Double'
}

export function isIntegral(value: TypedValue): boolean {
  return value.type === 'Integer' || value.type === 'Long' || value.type === 'Short'
}

export function isNull(value: TypedValue): boolean {
  return value.value === null
}

export function isList(value: TypedValue): value is TypedValue & { value: Json[] } {
  return Array.isArray(value.value)
}

export function isMap(value: TypedValue): value is TypedValue & { value: { [key: string]: Json } } {
  return typeof value.value === 'object' && value.value !== null && !Array.isArray(value.value)
}

/** The text of a String, the JSON string inside an Object included. */
export function textOf(value: TypedValue): string | undefined {
  const isText = value.type === 'String' || value.type === 'Object' || value.type === 'Json' || value.type === 'Xml'
  return isText && typeof value.value === 'string' ? value.value : undefined
}

export function javaClass(value: TypedValue): string {
  if (isNull(value)) return 'null'
  if (isList(value)) return 'java.util.ArrayList'
  if (isMap(value)) return 'java.util.LinkedHashMap'
  switch (value.type) {
    case 'Boolean':
    case 'Short':
    case 'Integer':
    case 'Long':
    case 'Double':
      return `java.lang.${value.type}`
    case 'Date':
      return 'java.util.Date'
    case 'Bytes':
      return '[B'
    case 'File':
      return 'org.camunda.bpm.engine.variable.impl.value.FileValueImpl'
    default:
      return javaClassOfJson(value.value)
  }
}

function javaClassOfJson(value: Json): string {
  if (typeof value === 'boolean') return 'java.lang.Boolean'
  if (typeof value === 'number') return `java.lang.${fromJson(value).type}`
  return 'java.lang.String'
}

/** As a number that is one already; no coercion. */
export function numberOf(value: TypedValue): number | undefined {
  if (typeof value.value === 'number') return value.value
  const isTextOfNumber = value.type === 'Double' || value.type === 'Long'
  return isTextOfNumber && typeof value.value === 'string' ? Number(value.value) : undefined
}

/** For positions and amounts, which are far below 2^53. */
export function toLong(value: TypedValue): number {
  return Number(toExactLong(value))
}

export function toExactLong(value: TypedValue): bigint {
  if (isNull(value) || textOf(value) === '') return 0n
  if (value.type === 'Long' && typeof value.value === 'string') return BigInt(value.value)
  const known = numberOf(value)
  if (known !== undefined) return truncated(known)
  const written = textOf(value)
  if (written === undefined) throw cannotCoerce(value, 'Long')
  if (!/^[+-]?\d+$/.test(written)) throw cannotCoerceText(written, 'Long')
  const exact = BigInt(written.replace(/^\+/, ''))
  if (exact > longMax || exact < longMin) throw cannotCoerceText(written, 'Long')
  return exact
}

/** Java's (long): NaN is 0, what is beyond the range is its end. */
function truncated(value: number): bigint {
  if (Number.isNaN(value)) return 0n
  if (!Number.isFinite(value)) return value > 0 ? longMax : longMin
  const exact = BigInt(Math.trunc(value))
  return exact > longMax ? longMax : exact < longMin ? longMin : exact
}

export function toDouble(value: TypedValue): number {
  if (isNull(value) || textOf(value) === '') return 0
  const known = numberOf(value)
  if (known !== undefined) return known
  const written = textOf(value)
  if (written === undefined) throw cannotCoerce(value, 'Double')
  const trimmed = written.trim()
  if (!/^[+-]?(NaN|Infinity|(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?[dDfF]?)$/.test(trimmed)) {
    throw cannotCoerceText(written, 'Double')
  }
  return Number(trimmed.replace(/(?<=[\d.])[dDfF]$/, ''))
}

export function toBoolean(value: TypedValue): boolean {
  if (isNull(value)) return false
  if (typeof value.value === 'boolean') return value.value
  const written = textOf(value)
  if (written === undefined) throw cannotCoerce(value, 'Boolean')
  return written.toLowerCase() === 'true'
}

/** Java's toString; null is the empty text, as in composite expressions. */
export function toText(value: TypedValue): string {
  if (isNull(value)) return ''
  if (value.type === 'Double') return doubleText(toDouble(value))
  if (value.type === 'Date' && typeof value.value === 'string') return dateText(new Date(value.value))
  if (value.type === 'Json') return JSON.stringify(value.value)
  return jsonText(value.value)
}

function jsonText(value: Json): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `[${value.map(jsonText).join(', ')}]`
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .map(([key, member]) => `${key}=${jsonText(member)}`)
      .join(', ')}}`
  }
  if (typeof value === 'number' && !Number.isInteger(value)) return doubleText(value)
  return String(value)
}

/** 1.0, 1.0E10, 1.0E-5: the way Java writes doubles. */
function doubleText(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  const size = Math.abs(value)
  if (size !== 0 && (size >= 1e7 || size < 1e-3)) {
    const [digits = '0', exponent = '0'] = value.toExponential().split('e')
    return `${digits.includes('.') ? digits : `${digits}.0`}E${exponent.replace('+', '')}`
  }
  const written = Object.is(value, -0) ? '-0' : String(value)
  return written.includes('.') ? written : `${written}.0`
}

function dateText(value: Date): string {
  const [weekday, day, month, year, time] = value.toUTCString().replace(',', '').split(' ')
  return `${weekday} ${month} ${day} ${time} UTC ${year}`
}

function cannotCoerce(value: TypedValue, target: string): EvaluationFault {
  return new EvaluationFault('evaluation', `Cannot coerce from class ${javaClass(value)} to class java.lang.${target}`)
}

function cannotCoerceText(written: string, target: string): EvaluationFault {
  return new EvaluationFault('evaluation', `Cannot coerce '${written}' to class java.lang.${target}`)
}
