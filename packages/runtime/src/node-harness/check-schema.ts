/**
 * Checks a value against an Avro schema, as jobs ask for with `checkInputSchema`. A whole number passes for a double, null only where
 * the type says so, extra fields pass. A bare list of fields is a record, as some real schema files have it.
 */

/** What does not fit, in one sentence; null: all fits. */
export type SchemaCheck = (value: unknown) => string | null

type Checker = (value: unknown, path: string) => string | null

export function makeSchemaCheck(schema: unknown): SchemaCheck | null {
  if (schema === null || schema === undefined) return null
  const isFields =
    Array.isArray(schema) && schema.every((field) => isObject(field) && 'name' in field && 'type' in field)
  const check = makeChecker(isFields ? { type: 'record', fields: schema } : schema, new Map(), '')
  return (value) => check(value, '')
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const wrong = (path: string, expected: string): string =>
  `${path === '' ? 'The record' : `Field '${path}'`} is not ${expected}`

/** Beyond 2^53 a whole number comes as text with all its digits. */
const isGreat = (value: unknown): value is string => typeof value === 'string' && /^[+-]?\d{16,}$/.test(value)

function isWhole(value: unknown, bits: 32 | 64): boolean {
  const limit = 2 ** (bits - 1)
  if (typeof value === 'number') return Number.isInteger(value) && value >= -limit && value < limit
  return (
    bits === 64 && (typeof value === 'bigint' || isGreat(value)) && BigInt.asIntN(64, BigInt(value)) === BigInt(value)
  )
}

const isNumber = (value: unknown): boolean => typeof value === 'number' || isGreat(value)

const primitives: Record<string, Checker> = {
  null: (value, path) => (value === null || value === undefined ? null : wrong(path, 'null')),
  boolean: (value, path) => (typeof value === 'boolean' ? null : wrong(path, 'a boolean')),
  int: (value, path) => (isWhole(value, 32) ? null : wrong(path, 'an int')),
  long: (value, path) => (isWhole(value, 64) ? null : wrong(path, 'a long')),
  float: (value, path) => (isNumber(value) ? null : wrong(path, 'a number')),
  double: (value, path) => (isNumber(value) ? null : wrong(path, 'a number')),
  string: (value, path) => (typeof value === 'string' ? null : wrong(path, 'a string')),
  bytes: (value, path) => (typeof value === 'string' ? null : wrong(path, 'bytes')),
}

/** `within`: the namespace of the type around it. */
function makeChecker(schema: unknown, named: Map<string, Checker>, within: string): Checker {
  if (typeof schema === 'string') {
    const known = primitives[schema]
    if (known) return known
    // A named type may be used inside its own definition.
    return (value, path) => named.get(schema)?.(value, path) ?? null
  }
  if (Array.isArray(schema)) return unionChecker(schema, named, within)
  if (!isObject(schema)) return () => null
  const { type } = schema
  if (type === 'record' || type === 'error') return recordChecker(schema, named, within)
  if (type === 'array') return arrayChecker(makeChecker(schema.items, named, within))
  if (type === 'map') return mapChecker(makeChecker(schema.values, named, within))
  if (type === 'enum') return remember(schema, named, within, enumChecker(schema))
  if (type === 'fixed') return remember(schema, named, within, primitives.bytes as Checker)
  return makeChecker(type, named, within)
}

/** A type with a name may be used again by it, with or without its namespace. */
function remember(
  schema: Record<string, unknown>,
  named: Map<string, Checker>,
  within: string,
  check: Checker,
): Checker {
  if (typeof schema.name !== 'string') return check
  const short = schema.name.slice(schema.name.lastIndexOf('.') + 1)
  for (const name of [schema.name, short, `${namespaceOf(schema, within)}.${short}`]) named.set(name, check)
  return check
}

function namespaceOf({ name, namespace }: Record<string, unknown>, within: string): string {
  if (typeof name === 'string' && name.includes('.')) return name.slice(0, name.lastIndexOf('.'))
  return typeof namespace === 'string' ? namespace : within
}

function unionChecker(branches: unknown[], named: Map<string, Checker>, within: string): Checker {
  const checkers = branches.map((branch) => makeChecker(branch, named, within))
  return (value, path) => {
    let first: string | null = null
    for (const [index, check] of checkers.entries()) {
      const problem = check(value, path)
      if (problem === null) return null
      if (branches[index] !== 'null') first ??= problem
    }
    return first ?? wrong(path, 'of any type of its union')
  }
}

function recordChecker(schema: Record<string, unknown>, named: Map<string, Checker>, within: string): Checker {
  const fields: { name: string; check: Checker; isOptional: boolean }[] = []
  const check: Checker = (value, path) => {
    if (!isObject(value)) return wrong(path, 'an object')
    for (const field of fields) {
      const where = path === '' ? field.name : `${path}.${field.name}`
      if (Object.hasOwn(value, field.name)) {
        const problem = field.check(value[field.name], where)
        if (problem !== null) return problem
      } else if (!field.isOptional) return `Field '${where}' missing`
    }
    return null
  }
  remember(schema, named, within, check)
  const inside = namespaceOf(schema, within)
  for (const field of Array.isArray(schema.fields) ? schema.fields : []) {
    if (!isObject(field)) continue
    fields.push({
      name: String(field.name),
      check: makeChecker(fieldType(field), named, inside),
      isOptional: 'default' in field,
    })
  }
  return check
}

const complex: ReadonlySet<unknown> = new Set(['record', 'error', 'array', 'map', 'enum', 'fixed'])

/** Hand-written schemas often have `"type": "array", "items": …` in the field itself. */
const fieldType = (field: Record<string, unknown>): unknown => (complex.has(field.type) ? field : field.type)

function arrayChecker(check: Checker): Checker {
  return (value, path) => {
    if (!Array.isArray(value)) return wrong(path, 'an array')
    for (const [index, item] of value.entries()) {
      const problem = check(item, `${path}[${index}]`)
      if (problem !== null) return problem
    }
    return null
  }
}

function mapChecker(check: Checker): Checker {
  return (value, path) => {
    if (!isObject(value)) return wrong(path, 'a map')
    for (const [key, item] of Object.entries(value)) {
      const problem = check(item, path === '' ? key : `${path}.${key}`)
      if (problem !== null) return problem
    }
    return null
  }
}

function enumChecker(schema: Record<string, unknown>): Checker {
  const symbols = new Set(Array.isArray(schema.symbols) ? schema.symbols : [])
  return (value, path) => (symbols.has(value) ? null : wrong(path, `one of ${[...symbols].join(', ')}`))
}
