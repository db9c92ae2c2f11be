import type { AppError } from '@rowhouse/contract'
import { sql } from 'kysely'
import { camundaProblem, nullValue } from '../camunda-problems.ts'
import type { MlcContext } from '../context.ts'
import { inUnit, type Unit } from '../instances/unit.ts'
import { deliverKeptMessages } from '../message/kept-messages.ts'
import { findStarts, findWaiting, type StartReceiver, type WaitingReceiver } from './receivers.ts'
import type { SignalWish } from './signal-wish.ts'

/**
 * Camunda's signal: everyone reached, woken or started, runs to its next wait state in this one transaction; if one fails, all is
 * undone and the caller is told. Nobody reached is no failure.
 */
export async function throwSignal(ctx: MlcContext, wish: SignalWish, caller: string | null): Promise<void> {
  const { awaited } = await inUnit(ctx, async (unit) => {
    const { name, executionId } = wish
    const waiting = await findWaiting(unit.tx, name, wish)
    if (executionId !== null && waiting.length === 0) throw await doesNotWait(unit, executionId, name)
    const starts = executionId === null ? await findStarts(unit.tx, 'signal', name, wish) : []
    await notify(unit, waiting, wish)
    for (const start of starts) await startOne(ctx, unit, start, wish, caller)
  })
  await deliverKeptMessages(ctx, awaited)
}

/** One that was ended by an earlier delivery is skipped. */
async function notify(unit: Unit, waiting: readonly WaitingReceiver[], wish: SignalWish): Promise<void> {
  await unit.load(waiting.map((receiver) => receiver.instanceId))
  for (const { instanceId, subscriptionId } of waiting) {
    if (!unit.get(instanceId)?.subscriptions.some((row) => row.id === subscriptionId)) continue
    unit.apply(instanceId, { type: 'deliver', subscriptionId, variables: wish.variables })
  }
}

async function doesNotWait(unit: Unit, executionId: string, name: string): Promise<AppError> {
  const { rows } = await sql`select 1 from mlc.execution where id = ${executionId}`.execute(unit.tx)
  if (rows.length === 0) return nullValue(`Cannot find execution with id '${executionId}': execution is null`)
  const message = `Execution '${executionId}' has not subscribed to a signal event with name '${name}'.`
  return camundaProblem(500, 'ProcessEngineException', message)
}

async function startOne(
  ctx: MlcContext,
  unit: Unit,
  start: StartReceiver,
  wish: SignalWish,
  caller: string | null,
): Promise<void> {
  const graph = await ctx.graphs.get(unit.tx, start.definition.id)
  unit.start(graph, {
    instanceId: ctx.newId(),
    definitionId: start.definition.id,
    startActivityId: start.activityId,
    businessKey: null,
    tenantId: start.definition.tenant_id,
    startUserId: caller,
    variables: wish.variables,
    commitAtStart: false,
  })
}
