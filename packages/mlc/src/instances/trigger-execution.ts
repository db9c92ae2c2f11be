/** One execution is gone on with by its id: a receive task, or whatever waits there for a message. */
import type { StepEvent, TypedValue } from '@rowhouse/bpmn'
import { sql } from 'kysely'
import { restProblem } from '../camunda-problems.ts'
import type { MlcContext } from '../context.ts'
import { deliverKeptMessages } from '../message/kept-messages.ts'
import { engineProblem } from './failure.ts'
import { inUnit, type Unit } from './unit.ts'

type Values = Record<string, TypedValue>

/** `prefix`: what the caller was about to do. */
export async function triggerExecution(
  ctx: MlcContext,
  executionId: string,
  variables: Values,
  prefix: string,
): Promise<void> {
  await stepAt(ctx, executionId, prefix, () => ({ type: 'triggered', executionId, variables }))
}

export async function triggerMessage(
  ctx: MlcContext,
  { executionId, messageName }: { executionId: string; messageName: string },
  variables: Values,
  prefix: string,
): Promise<void> {
  await stepAt(ctx, executionId, prefix, (unit, instanceId) => {
    const isMeant = (row: { executionId: string; eventType: string; eventName: string }) =>
      row.executionId === executionId && row.eventType === 'message' && row.eventName === messageName
    const subscription = unit.get(instanceId)?.subscriptions.find(isMeant)
    if (subscription === undefined) {
      throw restProblem(
        500,
        `${prefix}Execution with id '${executionId}' does not have a subscription to a message event with name '${messageName}'`,
      )
    }
    return { type: 'deliver', subscriptionId: subscription.id, variables }
  })
}

async function stepAt(
  ctx: MlcContext,
  executionId: string,
  prefix: string,
  event: (unit: Unit, instanceId: string) => StepEvent,
): Promise<void> {
  const { awaited } = await inUnit(ctx, async (unit) => {
    const { rows } = await sql<{ instance_id: string }>`
      select instance_id from mlc.execution where id = ${executionId}`.execute(unit.tx)
    const instanceId = rows[0]?.instance_id
    if (instanceId !== undefined) await unit.load([instanceId])
    const aggregate = instanceId === undefined ? undefined : unit.get(instanceId)
    if (instanceId === undefined || !aggregate?.executions.some((row) => row.id === executionId))
      throw restProblem(500, `${prefix}execution ${executionId} doesn't exist: execution is null`)
    if (aggregate.instance.state === 'SUSPENDED')
      throw restProblem(500, `${prefix}Process instance ${instanceId} is suspended: activate it first`)
    try {
      unit.apply(instanceId, event(unit, instanceId))
    } catch (error) {
      throw engineProblem(error, prefix)
    }
  })
  await deliverKeptMessages(ctx, awaited)
}
