/**
 * A message with a key for which nobody waits yet is kept, and delivered when somebody subscribes. Teller and subscriber each
 * commit their own row first and look for the other's afterwards, so neither can miss the other; deleting the kept row decides
 * who delivers.
 */
import type { TypedValue } from '@rowhouse/bpmn'
import { sql } from 'kysely'
import type { MlcContext } from '../context.ts'
import { type AwaitedMessage, inUnit, type Unit } from '../instances/unit.ts'

const keptDays = 7

export async function keepMessage(
  unit: Unit,
  message: AwaitedMessage,
  variables: Record<string, TypedValue>,
): Promise<void> {
  await sql`
    insert into mlc.kept_message (name, correlation_key, variables, kept_at)
    values (${message.name}, ${message.correlationKey}, ${JSON.stringify(variables)}::json, ${unit.env.now})
    on conflict (name, correlation_key) do update set variables = excluded.variables, kept_at = excluded.kept_at`.execute(
    unit.tx,
  )
}

/**
 * Delivers what is kept for these; called after the subscriptions (or the kept rows) are committed. So nothing is thrown: the caller's work
 * is done, and what cannot be delivered now is found by the sweep.
 */
export async function deliverKeptMessages(ctx: MlcContext, awaited: readonly AwaitedMessage[]): Promise<void> {
  if (awaited.length === 0) return
  try {
    await deliverEach(ctx, await findKept(ctx, awaited))
  } catch (error) {
    ctx.log.warn({ err: error }, 'messages that may be kept could not be looked for; the sweep does it')
  }
}

async function findKept(ctx: MlcContext, awaited: readonly AwaitedMessage[]): Promise<Match[]> {
  const { rows } = await sql<Match>`
    select s.instance_id, s.id as subscription_id, k.name, k.correlation_key
    from mlc.kept_message k
    join mlc.subscription s on s.event_type = 'message' and s.event_name = k.name and s.correlation_key = k.correlation_key
    join mlc.instance i on i.id = s.instance_id and i.state = 'ACTIVE'
    where (k.name, k.correlation_key) in (
      select x.name, x.key from unnest(${awaited.map((a) => a.name)}::text[], ${awaited.map((a) => a.correlationKey)}::text[]) as x(name, key))`.execute(
    ctx.database.kysely,
  )
  return rows
}

/** Now and then: what a crash between commit and delivery left, and what nobody ever waited for. */
export async function sweepKeptMessages(ctx: MlcContext): Promise<void> {
  const oldest = new Date(ctx.now().getTime() - keptDays * 86_400_000)
  await sql`delete from mlc.kept_message where kept_at < ${oldest}`.execute(ctx.database.kysely)
  await sql`delete from mlc.told_event where told_at < ${oldest}`.execute(ctx.database.kysely)
  await sql`delete from mlc.idempotency_key where created_at < ${oldest}`.execute(ctx.database.kysely)
  const { rows } = await sql<Match>`
    select s.instance_id, s.id as subscription_id, k.name, k.correlation_key
    from mlc.kept_message k
    join mlc.subscription s on s.event_type = 'message' and s.event_name = k.name and s.correlation_key = k.correlation_key
    join mlc.instance i on i.id = s.instance_id and i.state = 'ACTIVE'
    limit 1000`.execute(ctx.database.kysely)
  await deliverEach(ctx, rows)
}

interface Match {
  instance_id: string
  subscription_id: string
  name: string
  correlation_key: string
}

/**
 * One that cannot be delivered holds up no other. Who goes on by a kept message may wait for another one that is kept, too: each round takes
 * rows away, so it comes to an end.
 */
async function deliverEach(ctx: MlcContext, matches: readonly Match[]): Promise<void> {
  const awaited: AwaitedMessage[] = []
  for (const match of matches) {
    try {
      awaited.push(...(await deliver(ctx, match)))
    } catch (error) {
      const { instance_id: processInstanceId, name } = match
      ctx.log.warn({ err: error, processInstanceId }, `the message '${name}' cannot be delivered yet and stays kept`)
    }
  }
  await deliverKeptMessages(ctx, awaited)
}

/** Answers the messages that are waited for since. */
async function deliver(ctx: MlcContext, match: Match): Promise<AwaitedMessage[]> {
  const { awaited } = await inUnit(ctx, async (unit) => {
    await unit.load([match.instance_id])
    const aggregate = unit.get(match.instance_id)
    if (!aggregate?.subscriptions.some((row) => row.id === match.subscription_id)) return
    const { rows } = await sql<{ variables: Record<string, TypedValue> }>`
      delete from mlc.kept_message where name = ${match.name} and correlation_key = ${match.correlation_key}
      returning variables`.execute(unit.tx)
    const kept = rows[0]
    if (kept !== undefined) deliverOrLater(unit, match.instance_id, match.subscription_id, kept.variables)
  })
  return awaited
}

/** At once where the diagram allows it; a step that fails becomes due work with retries, so that the teller is not held up. */
export function deliverOrLater(
  unit: Unit,
  instanceId: string,
  subscriptionId: string,
  variables: Record<string, TypedValue>,
): void {
  try {
    unit.apply(instanceId, { type: 'deliver', subscriptionId, variables })
  } catch {
    unit.apply(instanceId, { type: 'deliver-later', subscriptionId, variables })
  }
}
