/** What people do with user tasks, under the instance's lock. */
import type { StepEvent, StepResult, TypedValue, UserTaskRow } from '@rowhouse/bpmn'
import type { AppError } from '@rowhouse/contract'
import { sql } from 'kysely'
import { camundaProblem, nullValue, restProblem } from '../camunda-problems.ts'
import type { MlcContext } from '../context.ts'
import { engineProblem, isEngineFailure } from '../instances/failure.ts'
import { inUnit } from '../instances/unit.ts'
import { deliverKeptMessages } from '../message/kept-messages.ts'

type Values = Record<string, TypedValue>
type Patch = (StepEvent & { type: 'task-updated' })['patch']

export async function completeUserTask(ctx: MlcContext, id: string, variables: Values): Promise<StepResult> {
  const prefix = `Cannot complete task ${id}: `
  return prefixed(prefix, () => applyToTask(ctx, id, () => ({ type: 'task-completed', taskId: id, variables })))
}

export async function throwUserTaskError(
  ctx: MlcContext,
  id: string,
  error: { errorCode: string; errorMessage: string | null; variables: Values },
): Promise<void> {
  try {
    await applyToTask(ctx, id, () => ({ type: 'task-bpmn-error', taskId: id, ...error }))
  } catch (problem) {
    const { type } = (problem as { data?: { camunda?: { type?: string } } }).data?.camunda ?? {}
    if (type !== 'NullValueException' && type !== 'SuspendedEntityInteractionException') throw problem
    throw restProblem(type === 'NullValueException' ? 404 : 400, (problem as AppError).message)
  }
}

export async function claimTask(ctx: MlcContext, id: string, userId: string | null): Promise<void> {
  await updateTask(ctx, id, (task) => {
    if (userId !== null && task.assignee !== null && task.assignee !== userId) {
      throw camundaProblem(500, 'TaskAlreadyClaimedException', `Task '${id}' is already claimed by someone else.`)
    }
    return { assignee: userId }
  })
}

export async function assignTask(ctx: MlcContext, id: string, userId: string | null): Promise<void> {
  await updateTask(ctx, id, () => ({ assignee: userId }))
}

/** The owner stays responsible; who gets it resolves it back. */
export async function delegateTask(ctx: MlcContext, id: string, userId: string | null): Promise<void> {
  await updateTask(ctx, id, (task) => ({
    assignee: userId,
    owner: task.owner ?? task.assignee,
    delegationState: 'PENDING',
  }))
}

export async function resolveTask(ctx: MlcContext, id: string, variables: Values): Promise<void> {
  await applyToTask(
    ctx,
    id,
    (task) => ({ type: 'task-updated', taskId: id, patch: { assignee: task.owner, delegationState: 'RESOLVED' } }),
    (task) => ({
      type: 'variables-changed',
      executionId: task.executionId,
      set: variables,
      remove: [],
      local: false,
    }),
  )
}

async function updateTask(ctx: MlcContext, id: string, patch: (task: UserTaskRow) => Patch): Promise<void> {
  await applyToTask(ctx, id, (task) => ({ type: 'task-updated', taskId: id, patch: patch(task) }))
}

async function applyToTask(
  ctx: MlcContext,
  id: string,
  ...events: ((task: UserTaskRow) => StepEvent)[]
): Promise<StepResult> {
  try {
    const { result, awaited } = await inUnit(ctx, async (unit) => {
      const { rows } = await sql<{
        instance_id: string
      }>`select instance_id from mlc.user_task where id = ${id}`.execute(unit.tx)
      const instanceId = rows[0]?.instance_id
      if (instanceId === undefined) throw unknownTask(id)
      await unit.load([instanceId])
      let last: StepResult | undefined
      for (const event of events) {
        const task = unit.get(instanceId)?.userTasks.find((row) => row.id === id)
        if (task === undefined) throw unknownTask(id)
        if (task.isSuspended) throw suspendedTask(id)
        last = unit.apply(instanceId, event(task))
      }
      if (last === undefined) throw unknownTask(id)
      return last
    })
    await deliverKeptMessages(ctx, awaited)
    return result
  } catch (error) {
    throw isEngineFailure(error) ? engineProblem(error) : error
  }
}

const engineTypes: ReadonlySet<string> = new Set([
  'ProcessEngineException',
  'NullValueException',
  'SuspendedEntityInteractionException',
])

/** Camunda wraps what goes wrong in a RestException that says what was to be done. */
async function prefixed<T>(prefix: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const oddity = (error as { data?: { camunda?: { type?: string } } }).data?.camunda
    if (engineTypes.has(oddity?.type ?? '') && error instanceof Error)
      throw restProblem(500, `${prefix}${error.message}`)
    throw error
  }
}

function suspendedTask(id: string): AppError {
  const message = `ENGINE-03043 task with id '${id}' is suspended.`
  return camundaProblem(400, 'SuspendedEntityInteractionException', message)
}

function unknownTask(id: string): AppError {
  return nullValue(`Cannot find task with id ${id}: task is null`)
}
