/** What workers report. Each checks that the worker holds the lock, under the instance's lock. */
import type { ExternalTaskRow, StepEvent, TypedValue } from '@rowhouse/bpmn'
import type { AppError } from '@rowhouse/contract'
import { sql } from 'kysely'
import { momentAfter } from '../camunda-dates.ts'
import { camundaProblem, nullValue, restProblem } from '../camunda-problems.ts'
import type { MlcContext } from '../context.ts'
import { engineProblem } from '../instances/failure.ts'
import { inUnit, type Unit } from '../instances/unit.ts'
import { deliverKeptMessages } from '../message/kept-messages.ts'
import { withoutCredentials } from '../variables/vault.ts'

type Values = Record<string, TypedValue>
/** Says who may not: with the task's id, the worker, and who holds the lock. */
type Refusal = (id: string, worker: string, holder: string | null) => string

export interface FailureWish {
  errorMessage: string | null
  errorDetails: string | null
  retries: number
  retryTimeoutMs: number
  variables: Values
  localVariables: Values
}

export async function completeTask(
  ctx: MlcContext,
  id: string,
  workerId: string,
  variables: Values,
  localVariables: Values,
): Promise<void> {
  const refusal: Refusal = (task, worker, holder) =>
    `External Task ${task} cannot be completed by worker '${worker}'. It is locked by worker '${holder}'.`
  await reportOwn(ctx, id, workerId, refusal, () => ({
    type: 'external-completed',
    taskId: id,
    variables,
    localVariables,
  }))
}

export async function failTask(ctx: MlcContext, id: string, workerId: string, wish: FailureWish): Promise<void> {
  const refusal: Refusal = (task, worker, holder) =>
    `Failure of External Task ${task} cannot be reported by worker '${worker}'. It is locked by worker '${holder}'.`
  if (wish.retries < 0) throw camundaProblem(500, 'ProcessEngineException', 'retries is not greater than or equal to 0')
  if (wish.retryTimeoutMs < 0)
    throw camundaProblem(500, 'ProcessEngineException', 'retryDuration is not greater than or equal to 0')
  const { retryTimeoutMs, errorMessage, errorDetails, ...rest } = wish
  // the worker has the URLs as they open, and its libraries like to name them
  const told = withoutCredentials({ errorMessage, errorDetails })
  await reportOwn(ctx, id, workerId, refusal, (unit) => ({
    type: 'external-failed',
    taskId: id,
    ...rest,
    ...told,
    lockExpiresAt: momentAfter(unit.env.now, retryTimeoutMs),
  }))
}

export async function throwTaskError(
  ctx: MlcContext,
  id: string,
  workerId: string,
  error: { errorCode: string | null; errorMessage: string | null; variables: Values },
): Promise<void> {
  const refusal: Refusal = (task, worker, holder) =>
    `Bpmn error of External Task ${task} cannot be reported by worker '${worker}'. It is locked by worker '${holder}'.`
  const { errorCode, ...rest } = error
  if (errorCode === null || errorCode === '') throw nullValue(`errorCode is ${errorCode === null ? 'null' : 'empty'}`)
  await reportOwn(ctx, id, workerId, refusal, () => ({
    type: 'external-bpmn-error',
    taskId: id,
    errorCode,
    ...rest,
  }))
}

export async function extendLock(ctx: MlcContext, id: string, workerId: string, lockMs: number): Promise<void> {
  const refusal: Refusal = (task, worker, holder) =>
    `The lock of the External Task ${task} cannot be extended by worker '${worker}''. It is locked by worker '${holder}'.`
  if (!(lockMs > 0)) throw restProblem(400, 'lockTime is not greater than 0')
  await changeRow(ctx, id, (task, now) => {
    refuseOthers(task, workerId, refusal)
    if (task.lockExpiresAt !== null && task.lockExpiresAt <= now) {
      throw restProblem(400, 'Cannot extend a lock that expired')
    }
    return sql`lock_expires_at = ${momentAfter(now, lockMs)}`
  })
}

/** For a worker that names its task: free, expired, or its own. */
export async function lockTask(ctx: MlcContext, id: string, workerId: string, lockMs: number): Promise<void> {
  if (!(lockMs > 0)) throw restProblem(400, 'lockDuration is not greater than 0')
  await changeRow(ctx, id, (task, now) => {
    const isFree =
      task.workerId === null || task.workerId === workerId || task.lockExpiresAt === null || task.lockExpiresAt <= now
    if (!isFree) {
      throw restProblem(
        400,
        `External Task ${id} cannot be locked by worker '${workerId}'. It is locked by worker '${task.workerId}'.`,
      )
    }
    return sql`worker_id = ${workerId}, lock_expires_at = ${momentAfter(now, lockMs)}`
  })
}

export async function unlockTask(ctx: MlcContext, id: string): Promise<void> {
  await changeRow(ctx, id, () => sql`worker_id = null, lock_expires_at = null`)
  ctx.wake('external-task')
}

export async function setTaskPriority(ctx: MlcContext, id: string, priority: number): Promise<void> {
  await changeRow(ctx, id, () => sql`priority = ${priority}::bigint`)
}

export async function setTaskRetries(ctx: MlcContext, id: string, retries: number): Promise<void> {
  if (retries < 0) throw camundaProblem(500, 'ProcessEngineException', 'The number of retries cannot be negative')
  await report(ctx, id, () => ({ type: 'set-external-retries', taskId: id, retries }))
}

async function reportOwn(
  ctx: MlcContext,
  id: string,
  workerId: string,
  refusal: Refusal,
  event: (unit: Unit) => StepEvent,
): Promise<void> {
  await report(ctx, id, (unit, task) => {
    refuseOthers(task, workerId, refusal)
    if (task.isSuspended) throw restProblem(400, `ENGINE-03043 ExternalTask with id '${id}' is suspended.`)
    return event(unit)
  })
}

async function report(
  ctx: MlcContext,
  id: string,
  event: (unit: Unit, task: ExternalTaskRow) => StepEvent,
): Promise<void> {
  try {
    const { awaited } = await inUnit(ctx, async (unit) => {
      const { rows } = await sql<{ instance_id: string }>`
        select instance_id from mlc.external_task where id = ${id}`.execute(unit.tx)
      const instanceId = rows[0]?.instance_id
      if (instanceId === undefined) throw unknownTask(id)
      await unit.load([instanceId])
      const task = unit.get(instanceId)?.externalTasks.find((row) => row.id === id)
      if (task === undefined) throw unknownTask(id)
      unit.apply(instanceId, event(unit, task))
    })
    await deliverKeptMessages(ctx, awaited)
  } catch (error) {
    throw engineProblem(error)
  }
}

async function changeRow(
  ctx: MlcContext,
  id: string,
  change: (
    task: { id: string; workerId: string | null; lockExpiresAt: Date | null },
    now: Date,
  ) => ReturnType<typeof sql>,
): Promise<void> {
  await ctx.database.transaction(async (tx) => {
    const { rows } = await sql<{ worker_id: string | null; lock_expires_at: Date | null }>`
      select worker_id, lock_expires_at from mlc.external_task where id = ${id} for update`.execute(tx)
    const row = rows[0]
    if (row === undefined) throw unknownTask(id)
    const set = change({ id, workerId: row.worker_id, lockExpiresAt: row.lock_expires_at }, ctx.now())
    await sql`update mlc.external_task set ${set} where id = ${id}`.execute(tx)
  })
}

function refuseOthers(task: { workerId: string | null; id: string }, workerId: string, refusal: Refusal): void {
  if (task.workerId !== workerId) throw restProblem(400, refusal(task.id, workerId, task.workerId))
}

function unknownTask(id: string): AppError {
  return restProblem(404, `External task with id ${id} does not exist`)
}
