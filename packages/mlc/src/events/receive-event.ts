import type { Json, TypedValue } from '@rowhouse/bpmn'
import { type DomainEvent, signalPrefix } from '@rowhouse/contract'
import { sql } from 'kysely'
import { inferValue } from '../camunda-values.ts'
import type { MlcContext } from '../context.ts'
import { withoutContents } from '../delegates/delegate.ts'
import { type AwaitedMessage, inUnit, type Unit } from '../instances/unit.ts'
import { deliverKeptMessages, deliverOrLater, keepMessage } from '../message/kept-messages.ts'
import { findStarts, findWaiting } from '../signal/receivers.ts'

/**
 * An event of the model-manage wing, told at least once: one that was seen is dropped. The signal is broadcast as due work, so that
 * no diagram of a user can hold the teller up; the message goes to whoever waits with its key, or is kept.
 */
export async function receiveEvent(ctx: MlcContext, event: DomainEvent): Promise<void> {
  const { result: kept } = await inUnit(ctx, async (unit) => {
    if (!(await isNew(unit, event.eventId))) return undefined
    const variables = typedVariables(event.variables)
    await broadcast(ctx, unit, signalPrefix + event.signal, variables)
    if (event.message === null || event.message === undefined) return undefined
    return correlate(unit, { name: event.message.name, correlationKey: event.message.correlationKey }, variables)
  })
  if (kept !== undefined) await deliverKeptMessages(ctx, [kept])
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

async function broadcast(
  ctx: MlcContext,
  unit: Unit,
  name: string,
  variables: Record<string, TypedValue>,
): Promise<void> {
  const waiting = await findWaiting(unit.tx, name)
  await unit.load(waiting.map((receiver) => receiver.instanceId))
  for (const { instanceId, subscriptionId } of waiting) {
    if (!unit.get(instanceId)?.subscriptions.some((row) => row.id === subscriptionId)) continue
    unit.apply(instanceId, { type: 'deliver-later', subscriptionId, variables })
  }
  for (const { definition, activityId } of await findStarts(unit.tx, 'signal', name)) {
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

/** Answers the message when it was kept. */
async function correlate(
  unit: Unit,
  message: AwaitedMessage,
  variables: Record<string, TypedValue>,
): Promise<AwaitedMessage | undefined> {
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
  if (reached > 0) return undefined
  await keepMessage(unit, message, variables)
  return message
}
