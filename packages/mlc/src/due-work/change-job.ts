/** What an operator does with due work: run it now, give it retries, move it, suspend it, throw it away. */
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError, Conflict } from '@rowhouse/contract'
import { sql } from 'kysely'
import { camundaProblem, notFound, nullValue } from '../camunda-problems.ts'
import type { MlcContext, TakenWork } from '../context.ts'
import { fireStartTimer } from '../definitions/start-timers.ts'
import { driveWork } from '../instances/drive.ts'
import { isEngineFailure } from '../instances/failure.ts'
import { inUnit } from '../instances/unit.ts'

interface WorkRow {
  id: string
  /** null: a start timer. */
  instance_id: string | null
  definition_id: string | null
  activity_id: string
  kind: string
  repeat: string | null
  created_at: Date
}

const manualLockMs = 120_000
/** Who gives retries and then runs it finds the loop at it. */
const otherHandMs = 10_000
const otherHandLookMs = 50

async function findWork(ctx: MlcContext, id: string): Promise<WorkRow | undefined> {
  const { rows } = await sql<WorkRow>`
    select w.id, w.instance_id, coalesce(w.definition_id, i.definition_id) as definition_id, w.activity_id, w.kind, w.repeat,
      w.created_at
    from mlc.due_work w left join mlc.instance i on i.id = w.instance_id
    where w.id = ${id} and w.kind <> 'cancel-jobs'`.execute(ctx.database.kysely)
  return rows[0]
}

/**
 * Also suspended work and work without retries. A failure is told and costs no retry. While somebody else runs it, it is waited for a while:
 * what is gone then has been run.
 */
export async function executeJob(ctx: MlcContext, id: string): Promise<void> {
  const owner = `${ctx.serverId} by hand ${ctx.newId()}`
  for (let waitedMs = 0; ; waitedMs += otherHandLookMs) {
    const work = await findWork(ctx, id)
    if (work === undefined && waitedMs > 0) return
    if (work === undefined) throw notFound('job', id, `No job found with id '${id}': job is null`, 0)
    if (await lockByHand(ctx, id, owner)) return executeLocked(ctx, work, owner)
    if (waitedMs >= otherHandMs) {
      throw new Conflict('StaleRevision', `Job '${id}' is being run at this moment: look at it again before you run it`)
    }
    await sleep(otherHandLookMs)
  }
}

async function executeLocked(ctx: MlcContext, work: WorkRow, owner: string): Promise<void> {
  try {
    if (work.instance_id === null) await fireStartTimer(ctx, { ...work, owner })
    else await driveWork(ctx, takenWork(work, work.instance_id, owner), { signal: new AbortController().signal })
  } catch (error) {
    // Camunda answers engine exceptions of the run as 404; what a delegate said is one of them.
    if (isEngineFailure(error)) throw camundaProblem(404, 'InvalidRequestException', error.message)
    if (error instanceof AppError && error.kind !== 'Bug' && error.kind !== 'Unavailable') {
      throw camundaProblem(404, 'InvalidRequestException', error.message)
    }
    throw error
  } finally {
    await sql`update mlc.due_work set lock_owner = null, lock_expires_at = null where id = ${work.id} and lock_owner = ${owner}`.execute(
      ctx.database.kysely,
    )
  }
}

function takenWork(work: WorkRow, instanceId: string, owner: string): TakenWork {
  const { id: workId, activity_id: activityId, kind, created_at: createdAt } = work
  return { workId, instanceId, definitionId: work.definition_id ?? '', activityId, kind, createdAt, owner }
}

async function lockByHand(ctx: MlcContext, id: string, owner: string): Promise<boolean> {
  const now = ctx.now()
  const { numAffectedRows } = await sql`
    update mlc.due_work set lock_owner = ${owner}, lock_expires_at = ${new Date(now.getTime() + manualLockMs)}
    where id = ${id} and (lock_expires_at is null or lock_expires_at < ${now})`.execute(ctx.database.kysely)
  return numAffectedRows === 1n
}

export function checkedRetries(retries: number | null): number {
  if (retries !== null && retries >= 0) return retries
  throw camundaProblem(
    500,
    'ProcessEngineException',
    `The number of job retries must be a non-negative Integer, but '${retries}' has been provided.`,
  )
}

export async function setJobRetries(ctx: MlcContext, id: string, retries: number, dueAt: Date | null): Promise<void> {
  checkedRetries(retries)
  const work = await findWork(ctx, id)
  if (work === undefined) throw nullValue(`No job found with id '${id}'.`)
  const instanceId = work.instance_id
  if (instanceId === null) {
    await sql`update mlc.due_work set retries = ${retries}::int, due_at = coalesce(${dueAt}, due_at) where id = ${id}`.execute(
      ctx.database.kysely,
    )
  } else {
    await inUnit(ctx, async (unit) => {
      await unit.load([instanceId])
      if (!unit.get(instanceId)?.dueWork.some((row) => row.id === id)) throw nullValue(`No job found with id '${id}'.`)
      unit.apply(instanceId, { type: 'set-work-retries', workId: id, retries, ...(dueAt === null ? {} : { dueAt }) })
    })
  }
  ctx.wake('due-work')
}

/** `dueAt` null: at once. */
export async function setJobDueDate(ctx: MlcContext, id: string, dueAt: Date | null): Promise<void> {
  await changeRow(ctx, id, sql`due_at = ${dueAt}::timestamptz`, true)
}

export async function suspendJob(ctx: MlcContext, id: string, suspended: boolean): Promise<void> {
  await changeRow(ctx, id, sql`is_suspended = ${suspended}::boolean`, false)
}

export async function setJobPriority(ctx: MlcContext, id: string, priority: number): Promise<void> {
  await changeRow(ctx, id, sql`priority = ${priority}::bigint`, true)
}

/** The token that waits for it waits for ever, as in Camunda. */
export async function deleteJob(ctx: MlcContext, id: string): Promise<void> {
  const work = await findWork(ctx, id)
  if (work === undefined) throw notFound('job', id, `No job found with id '${id}'.`)
  await ctx.database.transaction(async (tx) => {
    await sql`select 1 from mlc.instance where id = ${work.instance_id} for update`.execute(tx)
    await sql`delete from mlc.due_work where id = ${id}`.execute(tx)
    await sql`
      update mlc.history_incident set state = 'deleted', ended_at = ${ctx.now()}
      where id in (select id from mlc.incident where configuration = ${id})`.execute(tx)
    await sql`delete from mlc.incident where configuration = ${id}`.execute(tx)
  })
}

async function changeRow(
  ctx: MlcContext,
  id: string,
  change: ReturnType<typeof sql>,
  mustExist: boolean,
): Promise<void> {
  const work = await findWork(ctx, id)
  if (work === undefined) {
    if (mustExist) throw nullValue(`No job found with id '${id}'.: job is null`)
    return
  }
  await ctx.database.transaction(async (tx) => {
    await sql`select 1 from mlc.instance where id = ${work.instance_id} for update`.execute(tx)
    await sql`update mlc.due_work set ${change} where id = ${id}`.execute(tx)
  })
  ctx.wake('due-work')
}
