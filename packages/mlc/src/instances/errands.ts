/** Due work that belongs to no instance: start timers, and the cancelling of jobs whose instance was deleted. */
import { sql } from 'kysely'
import type { MlcContext, Tx } from '../context.ts'
import { type DueStart, fireStartTimer } from '../definitions/start-timers.ts'
import { cancelJobsOf } from '../delegates/create-model-batch-job.ts'
import { failureOf, isPassing } from './failure.ts'

export interface Errand extends DueStart {
  kind: string
  payload: Record<string, unknown> | null
}

const cancelKind = 'cancel-jobs'
/** A model-manage wing that is away is asked again for about a day. */
const cancelRetries = 300
const cancelPauseMs = 5 * 60_000

/** In the transaction of the deletion: it is not forgotten, whatever happens next. */
export async function insertCancelErrands(ctx: MlcContext, tx: Tx, instanceIds: readonly string[]): Promise<void> {
  if (instanceIds.length === 0) return
  const values = instanceIds.map(
    (instanceId) =>
      sql`(${ctx.newId()}, '', ${cancelKind}, ${cancelRetries}::int, false, 0, false, ${JSON.stringify({ instanceId })}::json, ${ctx.now()}::timestamptz)`,
  )
  await sql`
    insert into mlc.due_work (id, activity_id, kind, retries, exclusive, priority, is_suspended, payload, created_at)
    values ${sql.join(values)}`.execute(tx)
}

export async function runErrand(ctx: MlcContext, errand: Errand, signal: AbortSignal): Promise<void> {
  if (errand.kind === cancelKind) await cancelJobs(ctx, errand, signal)
  else await startByTimer(ctx, errand)
}

async function cancelJobs(ctx: MlcContext, errand: Errand, signal: AbortSignal): Promise<void> {
  try {
    const cancelled = await cancelJobsOf(ctx.modelManage, String(errand.payload?.instanceId), signal)
    if (cancelled.length > 0) ctx.log.info({ jobs: cancelled }, 'jobs of a deleted process instance were cancelled')
    await sql`delete from mlc.due_work where id = ${errand.id}`.execute(ctx.database.kysely)
  } catch (error) {
    if (signal.aborted) throw error
    ctx.log.warn({ err: error }, 'the jobs of a deleted process instance could not be cancelled yet')
    await countErrandFailure(ctx, errand, error, cancelPauseMs)
  }
}

async function startByTimer(ctx: MlcContext, errand: Errand): Promise<void> {
  try {
    await fireStartTimer(ctx, errand)
  } catch (error) {
    if (isPassing(error, 0)) throw error
    ctx.log.warn({ err: error, definitionId: errand.definition_id }, 'a start timer failed')
    await countErrandFailure(ctx, errand, error, 0)
  }
}

async function countErrandFailure(ctx: MlcContext, errand: Errand, error: unknown, pauseMs: number): Promise<void> {
  const failure = failureOf(error)
  const again = new Date(ctx.now().getTime() + pauseMs)
  await sql`
    update mlc.due_work set retries = greatest(retries - 1, 0), exception_message = ${failure.message}, exception_stack = ${failure.stack},
      failed_activity_id = ${failure.failedActivityId}, lock_owner = null, lock_expires_at = null, due_at = ${again}
    where id = ${errand.id} and lock_owner = ${errand.owner}`.execute(ctx.database.kysely)
}
