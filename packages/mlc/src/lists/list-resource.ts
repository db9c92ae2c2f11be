/** The pattern all of Camunda's lists share: GET with query parameters, POST with a query body, `/count` of both, paging, sorting. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { sql } from 'kysely'
import { camundaProblem, invalidRequest } from '../camunda-problems.ts'
import type { MlcContext } from '../context.ts'
import { describeList } from '../openapi/describe-routes.ts'
import { badParameter, type Condition, type Filter, isTrue } from './filters.ts'

export interface ListResource<Row> {
  path: string
  /** Columns, as a select list. */
  columns: Condition
  /** Tables with their joins, and conditions that always hold. */
  from: Condition
  always?: Condition
  /** A condition that hangs on the whole query. */
  restrict?: (query: ListQuery) => Condition | null
  filters: Record<string, Filter>
  sorts: Record<string, Condition>
  /** Without sorting; also the last criterion after it. */
  order: Condition
  toBody(row: Row, query: ListQuery): unknown
  /** Camunda has no POST for it. */
  getOnly?: boolean
}

export type ListQuery = Readonly<Record<string, unknown>>

interface Paging {
  offset: number
  limit: number | null
}

export function registerList<Row>(app: FastifyInstance, ctx: MlcContext, resource: ListResource<Row>): void {
  const { path } = resource
  const names = { filters: Object.keys(resource.filters), sorts: Object.keys(resource.sorts) }
  const told = (kind: 'list' | 'count' | 'query' | 'query count') => ({ schema: describeList(path, names, kind) })
  app.get(path, told('list'), async (request) => {
    const query = queryOf(request)
    return readList(ctx, resource, query, sortOfGet(resource, query), pagingOf(query))
  })
  app.get(`${path}/count`, told('count'), async (request) => ({
    count: await countList(ctx, resource, queryOf(request)),
  }))
  if (resource.getOnly) return
  app.post(path, told('query'), async (request) => {
    const query = bodyOf(request)
    return readList(ctx, resource, query, sortOfPost(resource, query), pagingOf(queryOf(request)))
  })
  app.post(`${path}/count`, told('query count'), async (request) => ({
    count: await countList(ctx, resource, bodyOf(request)),
  }))
}

async function readList<Row>(
  ctx: MlcContext,
  resource: ListResource<Row>,
  query: ListQuery,
  sort: Condition[],
  paging: Paging,
): Promise<unknown[]> {
  const limit = paging.limit === null ? sql`` : sql`limit ${paging.limit}::bigint`
  const { rows } = await sql<Row>`
    select ${resource.columns} from ${resource.from} where ${whereOf(resource, query)}
    order by ${sql.join([...sort, resource.order])} ${limit} offset ${paging.offset}::bigint`.execute(
    ctx.database.kysely,
  )
  return rows.map((row) => resource.toBody(row, query))
}

/** For calls that name many things: by their ids, by a query as the list takes it, or by both. */
export async function namedIds(
  ctx: MlcContext,
  resource: ListResource<never>,
  ids: unknown,
  query: unknown,
): Promise<string[]> {
  const named: string[] = Array.isArray(ids) ? ids.map(String) : []
  if (typeof query !== 'object' || query === null || Array.isArray(query)) return named
  const found = await readList(ctx, resource, query as ListQuery, [], { offset: 0, limit: null })
  return [...new Set([...named, ...(found as { id: string }[]).map((body) => body.id)])]
}

async function countList<Row>(ctx: MlcContext, resource: ListResource<Row>, query: ListQuery): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from ${resource.from} where ${whereOf(resource, query)}`.execute(ctx.database.kysely)
  return rows[0]?.count ?? 0
}

/** One row by a condition, in the list's shape. */
export async function findOne<Row>(
  ctx: MlcContext,
  resource: ListResource<Row>,
  condition: Condition,
): Promise<unknown> {
  const always = resource.always ?? sql`true`
  const { rows } = await sql<Row>`
    select ${resource.columns} from ${resource.from} where ${always} and ${condition} limit 1`.execute(
    ctx.database.kysely,
  )
  return rows[0] === undefined ? undefined : resource.toBody(rows[0], {})
}

/**
 * Parameters that are not known are ignored, as are empty ones. But nothing has the id '', as in Camunda: a script whose variable was
 * never set (`?processInstanceId=`) must not take all there is for its own.
 */
function whereOf<Row>(resource: ListResource<Row>, query: ListQuery): Condition {
  const conditions: Condition[] = [resource.always ?? sql`true`]
  const restriction = resource.restrict?.(query) ?? null
  if (restriction !== null) conditions.push(restriction)
  conditions.push(...conditionsOf(resource, query))
  for (const alternatives of Array.isArray(query.orQueries) ? query.orQueries : []) {
    const either = conditionsOf(resource, (alternatives ?? {}) as ListQuery)
    if (either.length > 0) conditions.push(sql`(${sql.join(either, sql` or `)})`)
  }
  return sql.join(conditions, sql` and `)
}

function conditionsOf<Row>(resource: ListResource<Row>, query: ListQuery): Condition[] {
  const conditions: Condition[] = []
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || (value === '' && !/(?:^id|Id)$/.test(name))) continue
    const filter = Object.hasOwn(resource.filters, name) ? resource.filters[name] : undefined
    const condition = filter?.(value, name, query)
    if (condition !== undefined && condition !== null) conditions.push(condition)
  }
  return conditions
}

function sortOfGet<Row>(resource: ListResource<Row>, query: ListQuery): Condition[] {
  const { sortBy, sortOrder } = query
  if ((sortBy === undefined) !== (sortOrder === undefined)) {
    throw invalidRequest('Only a single sorting parameter specified. sortBy and sortOrder required')
  }
  if (sortBy === undefined) return []
  const column = sortColumn(resource, sortBy)
  if (column === undefined) throw badParameter('sortBy', sortBy)
  const direction = directionOf(sortOrder)
  if (direction === undefined) throw badParameter('sortOrder', sortOrder)
  return [sql`${column} ${direction}`]
}

function sortOfPost<Row>(resource: ListResource<Row>, query: ListQuery): Condition[] {
  if (!Array.isArray(query.sorting)) return []
  return query.sorting.map((item: { sortBy?: unknown; sortOrder?: unknown }) => {
    const column = sortColumn(resource, item?.sortBy)
    if (column === undefined) {
      throw notValid(
        'You should call any of the orderBy methods first before specifying a direction: currentOrderingProperty is null',
      )
    }
    const direction = directionOf(item.sortOrder)
    if (direction === undefined)
      throw notValid('Invalid query: call asc() or desc() after using orderByXX(): direction is null')
    return sql`${column} ${direction}`
  })
}

function sortColumn<Row>(resource: ListResource<Row>, sortBy: unknown): Condition | undefined {
  return typeof sortBy === 'string' && Object.hasOwn(resource.sorts, sortBy) ? resource.sorts[sortBy] : undefined
}

function directionOf(sortOrder: unknown): Condition | undefined {
  if (sortOrder === 'asc') return sql`asc nulls first`
  return sortOrder === 'desc' ? sql`desc nulls last` : undefined
}

function notValid(message: string) {
  return camundaProblem(400, 'NotValidException', message)
}

function pagingOf(query: ListQuery): Paging {
  const offset = wholeNumber(query.firstResult)
  const limit = wholeNumber(query.maxResults)
  return { offset: Math.max(offset ?? 0, 0), limit: limit === null ? null : Math.max(limit, 0) }
}

function wholeNumber(value: unknown): number | null {
  if (value === undefined || value === '') return null
  const text = String(value)
  if (!/^[+-]?\d{1,10}$/.test(text)) throw camundaProblem(404, 'QueryParamException', 'HTTP 404 Not Found', null)
  return Number(text)
}

/** A repeated parameter: the first one counts. */
export function queryOf(request: FastifyRequest): ListQuery {
  const query = (request.query ?? {}) as Record<string, unknown>
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  )
}

export function bodyOf(request: FastifyRequest): Record<string, unknown> {
  const { body } = request
  if (body === undefined || body === null) return {}
  if (typeof body !== 'object' || Array.isArray(body)) throw invalidRequest('The body must be a JSON object')
  return body as Record<string, unknown>
}

export function flagOf(query: ListQuery, name: string): boolean {
  return isTrue(query[name])
}

export function isFalse(value: unknown): boolean {
  return value !== undefined && value !== null && String(value).toLowerCase() === 'false'
}
