import type { Json, TypedValue } from '@rowhouse/bpmn'
import { type DomainEvent, signalPrefix } from '@rowhouse/contract'
import { sql } from 'kysely'
import { inferValue } from '../camunda-values.ts'
import type { MlcContext } from '../context.ts'
import { withoutContents } from '../delegates/delegate.ts'
import { type AwaitedMessage, inUnit, type Unit } from '../instances/unit.ts'
import { deliverKeptMessages, deliverOrLater, keepMessage } from '../message/kept-messages.ts'
import { findStarts, findWaiting, type StartReceiver, type WaitingReceiver } from '../signal/receivers.ts'

/**
 * Events of the model-manage wing, told at least once: one that was seen is dropped. The signals are broadcast to who waits, at once where
 * the diagram allows it, and start diagrams by due work, so that none can hold the teller up; a message goes to whoever waits with its
 * key, or is kept. Answers how many were taken: none after one that reached somebody.
 */
export async function receiveEvents(ctx: MlcContext, events: readonly DomainEvent[]): Promise<number> {
  const { result, awaited } = await inUnit(ctx, async (unit) => {
    const receivers = new Map<string, Receivers>()
    const kept: AwaitedMessage[] = []
    let taken = 0
    for (const { eventId, signal, message, ...event } of events) {
      const listening = receivers.get(signal) ?? (await findReceivers(unit, signalPrefix + signal))
      receivers.set(signal, listening)
      const reachesSomebody = listening.waiting.length + listening.starts.length > 0
      if (reachesSomebody && taken > 0) break
      taken += 1
      if (!(await isNew(unit, eventId))) continue
      const variables = typedVariables(event.variables)
      await broadcast(ctx, unit, listening, variables)
      const isAwaited = message !== null && message !== undefined
      if (isAwaited && !(await correlate(unit, message, variables))) kept.push(message)
      if (reachesSomebody) break
    }
    return { taken, kept }
  })
  await deliverKeptMessages(ctx, [...result.kept, ...awaited])
  return result.taken
}

async function isNew(unit: Unit, eventId: string): Promise<boolean> {
  const { rows } = await sql<{ event_id: string }>`
    insert into mlc.told_event (event_id, told_at) values (${eventId}, ${unit.env.now})
    on conflict (event_id) do nothing returning event_id`.execute(unit.tx)
  return rows.length > 0
}

function typedVariables(variables: Record<string, unknown>): Record<string, TypedValue> {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, inferValue(withoutContents(value) as Json)]),
  )
}

interface Receivers {
  waiting: WaitingReceiver[]
  starts: StartReceiver[]
}

async function findReceivers(unit: Unit, name: string): Promise<Receivers> {
  return { waiting: await findWaiting(unit.tx, name), starts: await findStarts(unit.tx, 'signal', name) }
}

async function broadcast(
  ctx: MlcContext,
  unit: Unit,
  { waiting, starts }: Receivers,
  variables: Record<string, TypedValue>,
): Promise<void> {
  await unit.load(waiting.map((receiver) => receiver.instanceId))
  for (const { instanceId, subscriptionId } of waiting) {
    if (!unit.get(instanceId)?.subscriptions.some((row) => row.id === subscriptionId)) continue
    deliverOrLater(unit, instanceId, subscriptionId, variables)
  }
  for (const { definition, activityId } of starts) {
    const graph = await ctx.graphs.get(unit.tx, definition.id)
    unit.start(graph, {
      instanceId: ctx.newId(),
      definitionId: definition.id,
      startActivityId: activityId,
      businessKey: null,
      tenantId: definition.tenant_id,
      startUserId: null,
      variables,
      commitAtStart: true,
    })
  }
}

/** False: nobody waits for it, it is kept. */
async function correlate(unit: Unit, message: AwaitedMessage, variables: Record<string, TypedValue>): Promise<boolean> {
  const { rows } = await sql<{ id: string; instance_id: string }>`
    select s.id, s.instance_id from mlc.subscription s join mlc.instance i on i.id = s.instance_id and i.state = 'ACTIVE'
    where s.event_type = 'message' and s.event_name = ${message.name} and s.correlation_key = ${message.correlationKey}
    order by s.id`.execute(unit.tx)
  await unit.load(rows.map((row) => row.instance_id))
  let reached = 0
  for (const row of rows) {
    if (!unit.get(row.instance_id)?.subscriptions.some((subscription) => subscription.id === row.id)) continue
    deliverOrLater(unit, row.instance_id, row.id, variables)
    reached += 1
  }
  if (reached === 0) await keepMessage(unit, message, variables)
  return reached > 0
}
