import { InputError } from '@rowhouse/contract'
import type { z } from 'zod'

interface Violation {
  path: readonly PropertyKey[]
  message: string
}

/** What a schema found wrong, each field with its path: the one wording wherever a part of a request is parsed. */
export function invalidFields(place: string, found: readonly Violation[]): InputError {
  const violations = found.map(({ path, message }) => ({ field: fieldName(path), message: inWords(message) }))
  const text = violations
    .map(({ field, message }) => `${field === '' ? `the ${place}` : `field '${field}' of the ${place}`}: ${message}`)
    .join('; ')
  return new InputError('InvalidField', text.charAt(0).toUpperCase() + text.slice(1), { violations })
}

/** Parses what a route's schema leaves open. `path` is where the value stands in the request, such as `['model', 'storedModel']`. */
export function parseAs<S extends z.ZodType>(
  schema: S,
  value: unknown,
  { path = [], place = 'body' }: { path?: readonly string[]; place?: string } = {},
): z.output<S> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw invalidFields(
    place,
    parsed.error.issues.map((issue) => ({ path: [...path, ...issue.path], message: issue.message })),
  )
}

/** `inputData[0].contentHash` */
function fieldName(path: readonly PropertyKey[]): string {
  return path.reduce<string>((name, key) => {
    if (/^\d+$/.test(String(key))) return `${name}[${String(key)}]`
    return name === '' ? String(key) : `${name}.${String(key)}`
  }, '')
}

/** Zod's sentences where they are not a reader's. */
function inWords(message: string): string {
  return message
    .replace(/^Invalid (?:input|option): /, '')
    .replace(/^expected (.+), received undefined$/, 'is missing ($1 expected)')
    .replace(/^expected object, received null$/, 'is missing (object expected)')
    .replace(/^expected string, received array$/, 'expected one text, received several')
    .replace(/^Too small: expected string to have >=1 characters$/, 'must not be empty')
    .replace(/^Too small: expected (?:number|int) to be >=(-?\d+)$/, 'must be $1 or more')
    .replace(/^Too big: expected (?:number|int) to be <=(-?\d+)$/, 'must be $1 or less')
    .replace(/^expected (number|int), received NaN$/, 'expected a number')
}
