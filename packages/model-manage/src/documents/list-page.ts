import { InputError } from '@rowhouse/contract'
import type { Page } from '@rowhouse/http'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Reader } from '../context.ts'
import type { Tables } from '../rows.ts'

/** Fields a list may be sorted by, and their columns. */
export type SortColumns = Readonly<Record<string, string>>

export const ownedSortColumns: SortColumns = {
  createdDate: 'created_at',
  lastModifiedDate: 'modified_at',
  createdBy: 'created_by',
  version: 'version',
  id: 'id',
  group: 'group_name',
}

export interface ListQuery {
  table: keyof Tables
  page: Page
  sortColumns: SortColumns
  where?: RawBuilder<SqlBool>[]
}

/** One page of rows: newest first unless the caller sorts. `seq` makes the order of equals certain. */
export async function listRows<Row>(
  reader: Reader,
  { table, page, sortColumns, where = [] }: ListQuery,
): Promise<Row[]> {
  const found = await sql<Row>`
    select * from ${sql.table(table)} ${whereOf(where)}
    order by ${orderOf(page, sortColumns)} limit ${page.size} offset ${page.offset}`.execute(reader)
  return found.rows
}

export async function countRows(
  reader: Reader,
  table: keyof Tables,
  where: RawBuilder<SqlBool>[] = [],
): Promise<number> {
  const found = await sql<{ count: string }>`select count(*) from ${sql.table(table)} ${whereOf(where)}`.execute(reader)
  return Number(found.rows[0]?.count ?? 0)
}

function whereOf(conditions: RawBuilder<SqlBool>[]): RawBuilder<unknown> {
  return conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`
}

function orderOf(page: Page, columns: SortColumns): RawBuilder<unknown> {
  const orders = page.sort.map(({ field, direction }) => {
    const column = Object.hasOwn(columns, field) ? columns[field] : undefined
    if (column === undefined) {
      throw new InputError(
        'InvalidField',
        `Cannot sort by '${field}': sort by one of ${Object.keys(columns).join(', ')}`,
        {
          field: 'sort',
        },
      )
    }
    return { column, direction }
  })
  if (orders.length === 0) orders.push({ column: 'created_at', direction: 'desc' })
  const last = orders.at(-1)?.direction ?? 'desc'
  const parts = [...orders, { column: 'seq', direction: last }].map(
    ({ column, direction }) => sql`${sql.ref(column)} ${sql.raw(direction)}`,
  )
  return sql.join(parts, sql`, `)
}
