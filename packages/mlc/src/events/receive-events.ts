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
 * Events of the model-manage wing, told at least once: one that was seen is dropped. The signals are broadcast as due work, so that
 * no diagram of a user can hold the teller up; a message goes to whoever waits with its key, or is kept.
 */
export async function receiveEvents(ctx: MlcContext, events: readonly DomainEvent[]): Promise<void> {
  const { result: kept } = await inUnit(ctx, async (unit) => {
    const receivers = new Map<string, Receivers>()
    const keptNow: AwaitedMessage[] = []
    for (const { signal, message, ...event } of await onlyNew(unit, events)) {
      const variables = typedVariables(event.variables)
      const listening = receivers.get(signal) ?? (await findReceivers(unit, signalPrefix + signal))
      receivers.set(signal, listening)
      await broadcast(ctx, unit, listening, variables)
      if (message === null || message === undefined) continue
      if (!(await correlate(unit, message, variables))) keptNow.push(message)
    }
    return keptNow
  })
  await deliverKeptMessages(ctx, kept)
}

async function onlyNew(unit: Unit, events: readonly DomainEvent[]): Promise<DomainEvent[]> {
  const { rows } = await sql<{ event_id: string }>`
    insert into mlc.told_event (event_id, told_at)
    select id, ${unit.env.now}::timestamptz from unnest(${events.map((event) => event.eventId)}::text[]) as told(id)
    on conflict (event_id) do nothing returning event_id`.execute(unit.tx)
  const ids = new Set(rows.map((row) => row.event_id))
  return events.filter((event) => ids.delete(event.eventId))
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
    unit.apply(instanceId, { type: 'deliver-later', subscriptionId, variables })
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
