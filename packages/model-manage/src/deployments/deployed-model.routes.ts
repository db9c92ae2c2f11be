import { DeployedModelState, DeploymentInput, InputError, isUuid } from '@rowhouse/contract'
import { type App, checkIfMatch, sendVersioned, versionEtag } from '@rowhouse/http'
import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import { type Context, inTransaction } from '../context.ts'
import { answerCreated, getRow } from '../documents/answer.ts'
import { getContents, withoutContents } from '../documents/contents.ts'
import { makeLister, ownedSortColumns } from '../documents/list-page.ts'
import { idParams, pageQuery, patchBody, readers, tagged } from '../documents/route-schemas.ts'
import type { DeployedModelRow } from '../rows.ts'
import { deploy } from './deploy.ts'
import { deployedModelBodies, findDeployedModel, findNewestDeployed } from './deployed-model-store.ts'
import { explainFromStore } from './explain-from-store.ts'
import { modelNotDeployed } from './explain-not-deployed.ts'
import { patchDeployment } from './patch-deployment.ts'

const rel = 'deployedModels'
const sortColumns = { ...ownedSortColumns, state: 'state', stage: 'stage', undeployTime: 'undeployed_at' }
const nameStateTag = pageQuery.extend({
  storedModelName: z.string().optional().describe('Name or id of the stored model'),
  state: z.string().optional().describe('DEPLOYED or UNDEPLOYED, in any case of letters'),
  tag: z.string().optional().describe('A service tag or the stage'),
})
const tagAndStage = z.looseObject({ tag: z.string().min(1), stage: z.string().min(1) })

const docs = tagged('deployments (deployed models)')

export function deployedModelRoutes(app: App, ctx: Context): void {
  readRoutes(app, ctx)
  writeRoutes(app, ctx)
}

function readRoutes(app: App, ctx: Context): void {
  const { kysely } = ctx.database
  const list = makeLister<DeployedModelRow>(ctx, {
    ...{ rel, table: 'model_manage.deployed_model', sortColumns },
    bodiesOf: async (rows) => withoutContents(await deployedModelBodies(ctx, kysely, rows)),
  })

  app.get(
    '/deployedModels',
    { ...readers, schema: { ...docs('List deployments, newest first, without contents'), querystring: pageQuery } },
    async (request) => list('/deployedModels', request.query),
  )

  app.get(
    '/deployedModels/search/findAllByStoredModelNameAndStateAndTag',
    {
      ...readers,
      schema: { ...docs('Deployments by model, state and service tag or stage'), querystring: nameStateTag },
    },
    async (request) => {
      const path = '/deployedModels/search/findAllByStoredModelNameAndStateAndTag'
      return list(path, request.query, whereNameStateTag(request.query))
    },
  )

  app.get(
    '/deployedModels/search/findMostRecentBatch',
    {
      ...readers,
      schema: {
        ...docs('The newest DEPLOYED one for a service tag in a stage; 422 says what was nearly right'),
        querystring: tagAndStage,
      },
    },
    async (request, reply) => {
      const { tag, stage } = request.query
      const row = await findNewestDeployed(kysely, tag, stage)
      if (row === undefined) throw modelNotDeployed(await explainFromStore(kysely, tag, stage))
      const [body] = await deployedModelBodies(ctx, kysely, [row])
      return reply.send(withoutContents(body))
    },
  )

  app.get(
    '/deployedModels/:id',
    { ...readers, schema: { ...docs('One deployment'), params: idParams } },
    async (request, reply) => {
      const row = await getRow('deployed model', request.params.id, (id) => findDeployedModel(kysely, id))
      const [body] = await deployedModelBodies(ctx, kysely, [row])
      return reply.header('etag', versionEtag(row.version)).send(await getContents(kysely, body))
    },
  )
}

function writeRoutes(app: App, ctx: Context): void {
  app.post(
    '/deployedModels',
    {
      schema: {
        ...docs('Deploy a snapshot as batch: one deployment for each runtime that matches now'),
        body: DeploymentInput,
      },
    },
    async (request, reply) =>
      answerCreated(ctx, request, reply, async (work) => {
        const bodies = withoutContents(await deploy(work, request.body))
        return {
          _embedded: { [rel]: bodies },
          _links: { self: { href: `${ctx.prefix}/deployedModels/${bodies[0]?.id}` } },
        }
      }),
  )

  app.patch(
    '/deployedModels/:id',
    {
      schema: {
        ...docs('Merge patch; state UNDEPLOYED undeploys and cancels queued jobs'),
        params: idParams,
        body: patchBody,
      },
    },
    async (request, reply) => {
      const check = (version: number) => checkIfMatch(request, 'deployed model', version)
      const body = await inTransaction(ctx, request.principal.name, (work) =>
        patchDeployment(work, request.params.id, request.body, check),
      )
      return sendVersioned(request, reply, await getContents(ctx.database.kysely, body))
    },
  )
}

function parseState(text: string): DeployedModelRow['state'] {
  const parsed = DeployedModelState.safeParse(text.toUpperCase())
  if (parsed.success) return parsed.data
  const states = DeployedModelState.options.join(', ')
  throw new InputError('InvalidField', `'state' is '${text}': it must be one of ${states}`, { field: 'state' })
}

function whereNameStateTag({ storedModelName, state, tag }: z.output<typeof nameStateTag>): RawBuilder<boolean>[] {
  const where: RawBuilder<boolean>[] = []
  if (storedModelName !== undefined) {
    const byId = isUuid(storedModelName)
      ? sql<boolean>`deployable_model_id in (select id from model_manage.deployable_model where stored_model_id = ${storedModelName})`
      : sql<boolean>`false`
    where.push(sql<boolean>`(stored_model_name = ${storedModelName} or ${byId})`)
  }
  if (state !== undefined) where.push(sql<boolean>`state = ${parseState(state)}`)
  if (tag !== undefined) where.push(sql<boolean>`(stage = ${tag} or service_tags @> ${[tag]}::text[])`)
  return where
}
