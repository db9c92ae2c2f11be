import { isUuid, SnapshotInput } from '@rowhouse/contract'
import { type App, checkIfMatch, sendVersioned } from '@rowhouse/http'
import { sql } from 'kysely'
import { type Context, inTransaction } from '../context.ts'
import { answerCreated, getRow } from '../documents/answer.ts'
import { getContents, withoutContents } from '../documents/contents.ts'
import { makeLister, ownedSortColumns } from '../documents/list-page.ts'
import { idParams, nameQuery, pageQuery, patchBody, readers, tagged } from '../documents/route-schemas.ts'
import type { DeployableModelRow } from '../rows.ts'
import { createSnapshot } from './create-snapshot.ts'
import { deployableModelBody, findDeployableModel } from './deployable-model-store.ts'
import { patchSnapshot } from './patch-snapshot.ts'

const sortColumns = {
  ...ownedSortColumns,
  name: 'name',
  'metaData.name': 'name',
  'storedModel.id': 'stored_model_id',
  'storedModel.modelMetaData.name': 'stored_model_name',
}
const storedModelQuery = pageQuery.extend({ storedModelId: idParams.shape.id })

const docs = tagged('snapshots (deployable models)')

export function deployableModelRoutes(app: App, ctx: Context): void {
  readRoutes(app, ctx)
  writeRoutes(app, ctx)
}

function readRoutes(app: App, ctx: Context): void {
  const list = makeLister<DeployableModelRow>(ctx, {
    ...{ rel: 'deployableModels', table: 'model_manage.deployable_model', sortColumns },
    bodiesOf: (rows) => rows.map((row) => withoutContents(deployableModelBody(row, ctx.prefix))),
  })

  app.get(
    '/deployableModels',
    { ...readers, schema: { ...docs('List snapshots, newest first, without contents'), querystring: pageQuery } },
    async (request) => list('/deployableModels', request.query),
  )

  app.get(
    '/deployableModels/search/findAllByStoredModelId',
    { ...readers, schema: { ...docs('Snapshots of a model'), querystring: storedModelQuery } },
    async (request) => {
      const { storedModelId } = request.query
      const where = isUuid(storedModelId) ? sql<boolean>`stored_model_id = ${storedModelId}` : sql<boolean>`false`
      return list('/deployableModels/search/findAllByStoredModelId', request.query, [where])
    },
  )

  app.get(
    '/deployableModels/search/findAllByName',
    { ...readers, schema: { ...docs("Snapshots by their own or their model's name"), querystring: nameQuery } },
    async (request) => {
      const { name } = request.query
      const where = sql<boolean>`(name = ${name} or stored_model_name = ${name})`
      return list('/deployableModels/search/findAllByName', request.query, [where])
    },
  )

  app.get(
    '/deployableModels/:id',
    { ...readers, schema: { ...docs('One snapshot with the contents of its assets'), params: idParams } },
    async (request, reply) => {
      const { kysely } = ctx.database
      const row = await getRow('deployable model', request.params.id, (id) => findDeployableModel(kysely, id))
      return sendVersioned(request, reply, await getContents(kysely, deployableModelBody(row, ctx.prefix)))
    },
  )
}

function writeRoutes(app: App, ctx: Context): void {
  app.post(
    '/deployableModels',
    {
      schema: { ...docs('Snapshot a model: the server copies it as it is now and tells the MLC'), body: SnapshotInput },
    },
    async (request, reply) => answerCreated(ctx, request, reply, (work) => createSnapshot(work, request.body)),
  )

  app.patch(
    '/deployableModels/:id',
    {
      schema: {
        ...docs('Merge patch of metaData and targetRuntimes; the copied model stays'),
        params: idParams,
        body: patchBody,
      },
    },
    async (request, reply) => {
      const check = (version: number) => checkIfMatch(request, 'deployable model', version)
      const body = await inTransaction(ctx, request.principal.name, (work) =>
        patchSnapshot(work, request.params.id, request.body, check),
      )
      return sendVersioned(request, reply, body)
    },
  )
}
