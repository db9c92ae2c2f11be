import { HeartbeatInput, isUuid, parseTag, RegisterInput } from '@rowhouse/contract'
import { type App, checkIfMatch, sendVersioned, versionEtag } from '@rowhouse/http'
import { sql } from 'kysely'
import { z } from 'zod'
import { type Context, inTransaction } from '../context.ts'
import { getRow } from '../documents/answer.ts'
import { makeLister, ownedSortColumns } from '../documents/list-page.ts'
import { idParams, oneOrSeveral, pageQuery, patchBody, readers, runtimes, tagged } from '../documents/route-schemas.ts'
import type { EngineRow } from '../rows.ts'
import { beat } from './beat.ts'
import { editRuntime } from './edit-runtime.ts'
import { registerRuntime } from './register-runtime.ts'
import { engineBody, findEngine, listEngines } from './runtime-store.ts'
import { unregisterRuntime } from './unregister-runtime.ts'

const sortColumns = {
  ...ownedSortColumns,
  name: 'name',
  state: 'state',
  engineType: 'engine_type',
  lastHeartbeatDate: 'beat_at',
}
const tagsQuery = pageQuery.extend({ tags: oneOrSeveral.describe('Comma list: runtimes that carry all of them') })

const docs = tagged('runtimes (engines)')

export function engineRoutes(app: App, ctx: Context): void {
  peopleRoutes(app, ctx)
  runtimeRoutes(app, ctx)
}

function peopleRoutes(app: App, ctx: Context): void {
  const list = makeLister<EngineRow>(ctx, {
    ...{ rel: 'engines', table: 'model_manage.engine', sortColumns },
    bodiesOf: async (rows) => {
      const ids = rows.map((row) => row.id)
      const full = ids.length === 0 ? [] : await listEngines(ctx.database.kysely, sql`engine.id = any(${ids}::uuid[])`)
      full.sort((x, y) => ids.indexOf(x.id) - ids.indexOf(y.id))
      return full.map((row) => engineBody(row, ctx.now(), ctx.prefix))
    },
  })

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
      const tags = request.query.tags.filter((tag) => tag !== '').map(parseTag)
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
}

function runtimeRoutes(app: App, ctx: Context): void {
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
