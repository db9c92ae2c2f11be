import { InputError } from '@rowhouse/contract'
import { halList, type Page, parsePage } from '@rowhouse/http'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Context, Reader } from '../context.ts'
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

interface ListQuery {
  table: keyof Tables
  page: Page
  sortColumns: SortColumns
  where?: RawBuilder<SqlBool>[]
}

/** One page of rows: newest first unless the caller sorts. `seq` makes the order of equals certain. */
async function listRows<Row>(reader: Reader, { table, page, sortColumns, where = [] }: ListQuery): Promise<Row[]> {
  const found = await sql<Row>`
    select * from ${sql.table(table)} ${whereOf(where)}
    order by ${orderOf(page, sortColumns)} limit ${page.size} offset ${page.offset}`.execute(reader)
  return found.rows
}

async function countRows(reader: Reader, table: keyof Tables, where: RawBuilder<SqlBool>[] = []): Promise<number> {
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

export interface Collection<Row> {
  /** Its name in `_embedded`, in paths and links. */
  rel: string
  table: keyof Tables
  sortColumns: SortColumns
  bodiesOf: (rows: Row[]) => object[] | Promise<object[]>
  /** A cheaper count of the whole collection. */
  countAll?: () => Promise<number>
}

/** Lists of one collection, whole or searched, as HAL pages. */
export function makeLister<Row>(ctx: Context, collection: Collection<Row>) {
  const { rel, table, sortColumns, bodiesOf, countAll } = collection
  return async (path: string, query: unknown, where: RawBuilder<SqlBool>[] = []) => {
    const { kysely } = ctx.database
    const page = parsePage(query)
    const isWhole = where.length === 0 && countAll !== undefined
    const [rows, total] = await Promise.all([
      listRows<Row>(kysely, { table, page, sortColumns, where }),
      isWhole ? countAll() : countRows(kysely, table, where),
    ])
    const items = await bodiesOf(rows)
    return halList({ rel, items, page, total, path: `${ctx.prefix}${path}`, query })
  }
}
