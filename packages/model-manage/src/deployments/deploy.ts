import { randomUUID } from 'node:crypto'
import { type DeployedModelBody, type DeploymentInput, InputError, parseTag } from '@rowhouse/contract'
import { sql } from 'kysely'
import type { z } from 'zod'
import type { Work } from '../context.ts'
import { getRow } from '../documents/answer.ts'
import { ownedColumns, withoutOwned } from '../documents/owned.ts'
import { storableJson } from '../documents/storable-json.ts'
import { deployableModelBody, findDeployableModel } from '../models/deployable-model-store.ts'
import { languageOf } from '../models/language.ts'
import type { DeployableModelRow, DeployedModelRow } from '../rows.ts'
import { type Candidate, matchRuntime, noMatchingRuntime, type RuntimeWish, rankedMatches } from '../runtimes/match.ts'
import { listEngines, lockRuntimes, toCandidate } from '../runtimes/runtime-store.ts'
import { deployedModelBodies } from './deployed-model-store.ts'
import { placedElsewhere, readDataWish, storeData } from './deployment-data.ts'

type DeploymentWish = z.output<typeof DeploymentInput>

/** Deploys as batch: a record for each runtime that matches now. Nothing is loaded there; jobs are matched anew. */
export async function deploy(work: Work, wish: DeploymentWish): Promise<DeployedModelBody[]> {
  const { tx, ctx } = work
  // of two deployments at once the second finds the records of the first
  await lockRuntimes(tx)
  const stage = parseTag(wish.stage)
  const snapshot = await getRow('deployable model', wish.deployableModel.id, (id) => findDeployableModel(tx, id))
  if (snapshot.service_tags.length === 0) throw noServiceTag(snapshot)
  const language = languageOf(deployableModelBody(snapshot, ctx.prefix).storedModel)
  const wanted: RuntimeWish = {
    tags: snapshot.service_tags,
    stage,
    language,
    engineType: null,
    engineName: null,
    engineIds: null,
  }
  const candidates = (await listEngines(tx)).map((row) => toCandidate(row, work.now))
  const runtimes = rankedMatches(wanted, candidates)
  if (runtimes.length === 0) {
    const match = matchRuntime(wanted, candidates)
    if (!match.found) throw noMatchingRuntime(wanted, match.data)
  }
  const rows: DeployedModelRow[] = []
  for (const runtime of runtimes) rows.push(await deployTo(work, { snapshot, stage, runtime, wish }))
  return deployedModelBodies(ctx, tx, rows)
}

function noServiceTag(snapshot: DeployableModelRow): InputError {
  const name = snapshot.name ?? snapshot.id
  return new InputError(
    'NoServiceTag',
    `The snapshot '${name}' has no service tag, so that no trigger could find it: give it one under metaData.tags (moc snapshot create … --tag <service tag>)`,
    { deployableModelId: snapshot.id },
  )
}

interface Placement {
  snapshot: DeployableModelRow
  stage: string
  runtime: Candidate
  wish: DeploymentWish
}

/** The same snapshot on the same runtime in the same stage is the same deployment; input and output are set anew when given. */
async function deployTo(work: Work, placement: Placement): Promise<DeployedModelRow> {
  const data = readDataWish(work, placement.wish)
  const existing = await work.tx
    .selectFrom('model_manage.deployed_model')
    .selectAll()
    .where('deployable_model_id', '=', placement.snapshot.id)
    .where('engine_id', '=', placement.runtime.id)
    .where('stage', '=', placement.stage)
    .where('state', '=', 'DEPLOYED')
    .forUpdate()
    .executeTakeFirst()
  if (existing === undefined) return insertDeployed(work, placement, data)
  const isSameTags = existing.service_tags.join() === placement.snapshot.service_tags.join()
  if (Object.keys(data.clean).length === 0 && isSameTags) return existing
  return work.tx
    .updateTable('model_manage.deployed_model')
    .set({
      document: storableJson(await storeData(work, existing.id, existing.document, data)),
      service_tags: placement.snapshot.service_tags,
      version: sql`version + 1`,
      modified_at: work.now,
      modified_by: work.who,
    })
    .where('id', '=', existing.id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

async function insertDeployed(
  work: Work,
  { snapshot, stage, runtime, wish }: Placement,
  data: ReturnType<typeof readDataWish>,
): Promise<DeployedModelRow> {
  const id = randomUUID()
  const more = withoutOwned(wish, placedElsewhere)
  const document = { inputData: [], outputData: [], additionalAssets: [], schedules: [], ...more }
  return work.tx
    .insertInto('model_manage.deployed_model')
    .values({
      ...ownedColumns(id, work.now, work.who, wish.group),
      deployable_model_id: snapshot.id,
      engine_id: runtime.id,
      stored_model_name: snapshot.stored_model_name,
      stage,
      service_tags: snapshot.service_tags,
      state: 'DEPLOYED',
      document: storableJson(await storeData(work, id, document, data)),
    })
    .returningAll()
    .executeTakeFirstOrThrow()
}
