/** Many rows as one parameter: the SQL fragments that statements over sets are made of. */
import type { Changes, HistoryEvent } from '@rowhouse/bpmn'
import { type RawBuilder, sql } from 'kysely'
import { type Vault, withoutCredentials } from '../variables/vault.ts'
import { toJsonRow } from './row-names.ts'

export interface FlushInput {
  changes: Changes
  history: HistoryEvent[]
  /** null: the instance is new. */
  loadedRevision: number | null
}

/** Passwords in URLs: what the engine goes on with is stored sealed, history has none of them. */
export function sealInput(input: FlushInput, vault: Vault): FlushInput {
  const { variables, dueWork } = input.changes
  const changes = {
    ...input.changes,
    variables: { ...variables, upserts: vault.seal(variables.upserts) },
    dueWork: { ...dueWork, upserts: vault.seal(dueWork.upserts) },
  }
  const history = input.history.map((event) =>
    event.type === 'variable-set' ? { ...event, row: withoutCredentials(event.row) } : event,
  )
  return { ...input, changes, history }
}

export function insertRows(table: string, columns: readonly string[], rows: readonly object[]): RawBuilder<unknown> {
  const list = columns.join(', ')
  return sql`insert into ${sql.raw(`mlc.${table} (${list})`)}
    select ${sql.raw(list)} from json_populate_recordset(null::${sql.raw(`mlc.${table}`)}, ${jsonRows(rows)}::json)`
}

/** A changed piece of due work is nobody's any more, unless its row says whose: its lock ends with the change. */
export function upsertRows(table: string, columns: readonly string[], rows: readonly object[]): RawBuilder<unknown> {
  const sets = columns.filter((column) => column !== 'id').map((column) => `${column} = excluded.${column}`)
  return sql`${insertRows(table, columns, rows)} on conflict (id) do update set ${sql.raw(sets.join(', '))}`
}

/**
 * JSON for PostgreSQL, which stores neither the character U+0000 nor half a surrogate pair: an error text of a foreign program may
 * hold them, or one that was cut.
 */
export function jsonRows(rows: readonly object[]): string {
  const text = JSON.stringify(rows.map(toJsonRow))
  if (!/\\u(?:0000|d[89a-f])/.test(text)) return text
  return JSON.stringify(rows.map(toJsonRow), (_, value: unknown) =>
    typeof value === 'string' ? value.replaceAll('\u0000', '\ufffd').toWellFormed() : value,
  )
}
