import { sql } from 'kysely'
import type { MlcContext } from '../context.ts'
import type { Condition } from '../lists/filters.ts'
import { setJobRetries } from './change-job.ts'

/** New work of a suspended job definition is suspended too; existing work only with `includeJobs`, under the locks of its instances. */
export async function suspendJobDefinitions(
  ctx: MlcContext,
  which: Condition,
  suspended: boolean,
  includeJobs: boolean,
): Promise<void> {
  await ctx.database.transaction(async (tx) => {
    const { rows } = await sql<{ id: string }>`
      update mlc.job_definition j set is_suspended = ${suspended}::boolean
      from mlc.process_definition d where d.id = j.definition_id and ${which} returning j.id`.execute(tx)
    if (!includeJobs || rows.length === 0) return
    const ids = rows.map((row) => row.id)
    await sql`
      select 1 from mlc.instance l where l.id in (
        select i.id from mlc.due_work w join mlc.instance i on i.id = w.instance_id
        where mlc.job_definition_of(i.definition_id, w.activity_id, w.kind) = any(${ids}::text[]))
      order by l.id for update`.execute(tx)
    await sql`
      update mlc.due_work w set is_suspended = ${suspended}::boolean
      from mlc.instance i
      where i.id = w.instance_id and mlc.job_definition_of(i.definition_id, w.activity_id, w.kind) = any(${ids}::text[])`.execute(
      tx,
    )
    await sql`
      update mlc.due_work w set is_suspended = ${suspended}::boolean
      where w.definition_id is not null and mlc.job_definition_of(w.definition_id, w.activity_id, w.kind) = any(${ids}::text[])`.execute(
      tx,
    )
  })
  ctx.wake('due-work')
}

/** Gives retries to the failed work of a job definition. */
export async function setJobDefinitionRetries(ctx: MlcContext, id: string, retries: number): Promise<void> {
  const { rows } = await sql<{ id: string }>`
    select w.id from mlc.due_work w left join mlc.instance i on i.id = w.instance_id
    where w.retries = 0 and mlc.job_definition_of(coalesce(i.definition_id, w.definition_id), w.activity_id, w.kind) = ${id}`.execute(
    ctx.database.kysely,
  )
  for (const row of rows) await setJobRetries(ctx, row.id, retries, null)
}
