/** A model's value as JSON has it. What JSON has no form for (NaN, infinity, functions, circles) is refused, never turned into null. */
import { TableError } from '../table-error.ts'

const DEPTH_MAX = 200
/** Taken before a model can put a function of its own in its place. */
const { stringify } = JSON

/** In every Node this runs on; not yet in TypeScript's library. */
const json = JSON as unknown as { rawJSON(text: string): Plain; isRawJSON(value: unknown): value is Plain }

export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain }

const PATH_CHARACTERS_MAX = 200

function refuse(path: string, what: string): TableError {
  const place = path.length > PATH_CHARACTERS_MAX ? `${path.slice(0, PATH_CHARACTERS_MAX)}…` : path
  return new TableError('CannotEncode', `${place === '' ? 'the value' : place} ${what}`)
}

/** Throws TableError CannotEncode with the path to the value that is at fault. `undefined` is null, and in an object left out. */
export function toPlain(value: unknown, path = '', depth = 0): Plain {
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw refuse(path, 'holds half of a character, which UTF-8 cannot write')
      return value
    case 'number':
      if (Number.isFinite(value)) return value
      throw refuse(path, `is ${value}, which JSON has no form for`)
    case 'boolean':
      return value
    case 'undefined':
      return null
    case 'bigint':
      // Written with all its digits.
      return json.rawJSON(value.toString())
    case 'object':
      return value === null ? null : objectToPlain(value, path, depth)
    default:
      throw refuse(path, `is a ${typeof value}, which JSON has no form for`)
  }
}

function objectToPlain(value: object, path: string, depth: number): Plain {
  if (depth > DEPTH_MAX) throw refuse(path, `is nested more than ${DEPTH_MAX} deep, or holds itself`)
  if (json.isRawJSON(value)) return value
  if (Array.isArray(value)) return value.map((item, index) => toPlain(item, `${path}[${index}]`, depth + 1))
  if (ArrayBuffer.isView(value) && !(value instanceof DataView) && !(value instanceof Uint8Array))
    return toPlain(Array.from(value as unknown as Iterable<unknown>), path, depth + 1)
  if (value instanceof Uint8Array) return toPlain([...value], path, depth + 1)
  if (value instanceof Set) return toPlain([...value], path, depth + 1)
  if (value instanceof Promise) throw refuse(path, 'is a promise that was not waited for: write `await`')
  if (value instanceof Date && Number.isNaN(value.getTime())) throw refuse(path, 'is an invalid date')
  if ('toJSON' in value && typeof value.toJSON === 'function') return toPlain(value.toJSON(), path, depth + 1)
  if (value instanceof Number || value instanceof String || value instanceof Boolean)
    return toPlain(value.valueOf(), path, depth + 1)
  const entries: [unknown, unknown][] = value instanceof Map ? [...value] : Object.entries(value)
  const plain: [string, Plain][] = []
  for (const [key, item] of entries) {
    if (item === undefined) continue
    plain.push([String(key), toPlain(item, path === '' ? String(key) : `${path}.${String(key)}`, depth + 1)])
  }
  return Object.fromEntries(plain)
}

/** One line of JSON, without its line end. */
export function toJsonLine(value: unknown): string {
  return stringify(isFlat(value) ? value : toPlain(value))
}

/** An object of finite numbers, well-formed texts, booleans and nulls: what JSON.stringify writes as it is. */
function isFlat(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return false
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key]
    const isPlain =
      typeof item === 'string'
        ? item.isWellFormed()
        : typeof item === 'number'
          ? Number.isFinite(item)
          : item === null || typeof item === 'boolean'
    if (!isPlain) return false
  }
  return !('toJSON' in value)
}
