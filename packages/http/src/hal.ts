import { type HalList, InputError } from '@rowhouse/contract'

export interface Page {
  /** From 0. */
  page: number
  size: number
  offset: number
  sort: { field: string; direction: 'asc' | 'desc' }[]
}

const pageSizeDefault = 20
const pageSizeMax = 1000

type Query = Readonly<Record<string, unknown>>

/** `page`, `size`, and `sort=field,asc` (repeatable), as Spring Data REST reads them; what is no number is refused, not passed over. */
export function parsePage(query: unknown): Page {
  const q = (query ?? {}) as Query
  const page = wholeNumber(q, 'page', 0, 0, 10_000_000)
  const size = wholeNumber(q, 'size', pageSizeDefault, 1, pageSizeMax)
  return { page, size, offset: page * size, sort: listOf(q.sort).flatMap(parseSort) }
}

function wholeNumber(query: Query, name: string, fallback: number, min: number, max: number): number {
  const value = query[name]
  if (value === undefined || value === '') return fallback
  const number = Number(value)
  if (!Number.isSafeInteger(number) || number < min) {
    throw new InputError(
      'InvalidField',
      `Query parameter '${name}' is '${String(value)}': it must be a whole number from ${min}`,
      { field: name },
    )
  }
  return Math.min(number, max)
}

/** `name`, `name,desc`, `name,createdDate,desc`: as Spring reads them, the direction at the end holds for all fields before it. */
function parseSort(text: string): Page['sort'] {
  const words = text.split(',').map((part) => part.trim())
  const last = words.at(-1)?.toLowerCase()
  const direction = last === 'asc' || last === 'desc' ? last : null
  const fields = direction === null ? words : words.slice(0, -1)
  if (fields.length === 0 || fields.some((field) => !/^[A-Za-z_][\w.]*$/.test(field))) {
    throw new InputError(
      'InvalidField',
      `Query parameter 'sort' is '${text}': write a field and asc or desc, for instance createdDate,desc`,
      { field: 'sort' },
    )
  }
  return fields.map((field) => ({ field, direction: direction ?? 'asc' }))
}

function listOf(value: unknown): string[] {
  if (value === undefined || value === '') return []
  return (Array.isArray(value) ? value : [value]).map(String)
}

export interface HalListInput<T> {
  /** Collection name: `jobs`. */
  rel: string
  items: T[]
  page: Page
  total: number
  /** The list's own path, without a query. */
  path: string
  /** The request's query: the links keep its filters. */
  query: unknown
}

/** A page with its neighbours' links. No hits: an empty list under `_embedded`. */
export function halList<T>({ rel, items, page, total, path, query }: HalListInput<T>): HalList<T> {
  const totalPages = Math.ceil(total / page.size)
  const link = (number: number) => ({ href: `${path}${queryFor(query, { page: number, size: page.size })}` })
  const links: HalList<T>['_links'] = { self: link(page.page) }
  if (totalPages > 1) {
    links.first = link(0)
    if (page.page > 0) links.prev = link(Math.min(page.page, totalPages) - 1)
    if (page.page < totalPages - 1) links.next = link(page.page + 1)
    links.last = link(totalPages - 1)
  }
  return {
    _embedded: { [rel]: items },
    _links: links,
    page: { size: page.size, totalElements: total, totalPages, number: page.page },
  }
}

function queryFor(query: unknown, own: { page: number; size: number }): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries((query ?? {}) as Query)) {
    if (name === 'page' || name === 'size') continue
    for (const one of listOf(value)) params.append(name, one)
  }
  params.set('page', String(own.page))
  params.set('size', String(own.size))
  return `?${params}`
}
