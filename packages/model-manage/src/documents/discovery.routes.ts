import type { App } from '@rowhouse/http'
import type { RouteOptions } from 'fastify'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { readers, tagged } from './route-schemas.ts'

/** What there is to be found, as Spring Data REST tells it: collections at the root, the searches of each below it. */
interface Found {
  /** `/jobs` → what its query takes. */
  collections: Map<string, string[]>
  /** `/storedModels` → `findAllByName` → what its query takes. */
  searches: Map<string, Map<string, string[]>>
}

/** To be called before the routes of the collections, and `discoveryRoutes` after them. */
export function noteCollections(app: App, ctx: Context): Found {
  const found: Found = { collections: new Map(), searches: new Map() }
  app.addHook('onRoute', ({ method, url, schema }) => {
    const [, collection, search] = /^(\/\w+)(?:\/search\/(\w+))?$/.exec(url.slice(ctx.prefix.length)) ?? []
    if (method !== 'GET' || collection === undefined) return
    if (search === undefined) found.collections.set(collection, queryNames(schema))
    else {
      const searches = found.searches.get(collection) ?? new Map<string, string[]>()
      found.searches.set(collection, searches.set(search, queryNames(schema)))
    }
  })
  return found
}

export function discoveryRoutes(app: App, { prefix }: Context, { collections, searches }: Found): void {
  const docs = tagged('what there is')
  const self = (path: string) => ({ self: { href: `${prefix}${path}` } })
  const root = linksTo(prefix, collections)
  app.get('/', { ...readers, schema: docs('The collections') }, async () => ({ _links: { ...root, ...self('') } }))
  for (const [collection, names] of searches) {
    const path = `${collection}/search`
    const links = linksTo(`${prefix}${path}`, new Map([...names].map(([name, query]) => [`/${name}`, query])))
    app.get(path, { ...readers, schema: docs(`The searches of ${collection.slice(1)}`) }, async () => ({
      _links: { ...links, ...self(path) },
    }))
  }
}

/** `{"jobs": {"href": "…/jobs{?page,size,sort}", "templated": true}}` */
function linksTo(base: string, paths: ReadonlyMap<string, string[]>) {
  return Object.fromEntries(
    [...paths].map(([path, query]) => [
      path.slice(1),
      query.length === 0
        ? { href: `${base}${path}` }
        : { href: `${base}${path}{?${query.join(',')}}`, templated: true },
    ]),
  )
}

function queryNames(schema: RouteOptions['schema']): string[] {
  const query = schema?.querystring
  return query instanceof z.ZodObject ? Object.keys(query.shape) : []
}
