/** Rows between the engine (camelCase, Dates) and PostgreSQL's JSON (snake_case, ISO texts). Only the top level is renamed. */

const camelNames = new Map<string, string>()
const snakeNames = new Map<string, string>()

function toCamel(name: string): string {
  const known = camelNames.get(name)
  if (known !== undefined) return known
  const made = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  camelNames.set(name, made)
  return made
}

function toSnake(name: string): string {
  const known = snakeNames.get(name)
  if (known !== undefined) return known
  const made = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  snakeNames.set(name, made)
  return made
}

/** A row read as JSON. Moments are the members that end in `_at`. */
export function fromJsonRow<Row>(record: Record<string, unknown>): Row {
  const row: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(record)) {
    row[toCamel(name)] = typeof value === 'string' && name.endsWith('_at') ? new Date(value) : value
  }
  return row as Row
}

/** A row for `json_populate_recordset`; Dates become ISO texts by JSON.stringify. */
export function toJsonRow(row: object): Record<string, unknown> {
  const record: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(row)) record[toSnake(name)] = value
  return record
}
