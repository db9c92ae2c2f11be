import { isUuid, StoredModelContent } from '@rowhouse/contract'
import { type App, checkIfMatch, sendVersioned } from '@rowhouse/http'
import { sql } from 'kysely'
import { type Context, inTransaction } from '../context.ts'
import { answerCreated, getRow } from '../documents/answer.ts'
import { getContents, withoutContents } from '../documents/contents.ts'
import { makeLister, ownedSortColumns } from '../documents/list-page.ts'
import { idParams, nameQuery, pageQuery, patchBody, readers, tagged } from '../documents/route-schemas.ts'
import type { StoredModelRow } from '../rows.ts'
import { createStoredModel } from './create-stored-model.ts'
import { patchStoredModel } from './patch-stored-model.ts'
import { findStoredModel, storedModelBody } from './stored-model-store.ts'

const sortColumns = { ...ownedSortColumns, name: 'name', 'modelMetaData.name': 'name' }

const docs = tagged('stored models')

export function storedModelRoutes(app: App, ctx: Context): void {
  readRoutes(app, ctx)
  writeRoutes(app, ctx)
}

function readRoutes(app: App, ctx: Context): void {
  const list = makeLister<StoredModelRow>(ctx, {
    ...{ rel: 'storedModels', table: 'model_manage.stored_model', sortColumns },
    bodiesOf: (rows) => rows.map((row) => withoutContents(storedModelBody(row, ctx.prefix))),
  })

  app.get(
    '/storedModels',
    {
      ...readers,
      schema: { ...docs('List registered models, newest first, without contents'), querystring: pageQuery },
    },
    async (request) => list('/storedModels', request.query),
  )

  app.get(
    '/storedModels/search/findAllByName',
    { ...readers, schema: { ...docs('Models by name'), querystring: nameQuery } },
    async (request) =>
      list('/storedModels/search/findAllByName', request.query, [sql<boolean>`name = ${request.query.name}`]),
  )

  app.get(
    '/storedModels/search/findAllByIdOrName',
    { ...readers, schema: { ...docs('Models by id or by name, for people who have either'), querystring: nameQuery } },
    async (request) => {
      const { name } = request.query
      const where = isUuid(name) ? sql<boolean>`(id = ${name} or name = ${name})` : sql<boolean>`name = ${name}`
      return list('/storedModels/search/findAllByIdOrName', request.query, [where])
    },
  )

  app.get(
    '/storedModels/:id',
    { ...readers, schema: { ...docs('One model with the contents of its assets'), params: idParams } },
    async (request, reply) => {
      const row = await getRow('stored model', request.params.id, (id) => findStoredModel(ctx.database.kysely, id))
      return sendVersioned(request, reply, await getContents(ctx.database.kysely, storedModelBody(row, ctx.prefix)))
    },
  )
}

function writeRoutes(app: App, ctx: Context): void {
  app.post(
    '/storedModels',
    { schema: { ...docs('Register a model: tells the MLC model_created'), body: StoredModelContent } },
    async (request, reply) => answerCreated(ctx, request, reply, (work) => createStoredModel(work, request.body)),
  )

  app.patch(
    '/storedModels/:id',
    {
      schema: {
        ...docs('Merge patch: what is not named stays. Tells the MLC model_changed'),
        params: idParams,
        body: patchBody,
      },
    },
    async (request, reply) => {
      const check = (version: number) => checkIfMatch(request, 'stored model', version)
      const body = await inTransaction(ctx, request.principal.name, (work) =>
        patchStoredModel(work, request.params.id, request.body, check),
      )
      return sendVersioned(request, reply, body)
    },
  )
}
