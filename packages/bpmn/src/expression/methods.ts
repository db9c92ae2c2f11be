/**
 * What an expression may call on a value: a list per type. Only own members of JSON are ever read, so that `constructor` and
 * `__proto__` are names like any other.
 */
import type { Json, TypedValue } from '../values.ts'
import { callDateMethod, dateOf } from './date-methods.ts'
import { EvaluationFault } from './evaluation-fault.ts'
import {
  double,
  fromJson,
  integer,
  isList,
  isMap,
  long,
  longOf,
  nothing,
  numberOf,
  text,
  textOf,
  toBoolean,
  toDouble,
  toExactLong,
  toLong,
  toText,
  truth,
} from './java-values.ts'
import { areEqual } from './operators.ts'
import { callSpin } from './spin-json.ts'
import { textMethods } from './text-methods.ts'

type Method<Value> = (value: Value, args: TypedValue[]) => TypedValue

const at = (args: TypedValue[], index: number): TypedValue => args[index] ?? nothing
const jsonList = (value: Json[]): TypedValue => ({ type: 'Object', value })

const numberMethods = new Map<string, Method<TypedValue>>([
  ['intValue/0', (value) => integer(toInt(value))],
  ['longValue/0', (value) => longOf(toExactLong(value))],
  ['doubleValue/0', (value) => double(toDouble(value))],
  ['floatValue/0', (value) => double(Math.fround(toDouble(value)))],
  ['isNaN/0', (value) => truth(Number.isNaN(toDouble(value)))],
  ['compareTo/1', (value, args) => integer(Math.sign(toDouble(value) - toDouble(at(args, 0))))],
])

const booleanMethods = new Map<string, Method<TypedValue>>([['booleanValue/0', (value) => truth(toBoolean(value))]])

/** Numbers are equal by value here; Java's `contains(1)` misses an Integer 1 because the literal is a Long. */
const listMethods = new Map<string, Method<Json[]>>([
  ['size/0', (list) => integer(list.length)],
  ['isEmpty/0', (list) => truth(list.length === 0)],
  ['get/1', (list, args) => getIndex(list, toLong(at(args, 0)))],
  ['contains/1', (list, args) => truth(indexOf(list, at(args, 0)) >= 0)],
  ['indexOf/1', (list, args) => integer(indexOf(list, at(args, 0)))],
  ['lastIndexOf/1', (list, args) => integer(list.findLastIndex((item) => isSame(item, at(args, 0))))],
  ['subList/2', (list, args) => jsonList(subList(list, toLong(at(args, 0)), toLong(at(args, 1))))],
])

const mapMethods = new Map<string, Method<{ [key: string]: Json }>>([
  ['size/0', (map) => integer(Object.keys(map).length)],
  ['isEmpty/0', (map) => truth(Object.keys(map).length === 0)],
  ['get/1', (map, args) => getKey(map, toText(at(args, 0)))],
  [
    'getOrDefault/2',
    (map, args) => (Object.hasOwn(map, toText(at(args, 0))) ? getKey(map, toText(at(args, 0))) : at(args, 1)),
  ],
  ['containsKey/1', (map, args) => truth(Object.hasOwn(map, toText(at(args, 0))))],
  ['containsValue/1', (map, args) => truth(indexOf(Object.values(map), at(args, 0)) >= 0)],
  ['keySet/0', (map) => jsonList(Object.keys(map))],
  ['values/0', (map) => jsonList(Object.values(map))],
  ['entrySet/0', (map) => jsonList(Object.entries(map).map(([key, value]) => ({ key, value })))],
])

/** undefined: there is no such method with so many arguments. */
export function callMethod(base: TypedValue, name: string, args: TypedValue[]): TypedValue | undefined {
  const key = `${name}/${args.length}`
  const own = base.type === 'Date' ? callDateMethod(base, name, args) : callOwn(base, key, args)
  if (own !== undefined) return own
  if (key === 'toString/0') return text(toText(base))
  if (key === 'equals/1') return truth(areSameKind(base, at(args, 0)) && areEqual(base, at(args, 0)))
  return isMap(base) && args.length === 0 ? callGetter(base.value, name) : undefined
}

/** undefined: there is no such property. A missing key or index is null, as Camunda has it. */
export function readProperty(base: TypedValue, key: TypedValue): TypedValue | undefined {
  if (isMap(base)) return getKey(base.value, toText(key))
  if (isList(base)) {
    const index = listIndex(key)
    return fromJson(base.value[index] ?? null)
  }
  const name = toText(key)
  const written = textOf(base)
  if (written !== undefined && (name === 'empty' || name === 'blank')) {
    return truth((name === 'empty' ? written : written.trim()) === '')
  }
  return base.type === 'Date' && (name === 'time' || name === 'millis') ? long(dateOf(base).getTime()) : undefined
}

function callOwn(base: TypedValue, key: string, args: TypedValue[]): TypedValue | undefined {
  const result = callOfType(base, key, args)
  if (result !== undefined && base.type === 'Json' && result.type === 'Object') return { ...result, type: 'Json' }
  return result
}

function callOfType(base: TypedValue, key: string, args: TypedValue[]): TypedValue | undefined {
  const bySpin = callSpin(base, key, args)
  if (bySpin !== undefined) return bySpin
  if (isMap(base)) return mapMethods.get(key)?.(base.value, args)
  if (isList(base)) return listMethods.get(key)?.(base.value, args)
  const written = textOf(base)
  if (written !== undefined) return textMethods.get(key)?.(written, args)
  if (base.type === 'Boolean') return booleanMethods.get(key)?.(base, args)
  return numberOf(base) === undefined ? undefined : numberMethods.get(key)?.(base, args)
}

/** JSON that was a Java bean on the other side: getJobStatus() reads jobStatus. */
function callGetter(map: { [key: string]: Json }, name: string): TypedValue | undefined {
  const property = /^(?:get|is)(\p{Lu})(.*)$/u.exec(name)
  if (property === null) return undefined
  const [, first = '', rest = ''] = property
  const key = first.toLowerCase() + rest
  return Object.hasOwn(map, key) ? getKey(map, key) : undefined
}

function getKey(map: { [key: string]: Json }, key: string): TypedValue {
  return Object.hasOwn(map, key) ? fromJson(map[key] ?? null) : nothing
}

function getIndex(list: Json[], index: number): TypedValue {
  if (index < 0 || index >= list.length) {
    throw new EvaluationFault(
      'thrown',
      `java.lang.IndexOutOfBoundsException: Index ${index} out of bounds for length ${list.length}`,
    )
  }
  return fromJson(list[index] ?? null)
}

function listIndex(key: TypedValue): number {
  const written = textOf(key)
  if (written !== undefined && !/^-?\d+$/.test(written)) {
    throw new EvaluationFault('evaluation', `Cannot parse list index: ${written}`)
  }
  return toLong(key)
}

function subList(list: Json[], from: number, to: number): Json[] {
  if (from < 0 || to > list.length || from > to) {
    throw new EvaluationFault(
      'thrown',
      `java.lang.IndexOutOfBoundsException: Range [${from}, ${to}) out of bounds for length ${list.length}`,
    )
  }
  return list.slice(from, to)
}

function indexOf(list: Json[], wanted: TypedValue): number {
  return list.findIndex((item) => isSame(item, wanted))
}

function isSame(item: Json, wanted: TypedValue): boolean {
  const value = fromJson(item)
  return areSameKind(value, wanted) && areEqual(value, wanted)
}

/** Java's equals does not turn a text into a number. */
function areSameKind(left: TypedValue, right: TypedValue): boolean {
  return kindOf(left) === kindOf(right)
}

function kindOf(value: TypedValue): string {
  if (numberOf(value) !== undefined) return 'number'
  if (isList(value)) return 'list'
  if (isMap(value)) return 'map'
  return textOf(value) === undefined ? value.type : 'text'
}

/** A double is cut to the nearest int, an integral number wraps: Java's (int). */
function toInt(value: TypedValue): number {
  if (value.type !== 'Double') return Number(BigInt.asIntN(32, toExactLong(value)))
  const number = toDouble(value)
  return Number.isNaN(number) ? 0 : Math.trunc(Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, number)))
}
