/** Variables between the wire (Camunda's JSON value objects) and the engine (typed values). Pure. */
import type { Json, TypedValue, ValueType } from '@rowhouse/bpmn'
import type { AppError, VariableMap, VariableValue } from '@rowhouse/contract'
import { longDigits, toRawLong } from '@rowhouse/http'
import { parseCamundaDate, toCamundaDate } from './camunda-dates.ts'
import { invalidRequest } from './camunda-problems.ts'
import { withoutCredentials } from './variables/vault.ts'

const javaTypes: Partial<Record<ValueType, string>> = {
  Boolean: 'java.lang.Boolean',
  Short: 'java.lang.Short',
  Integer: 'java.lang.Integer',
  Long: 'java.lang.Long',
  Double: 'java.lang.Double',
  String: 'java.lang.String',
  Date: 'java.util.Date',
}
const valueTypes: ReadonlySet<string> = new Set([
  ...Object.keys(javaTypes),
  'Null',
  'Bytes',
  'File',
  'Object',
  'Json',
  'Xml',
])
const jsonFormat = 'application/json'
const mapInfo = {
  objectTypeName: 'java.util.LinkedHashMap<java.lang.Object,java.lang.Object>',
  serializationDataFormat: jsonFormat,
}
const listInfo = { objectTypeName: 'java.util.ArrayList<java.lang.Object>', serializationDataFormat: jsonFormat }
const integerRanges: Partial<Record<ValueType, bigint>> = {
  Short: 2n ** 15n,
  Integer: 2n ** 31n,
  Long: 2n ** 63n,
}

/**
 * Reads a map of variables. `prefix` is what the caller was about to do (Camunda's callers prefix, `/signal` does not);
 * a function gets the variable's name.
 */
export function parseVariables(
  map: VariableMap | null | undefined,
  prefix: string | ((name: string) => string) = '',
): Record<string, TypedValue> {
  const values: Record<string, TypedValue> = {}
  if (!isMember(map)) throw invalidRequest(`Variables must be an object: {"NAME": {"value": …}, …}`)
  for (const [name, wire] of Object.entries(map ?? {})) {
    if (!isMember(wire)) {
      throw invalidRequest(
        `Variable '${name}' is not an object: write "${name}": {"value": …}, with a "type" where the value alone does not tell it`,
      )
    }
    const ownPrefix = typeof prefix === 'string' ? prefix : prefix(name)
    refuseUnstorable('name of a variable', name, ownPrefix)
    values[name] = parseValue(wire, ownPrefix)
  }
  return values
}

/** Bodies come as they were sent: what is typed as an object may be anything. */
function isMember(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === 'object' && !Array.isArray(value))
}

export function parseValue(wire: VariableValue | null | undefined, prefix = ''): TypedValue {
  const info = (wire?.valueInfo ?? {}) as Record<string, Json>
  const isTransient = info.transient === true
  const digits = longDigits(wire?.value)
  const value = digits ?? withoutRawLongs((wire?.value ?? null) as Json)
  const type = typeName(wire?.type) ?? (digits === undefined ? undefined : 'Long')
  const typed = type === undefined ? inferValue(value) : convert(value, type, info, prefix)
  refuseUnstorable('value', typed.value, prefix)
  refuseUnstorable('valueInfo', (typed.valueInfo ?? null) as Json, prefix)
  return isTransient ? { ...typed, transient: true } : typed
}

/** The type of an untyped JSON value, as Camunda infers it. */
export function inferValue(value: Json): TypedValue {
  if (value === null) return { type: 'Null', value: null }
  if (typeof value === 'string') return { type: 'String', value }
  if (typeof value === 'boolean') return { type: 'Boolean', value }
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return { type: 'Double', value: finiteOrText(value) }
    return { type: value === (value | 0) ? 'Integer' : 'Long', value }
  }
  return { type: 'Object', value, valueInfo: Array.isArray(value) ? listInfo : mapInfo }
}

export interface WireOptions {
  /** For a worker that holds the lock: users and passwords in URLs as they were given. */
  withCredentials?: boolean
  /** Object values as JSON (default) or as their serialised text. */
  deserialize?: boolean
  /** Lists leave the bytes out. */
  omitBytes?: boolean
}

export interface WireValue {
  type: string
  value: unknown
  valueInfo: Record<string, unknown>
}

export function toWireValue(typed: TypedValue, options: WireOptions = {}): WireValue {
  return { type: typed.type, value: wireContent(typed, options), valueInfo: typed.valueInfo ?? infoOf(typed) }
}

/** Objects made by an expression or a mapping say no class: Java's are meant. */
function infoOf({ type, value }: TypedValue): Record<string, unknown> {
  if (type !== 'Object' || typeof value !== 'object' || value === null) return {}
  return Array.isArray(value) ? listInfo : mapInfo
}

export function toWireVariables(
  values: Iterable<readonly [string, TypedValue]>,
  options: WireOptions = {},
): Record<string, WireValue> {
  const map: Record<string, WireValue> = {}
  for (const [name, typed] of values) map[name] = toWireValue(typed, options)
  return map
}

/** Users and passwords in URLs (INPUT_FILE) serve the diagram and its jobs; they are not shown again. */
function wireContent(typed: TypedValue, options: WireOptions): unknown {
  const content = openContent(typed, options)
  return options.withCredentials ? content : withoutCredentials(content)
}

function openContent(typed: TypedValue, options: WireOptions): unknown {
  switch (typed.type) {
    case 'Date':
      return typeof typed.value === 'string' ? toCamundaDate(new Date(typed.value)) : null
    case 'File':
      return null
    case 'Bytes':
      return options.omitBytes ? null : typed.value
    case 'Json':
      return typed.value === null ? null : JSON.stringify(typed.value)
    case 'Long':
      return typeof typed.value === 'string' ? toRawLong(typed.value) : typed.value
    case 'Object':
      return options.deserialize === false && typeof typed.value !== 'string'
        ? JSON.stringify(typed.value)
        : typed.value
    default:
      return typed.value
  }
}

function typeName(type: unknown): string | undefined {
  if (type === null || type === undefined || type === '') return undefined
  const name = String(type)
  return name.slice(0, 1).toUpperCase() + name.slice(1)
}

function convert(value: Json, type: string, info: Record<string, Json>, prefix: string): TypedValue {
  if (!valueTypes.has(type)) throw invalidRequest(`${prefix}Unsupported value type '${type}'`)
  const kind = type as ValueType
  if (kind === 'Null') return { type: 'Null', value: null }
  if (kind === 'Object') return objectValue(value, info, prefix)
  if (kind === 'Json') return { type: 'Json', value: typeof value === 'string' ? parseJson(value, prefix) : value }
  if (value === null)
    return kind === 'File' ? { type: 'File', value: '', valueInfo: info } : { type: kind, value: null }
  switch (kind) {
    case 'Boolean':
      return { type: kind, value: toBoolean(value, prefix) }
    case 'Short':
    case 'Integer':
    case 'Long':
    case 'Double':
      return { type: kind, value: toNumber(value, kind, prefix) }
    case 'Date':
      return { type: kind, value: toDate(value, prefix) }
    case 'Bytes':
      return { type: kind, value: String(value) }
    case 'File':
      return fileValue(value, info, prefix)
    default:
      if (typeof value === 'object') throw cannotConvert(value, kind, prefix)
      return { type: kind, value: String(value) }
  }
}

function toBoolean(value: Json, prefix: string): boolean {
  const text = String(value).toLowerCase()
  if (text === 'true' || text === 'false') return text === 'true'
  throw cannotConvert(value, 'Boolean', prefix)
}

function toNumber(value: Json, type: 'Short' | 'Integer' | 'Long' | 'Double', prefix: string): Json {
  if (typeof value === 'object' || typeof value === 'boolean') throw cannotConvert(value, type, prefix)
  const text = String(value).trim()
  if (type === 'Double') {
    if (['NaN', 'Infinity', '-Infinity'].includes(text)) return text
    if (!/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text)) throw cannotConvert(value, type, prefix)
    return finiteOrText(Number(text))
  }
  if (!/^[+-]?\d{1,30}$/.test(text)) throw cannotConvert(value, type, prefix)
  const limit = integerRanges[type] ?? 0n
  const exact = BigInt(text.replace('+', ''))
  if (exact < -limit || exact >= limit) throw cannotConvert(value, type, prefix)
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : String(exact)
}

function finiteOrText(value: number): Json {
  return Number.isFinite(value) ? value : String(value)
}

function toDate(value: Json, prefix: string): string {
  const date = typeof value === 'string' ? parseCamundaDate(value) : undefined
  if (date === undefined) throw cannotConvert(value, 'Date', prefix)
  return date.toISOString()
}

function objectValue(value: Json, info: Record<string, Json>, prefix: string): TypedValue {
  if (value !== null && typeof value !== 'string') {
    throw invalidRequest(`${prefix}Must provide 'null' or String value for value of SerializableValue type 'Object'.`)
  }
  const valueInfo: Record<string, Json> = { ...info }
  delete valueInfo.transient
  if (value === null) return { type: 'Object', value: null, valueInfo }
  const isJson = valueInfo.serializationDataFormat === undefined || valueInfo.serializationDataFormat === jsonFormat
  return { type: 'Object', value: isJson ? parseJson(value, prefix) : value, valueInfo }
}

function fileValue(value: Json, info: Record<string, Json>, prefix: string): TypedValue {
  if (typeof info.filename !== 'string') {
    throw invalidRequest(
      `${prefix}Cannot create file without filename! Please set a name into ValueInfo with key filename`,
    )
  }
  const valueInfo: Record<string, Json> = { ...info }
  delete valueInfo.transient
  return { type: 'File', value: String(value), valueInfo }
}

function parseJson(text: string, prefix: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch (cause) {
    throw invalidRequest(
      `${prefix}The value is no JSON text: ${cause instanceof Error ? cause.message : String(cause)}`,
    )
  }
}

function cannotConvert(value: Json, type: ValueType, prefix: string): AppError {
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return invalidRequest(
    `${prefix}Cannot convert value '${text}' of type '${type}' to java type ${javaTypes[type] ?? type}`,
  )
}

/** A document that was sent as an object holds numbers as JavaScript does; only a whole value is kept exactly. */
function withoutRawLongs(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  const text = JSON.stringify(value)
  return /\d{16}/.test(text) ? (JSON.parse(text) as Json) : value
}

/** PostgreSQL stores neither the character U+0000 nor half a surrogate pair, in text or in JSON. */
function refuseUnstorable(what: string, value: Json, prefix: string): void {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return
  const isText = typeof value === 'string'
  if (isText && value.isWellFormed() && !value.includes('\u0000')) return
  const found = /(?:^|[^\\])(?:\\\\)*\\u(0000|d[89a-f])/.exec(JSON.stringify(value))
  if (found === null) return
  const held = found[1] === '0000' ? 'the character U+0000' : 'half a surrogate pair'
  throw invalidRequest(`${prefix}The ${what} holds ${held}, which cannot be stored`)
}
