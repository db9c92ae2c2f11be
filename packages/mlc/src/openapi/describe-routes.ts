/** Gives each route its words in /openapi.json: summary, heading, parameters, body. Nothing is checked or changed by them. */
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify'
import { z } from 'zod'
import { type RouteWords, wordsOf } from './route-words.ts'

const headings: Record<string, string> = {
  signal: 'engine: signals and messages',
  signalResponsive: 'engine: signals and messages',
  message: 'engine: signals and messages',
  deployment: 'engine: deployments',
  'process-definition': 'engine: process definitions',
  'process-instance': 'engine: process instances',
  'variable-instance': 'engine: process instances',
  execution: 'engine: executions',
  'event-subscription': 'engine: executions',
  incident: 'engine: incidents',
  job: 'engine: due work (job)',
  'job-definition': 'engine: due work (job)',
  'external-task': 'engine: external tasks',
  task: 'engine: user tasks',
  history: 'engine: history',
}

/** Call it before the routes. */
export function describeRoutes(app: FastifyInstance): void {
  // These schemas are for the reader: Camunda's clients send what they like, and get Camunda's own errors.
  app.setValidatorCompiler(() => () => true)
  app.addHook('onRoute', (route) => {
    const path = route.url.slice(app.prefix.length)
    const words = wordsOf(`${String(route.method)} ${path}`)
    route.schema = { ...headOf(path), ...paramsOf(path), ...(words && schemaOf(words)), ...route.schema }
  })
}

/** For the copy of the routes below the engine's name, which would only fill the document, and for calls between wings. */
export function hideRoute(route: RouteOptions): void {
  route.schema = { ...route.schema, hide: true } as FastifySchema
}

/** GET takes the filters as parameters, POST as members of its body. */
export function describeList(
  path: string,
  names: { filters: readonly string[]; sorts: readonly string[] },
  kind: 'list' | 'count' | 'query' | 'query count',
): FastifySchema {
  const what = path.slice(1).replace('/', ' ')
  const isCount = kind.endsWith('count')
  const filters = Object.fromEntries(names.filters.map((name) => [name, z.unknown().optional()]))
  const paging = {
    firstResult: z.string().optional().describe('From this one on, from 0'),
    maxResults: z.string().optional().describe('At most so many'),
  }
  const sorting = {
    sortBy: z.string().optional().describe(names.sorts.join(', ')),
    sortOrder: z.string().optional().describe('asc or desc'),
  }
  const summary = `${isCount ? 'Count' : 'List'}: ${what}`
  if (kind === 'list') return { summary, querystring: z.looseObject({ ...filters, ...sorting, ...paging }) }
  if (kind === 'count') return { summary, querystring: z.looseObject(filters) }
  const query = z.looseObject({ ...filters, sorting: z.array(z.looseObject(sorting)).optional() })
  return { summary: `${summary}, by a query`, body: query, ...(isCount ? {} : { querystring: z.looseObject(paging) }) }
}

declare module 'fastify' {
  interface FastifySchema {
    summary?: string
    tags?: readonly string[]
    consumes?: readonly string[]
  }
}

function headOf(path: string): FastifySchema {
  return { tags: [headings[path.split('/')[1] ?? ''] ?? 'engine'] }
}

function paramsOf(path: string): FastifySchema {
  const names = [...path.matchAll(/:(\w+)/g)].map((match) => match[1] ?? '')
  if (names.length === 0) return {}
  return { params: z.object(Object.fromEntries(names.map((name) => [name, z.string()]))) }
}

function schemaOf({ summary, body, query, consumes }: RouteWords): FastifySchema {
  const parameters = Object.entries(query ?? {}).map(([name, meaning]) => [
    name,
    z.string().optional().describe(meaning),
  ])
  return {
    summary,
    ...(body === undefined ? {} : { body }),
    ...(parameters.length === 0 ? {} : { querystring: z.looseObject(Object.fromEntries(parameters)) }),
    ...(consumes === undefined ? {} : { consumes: [consumes] }),
  }
}
