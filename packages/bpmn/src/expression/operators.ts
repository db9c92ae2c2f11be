/** JUEL's operators over typed values: what becomes a Long, what a Double, and how unlike things are compared. */
import type { TypedValue } from '../values.ts'
import { EvaluationFault } from './evaluation-fault.ts'
import {
  double,
  isFloating,
  isIntegral,
  isList,
  isMap,
  isNull,
  javaClass,
  long,
  longOf,
  textOf,
  toBoolean,
  toDouble,
  toExactLong,
  toText,
  truth,
} from './java-values.ts'
import type { BinaryOperator, UnaryOperator } from './syntax.ts'

type StrictOperator = Exclude<BinaryOperator, '&&' | '||'>

export function applyBinary(operator: StrictOperator, left: TypedValue, right: TypedValue): TypedValue {
  switch (operator) {
    case '+':
    case '-':
    case '*':
    case '%':
      return arithmetic(operator, left, right)
    case '/':
      if (isNull(left) && isNull(right)) return long(0)
      return double(toDouble(left) / toDouble(right))
    case '==':
      return truth(areEqual(left, right))
    case '!=':
      return truth(!areEqual(left, right))
    default:
      return truth(isOrdered(operator, left, right))
  }
}

export function applyUnary(operator: UnaryOperator, operand: TypedValue): TypedValue {
  switch (operator) {
    case '!':
      return truth(!toBoolean(operand))
    case 'empty':
      return truth(isEmpty(operand))
    case '-':
      return negate(operand)
  }
}

export function areEqual(left: TypedValue, right: TypedValue): boolean {
  if (isNull(left) || isNull(right)) return isNull(left) && isNull(right)
  if (isFloating(left) || isFloating(right)) return toDouble(left) === toDouble(right)
  if (isIntegral(left) || isIntegral(right)) return toExactLong(left) === toExactLong(right)
  if (left.type === 'Boolean' || right.type === 'Boolean') return toBoolean(left) === toBoolean(right)
  if (textOf(left) !== undefined || textOf(right) !== undefined) return toText(left) === toText(right)
  return left.type === right.type && toText(left) === toText(right)
}

function isEmpty(value: TypedValue): boolean {
  if (isNull(value) || textOf(value) === '') return true
  if (isList(value)) return value.value.length === 0
  return isMap(value) && Object.keys(value.value).length === 0
}

function negate(value: TypedValue): TypedValue {
  if (isNull(value)) return long(0)
  if (isFloating(value)) return double(-toDouble(value))
  if (isIntegral(value)) return { ...longOf(-toExactLong(value)), type: value.type }
  const written = textOf(value)
  if (written === undefined) throw new EvaluationFault('evaluation', `Cannot negate 'class ${javaClass(value)}'`)
  return looksFloating(value) ? double(-toDouble(value)) : longOf(-toExactLong(value))
}

function arithmetic(operator: '+' | '-' | '*' | '%', left: TypedValue, right: TypedValue): TypedValue {
  if (isNull(left) && isNull(right)) return long(0)
  if (looksFloating(left) || looksFloating(right)) return double(onDoubles[operator](toDouble(left), toDouble(right)))
  const divisor = toExactLong(right)
  if (operator === '%' && divisor === 0n) {
    throw new EvaluationFault('evaluation', '/ by zero')
  }
  return longOf(onLongs[operator](toExactLong(left), divisor))
}

type Arithmetic<Value> = Record<'+' | '-' | '*' | '%', (left: Value, right: Value) => Value>

const onDoubles: Arithmetic<number> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '%': (left, right) => left % right,
}
const onLongs: Arithmetic<bigint> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '%': (left, right) => left % right,
}

/** A Double, or a text with a point or an exponent in it; any text with an `e` counts, as in JUEL. */
function looksFloating(value: TypedValue): boolean {
  return isFloating(value) || /[.eE]/.test(textOf(value) ?? '')
}

function isOrdered(operator: '<' | '<=' | '>' | '>=', left: TypedValue, right: TypedValue): boolean {
  if (isNull(left) || isNull(right)) return isNull(left) && isNull(right) && (operator === '<=' || operator === '>=')
  const order = compare(left, right)
  switch (operator) {
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    case '>=':
      return order >= 0
  }
}

/** NaN when the two have no order. */
function compare(left: TypedValue, right: TypedValue): number {
  if (isFloating(left) || isFloating(right)) return difference(toDouble(left), toDouble(right))
  if (isIntegral(left) || isIntegral(right)) return difference(toExactLong(left), toExactLong(right))
  if (textOf(left) !== undefined || textOf(right) !== undefined) return compareTexts(toText(left), toText(right))
  const areDates = left.type === 'Date' && right.type === 'Date'
  if (areDates) return compareTexts(String(left.value), String(right.value))
  throw new EvaluationFault('evaluation', `Cannot compare 'class ${javaClass(left)}' and 'class ${javaClass(right)}'`)
}

/** NaN when one of them is. */
function difference<Value extends number | bigint>(left: Value, right: Value): number {
  if (left === right) return 0
  if (left < right) return -1
  return left > right ? 1 : Number.NaN
}

/** By UTF-16 unit, as Java's compareTo. */
function compareTexts(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}
