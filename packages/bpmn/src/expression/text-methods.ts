/** The methods of java.lang.String that an expression may call. */
import type { TypedValue } from '../values.ts'
import { isCheapPattern } from './cheap-pattern.ts'
import { EvaluationFault } from './evaluation-fault.ts'
import { integer, text, textOf, toLong, toText, truth } from './java-values.ts'

type TextMethod = (value: string, args: TypedValue[]) => TypedValue

const at = (args: TypedValue[], index: number): TypedValue => args[index] ?? { type: 'Null', value: null }
const word = (args: TypedValue[], index: number): string => toText(at(args, index))

/** Keys are name/number of arguments. */
export const textMethods = new Map<string, TextMethod>([
  ['toString/0', text],
  ['name/0', text],
  ['length/0', (value) => integer(value.length)],
  ['isEmpty/0', (value) => truth(value === '')],
  ['isBlank/0', (value) => truth(value.trim() === '')],
  ['trim/0', (value) => text(value.trim())],
  ['strip/0', (value) => text(value.trim())],
  ['toUpperCase/0', (value) => text(value.toUpperCase())],
  ['toLowerCase/0', (value) => text(value.toLowerCase())],
  ['equals/1', (value, args) => truth(textOf(at(args, 0)) === value)],
  ['equalsIgnoreCase/1', (value, args) => truth(textOf(at(args, 0))?.toLowerCase() === value.toLowerCase())],
  ['compareTo/1', (value, args) => integer(compareAsJava(value, word(args, 0)))],
  ['concat/1', (value, args) => text(value + word(args, 0))],
  ['contains/1', (value, args) => truth(value.includes(word(args, 0)))],
  ['startsWith/1', (value, args) => truth(value.startsWith(word(args, 0)))],
  ['startsWith/2', (value, args) => truth(value.startsWith(word(args, 0), toLong(at(args, 1))))],
  ['endsWith/1', (value, args) => truth(value.endsWith(word(args, 0)))],
  ['indexOf/1', (value, args) => integer(value.indexOf(word(args, 0)))],
  ['indexOf/2', (value, args) => integer(value.indexOf(word(args, 0), toLong(at(args, 1))))],
  ['lastIndexOf/1', (value, args) => integer(value.lastIndexOf(word(args, 0)))],
  ['charAt/1', (value, args) => text(charAt(value, toLong(at(args, 0))))],
  ['substring/1', (value, args) => text(substring(value, toLong(at(args, 0)), value.length))],
  ['substring/2', (value, args) => text(substring(value, toLong(at(args, 0)), toLong(at(args, 1))))],
  ['replace/2', (value, args) => text(value.replaceAll(word(args, 0), () => word(args, 1)))],
  ['replaceAll/2', (value, args) => text(value.replace(pattern(value, word(args, 0), 'g'), word(args, 1)))],
  ['replaceFirst/2', (value, args) => text(value.replace(pattern(value, word(args, 0), ''), word(args, 1)))],
  ['matches/1', (value, args) => truth(pattern(value, `^(?:${word(args, 0)})$`, 's', 1).test(value))],
  ['repeat/1', (value, args) => text(repeat(value, toLong(at(args, 0))))],
  ['split/1', (value, args) => ({ type: 'Object', value: split(value, word(args, 0)) })],
])

function compareAsJava(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index++) {
    const difference = left.charCodeAt(index) - right.charCodeAt(index)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

function charAt(value: string, index: number): string {
  if (index < 0 || index >= value.length) {
    throw new EvaluationFault(
      'thrown',
      `java.lang.StringIndexOutOfBoundsException: index ${index}, length ${value.length}`,
    )
  }
  return value.charAt(index)
}

function substring(value: string, begin: number, end: number): string {
  if (begin < 0 || begin > end || end > value.length) {
    throw new EvaluationFault(
      'thrown',
      `java.lang.StringIndexOutOfBoundsException: begin ${begin}, end ${end}, length ${value.length}`,
    )
  }
  return value.slice(begin, end)
}

const repeatedLengthMax = 1_000_000

function repeat(value: string, count: number): string {
  if (count >= 0 && value.length * count <= repeatedLengthMax) return value.repeat(count)
  throw new EvaluationFault('thrown', `java.lang.IllegalArgumentException: count is ${count}`)
}

/** As Java's: trailing empty parts are dropped, but a text without any separator is one part. */
function split(value: string, separator: string): string[] {
  const parts = value.split(pattern(value, separator, ''))
  if (parts.length === 1) return parts
  while (parts.length > 0 && parts.at(-1) === '') parts.pop()
  return parts
}

function pattern(value: string, source: string, flags: string, places = value.length): RegExp {
  if (!isCheapPattern(source, value.length, places)) {
    throw new EvaluationFault(
      'thrown',
      'java.util.regex.PatternSyntaxException: the pattern is not supported: a repetition, choice or optional piece inside a repetition, or too many of them for a text so long',
    )
  }
  try {
    return new RegExp(source, `${flags}u`)
  } catch {
    throw new EvaluationFault('thrown', `java.util.regex.PatternSyntaxException: '${source}' is not a pattern`)
  }
}
