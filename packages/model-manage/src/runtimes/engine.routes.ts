import { HeartbeatInput, parseTag, RegisterInput } from '@rowhouse/contract'
import { type App, checkIfMatch, halList, parsePage, sendVersioned, versionEtag } from '@rowhouse/http'
import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import { type Context, inTransaction } from '../context.ts'
import { getRow } from '../documents/answer.ts'
import { countRows, listRows, ownedSortColumns } from '../documents/list-page.ts'
import { isUuid } from '../documents/owned.ts'
import { idParams, pageQuery, patchBody, tagged } from '../documents/route-schemas.ts'
import { beat } from './beat.ts'
import { editRuntime } from './edit-runtime.ts'
import { registerRuntime } from './register-runtime.ts'
import { engineBody, findEngine, listEngines } from './runtime-store.ts'
import { unregisterRuntime } from './unregister-runtime.ts'

const sortColumns = { ...ownedSortColumns, name: 'name', state: 'state', engineType: 'engine_type' }
const readers = { config: { access: ['user', 'internal', 'runtime'] as const } }
const runtimes = { config: { access: ['runtime', 'internal'] as const } }
const tagsQuery = pageQuery.extend({ tags: z.string().describe('Comma list: runtimes that carry all of them') })

export function engineRoutes(app: App, ctx: Context): void {
  const docs = tagged('runtimes (engines)')
  const list = async (path: string, query: unknown, where: RawBuilder<boolean>[] = []) => {
    const page = parsePage(query)
    const table = 'model_manage.engine'
    const ids = (await listRows<{ id: string }>(ctx.database.kysely, { table, page, sortColumns, where })).map(
      (row) => row.id,
    )
    const rows = ids.length === 0 ? [] : await listEngines(ctx.database.kysely, sql`engine.id = any(${ids}::uuid[])`)
    rows.sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id))
    const total = await countRows(ctx.database.kysely, table, where)
    const items = rows.map((row) => engineBody(row, ctx.now(), ctx.prefix))
    return halList({ rel: 'engines', items, page, total, path: `${ctx.prefix}${path}`, query })
  }

  app.get(
    '/engines',
    { ...readers, schema: { ...docs('List runtimes with their queues'), querystring: pageQuery } },
    async (request) => list('/engines', request.query),
  )

  app.get(
    '/engines/search/findAllByTags',
    {
      ...readers,
      schema: { ...docs('Runtimes that carry all the tags; tags are compared exactly'), querystring: tagsQuery },
    },
    async (request) => {
      const tags = request.query.tags
        .split(',')
        .filter((tag) => tag.trim() !== '')
        .map(parseTag)
      return list('/engines/search/findAllByTags', request.query, [sql<boolean>`tags @> ${tags}::text[]`])
    },
  )

  app.get(
    '/engines/:id',
    { ...readers, schema: { ...docs('One runtime'), params: idParams } },
    async (request, reply) => {
      const row = await getRow('runtime', request.params.id, (id) => findEngine(ctx.database.kysely, id))
      // heartbeats do not raise the version: no 304 here
      return reply.header('etag', versionEtag(row.version)).send(engineBody(row, ctx.now(), ctx.prefix))
    },
  )

  app.patch(
    '/engines/:id',
    {
      schema: {
        ...docs('Edit tags, stage, endpoints: queued jobs are matched again'),
        params: idParams,
        body: patchBody,
      },
    },
    async (request, reply) => {
      const check = (version: number) => checkIfMatch(request, 'runtime', version)
      const body = await inTransaction(ctx, request.principal.name, (work) =>
        editRuntime(work, request.params.id, request.body, check),
      )
      return sendVersioned(request, reply, body)
    },
  )

  app.post(
    '/engines/register',
    {
      ...runtimes,
      schema: { ...docs('A runtime registers; a known name takes that record over'), body: RegisterInput },
    },
    async (request) => inTransaction(ctx, request.principal.name, (work) => registerRuntime(work, request.body)),
  )

  app.post(
    '/engines/:id/heartbeat',
    {
      ...runtimes,
      schema: {
        ...docs('A runtime is alive, and so are the attempts it names'),
        params: idParams,
        body: HeartbeatInput,
      },
    },
    async (request) => beat(ctx, request.params.id, request.body),
  )

  app.post(
    '/engines/:id/unregister',
    {
      ...runtimes,
      schema: { ...docs('A runtime stops'), params: idParams, body: z.object({ session: z.number().int() }) },
    },
    async (request, reply) => {
      const { id } = request.params
      if (isUuid(id)) {
        await inTransaction(ctx, request.principal.name, (work) => unregisterRuntime(work, id, request.body.session))
      }
      return reply.code(204).send()
    },
  )
}
