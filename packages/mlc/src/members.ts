/** Members of a request's body. JSON from many hands: a number may come as a text, as Camunda takes it too. */
import { longDigits } from '@rowhouse/http'
import { invalidRequest } from './camunda-problems.ts'

type Body = Readonly<Record<string, unknown>>

interface Range {
  min?: number
  max?: number
}
const intMax = 2 ** 31 - 1
export const anyInt: Range = { min: -intMax - 1, max: intMax }
export const anySafeInteger: Range = { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }

/** null: it is not given. Without a range any whole number is taken, also one beyond 2^53. */
export function wholeNumberOf(body: Body, member: string, { min, max }: Range = {}): number | null {
  const value = body[member]
  if (value === undefined || value === null) return null
  const text = longDigits(value) ?? (typeof value === 'number' || typeof value === 'string' ? String(value).trim() : '')
  const number = Number(text)
  if (text === '' || !Number.isInteger(number)) {
    throw invalidRequest(`'${member}' must be a whole number, not ${JSON.stringify(value)}`)
  }
  if ((min !== undefined && number < min) || (max !== undefined && number > max)) {
    throw invalidRequest(`'${member}' must lie between ${min} and ${max}, but is ${text}`)
  }
  return number
}

/** null: it is not given. */
export function textOf(body: Body, member: string): string | null {
  const value = body[member]
  if (value === undefined || value === null) return null
  if (typeof value === 'object') throw invalidRequest(`'${member}' must be a text`)
  return String(value)
}
