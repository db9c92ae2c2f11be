import type { DeployedModelBody } from '@rowhouse/contract'
import { sql } from 'kysely'
import type { Context, Reader, Tx } from '../context.ts'
import { ownedBody, selfLink } from '../documents/owned.ts'
import { deployableModelBody } from '../models/deployable-model-store.ts'
import type { DeployableModelRow, DeployedModelRow } from '../rows.ts'
import { type EngineWithQueue, engineBody, listEngines } from '../runtimes/runtime-store.ts'

export function findDeployedModel(reader: Reader | Tx, id: string): Promise<DeployedModelRow | undefined> {
  return reader.selectFrom('model_manage.deployed_model').selectAll().where('id', '=', id).executeTakeFirst()
}

/** The newest deployment in state DEPLOYED of a service tag in a stage. */
export async function findNewestDeployed(
  reader: Reader | Tx,
  tag: string,
  stage: string,
): Promise<DeployedModelRow | undefined> {
  const found = await sql<DeployedModelRow>`
    select * from model_manage.deployed_model
    where stage = ${stage} and state = 'DEPLOYED' and service_tags @> ${[tag]}::text[]
    order by created_at desc, seq desc limit 1`.execute(reader)
  return found.rows[0]
}

/** The newest deployment in state DEPLOYED of a snapshot, in one stage or in any. */
export async function findNewestOfSnapshot(
  reader: Reader | Tx,
  deployableModelId: string,
  stage: string | null,
): Promise<DeployedModelRow | undefined> {
  const found = await sql<DeployedModelRow>`
    select * from model_manage.deployed_model
    where deployable_model_id = ${deployableModelId} and state = 'DEPLOYED' and (${stage}::text is null or stage = ${stage})
    order by created_at desc, seq desc limit 1`.execute(reader)
  return found.rows[0]
}

/** Runtimes named in the deployments of a snapshot to a stage. */
export async function listDeployedEngineIds(reader: Reader | Tx, row: DeployedModelRow): Promise<string[]> {
  const rows = await reader
    .selectFrom('model_manage.deployed_model')
    .select('engine_id')
    .where('deployable_model_id', '=', row.deployable_model_id)
    .where('stage', '=', row.stage)
    .where('state', '=', 'DEPLOYED')
    .execute()
  return rows.map((each) => each.engine_id)
}

/** Documents of deployments, in the order given, with their runtimes and snapshots. As stored: contents are references. */
export async function deployedModelBodies(
  ctx: Context,
  reader: Reader | Tx,
  rows: readonly DeployedModelRow[],
): Promise<DeployedModelBody[]> {
  if (rows.length === 0) return []
  const engineIds = [...new Set(rows.map((row) => row.engine_id))]
  const snapshotIds = [...new Set(rows.map((row) => row.deployable_model_id))]
  const engines = await listEngines(reader, sql`engine.id = any(${engineIds}::uuid[])`)
  const snapshots = await reader
    .selectFrom('model_manage.deployable_model')
    .selectAll()
    .where('id', 'in', snapshotIds)
    .execute()
  const engineById = new Map(engines.map((engine) => [engine.id, engine]))
  const snapshotById = new Map(snapshots.map((snapshot) => [snapshot.id, snapshot]))
  return rows.flatMap((row) => {
    const engine = engineById.get(row.engine_id)
    const snapshot = snapshotById.get(row.deployable_model_id)
    // both are foreign keys: they are there
    return engine && snapshot ? [deployedModelBody(ctx, row, engine, snapshot)] : []
  })
}

function deployedModelBody(
  ctx: Context,
  row: DeployedModelRow,
  engine: EngineWithQueue,
  snapshot: DeployableModelRow,
): DeployedModelBody {
  return {
    ...(row.document as object as DeployedModelBody),
    ...ownedBody(row),
    engine: engineBody(engine, ctx.now(), ctx.prefix),
    deployableModel: deployableModelBody(snapshot, ctx.prefix),
    state: row.state,
    stage: row.stage,
    serviceTags: row.service_tags,
    undeployTime: row.undeployed_at?.toISOString() ?? null,
    _links: selfLink(`${ctx.prefix}/deployedModels/${row.id}`),
  }
}
