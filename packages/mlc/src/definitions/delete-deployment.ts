import { sql } from 'kysely'
import { camundaProblem, notFound } from '../camunda-problems.ts'
import type { MlcContext, Tx } from '../context.ts'
import { insertCancelErrands } from '../instances/errands.ts'
import { armDefinitions } from './arm-definition.ts'
import { type DefinitionRow, definitionsOf, findDeployment, newestVersions } from './deployment-store.ts'

/** Removes the definitions; with `cascade` their instances and history too. The newest remaining version of each key listens again. */
export async function deleteDeployment(ctx: MlcContext, id: string, cascade: boolean): Promise<void> {
  await ctx.database.transaction(async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtext('mlc.deploy'))`.execute(tx)
    if ((await findDeployment(tx, id)) === undefined) {
      throw notFound('deployment', id, `Deployment with id '${id}' do not exist`)
    }
    const definitions = await definitionsOf(tx, id)
    if (cascade) await deleteInstances(ctx, tx, definitions)
    else await refuseLiveInstances(tx, definitions)
    const before = await newestOf(tx, definitions)
    await sql`delete from mlc.deployment where id = ${id}`.execute(tx)
    await armAgain(ctx, tx, definitions, before)
  })
  ctx.wake('due-work')
}

async function refuseLiveInstances(tx: Tx, definitions: readonly DefinitionRow[]): Promise<void> {
  for (const definition of definitions) {
    const { rows } = await sql<{ live: number }>`
      select count(*)::int as live from mlc.instance where definition_id = ${definition.id} and ended_at is null`.execute(
      tx,
    )
    const live = rows[0]?.live ?? 0
    if (live === 0) continue
    throw camundaProblem(
      500,
      'ProcessEngineException',
      `ENGINE-03076 Deletion of process definition without cascading failed. Process definition with id: ${definition.id} can't be deleted, because there are ${live} dependent process instances.`,
    )
  }
}

async function deleteInstances(ctx: MlcContext, tx: Tx, definitions: readonly DefinitionRow[]): Promise<void> {
  const ids = definitions.map((definition) => definition.id)
  const { rows } = await sql<{ id: string; was_live: boolean }>`
    delete from mlc.instance where definition_id = any(${ids}::text[]) returning id, ended_at is null as was_live`.execute(
    tx,
  )
  await insertCancelErrands(
    ctx,
    tx,
    rows.filter((row) => row.was_live).map((row) => row.id),
  )
}

async function newestOf(tx: Tx, definitions: readonly DefinitionRow[]): Promise<Set<string>> {
  const newest = new Set<string>()
  for (const { key, tenant_id: tenantId } of definitions) {
    const row = (await newestVersions(tx, [key], tenantId)).get(key)
    if (row !== undefined) newest.add(row.id)
  }
  return newest
}

/** Only where the newest version went: an older one that goes changes nothing for the listening one. */
async function armAgain(
  ctx: MlcContext,
  tx: Tx,
  deleted: readonly DefinitionRow[],
  newest: ReadonlySet<string>,
): Promise<void> {
  for (const { id, key, tenant_id: tenantId } of deleted) {
    if (!newest.has(id)) continue
    const remaining = (await newestVersions(tx, [key], tenantId)).get(key)
    if (remaining === undefined) continue
    const graph = await ctx.graphs.get(tx, remaining.id)
    await armDefinitions(ctx, tx, [[remaining, graph]])
  }
}
