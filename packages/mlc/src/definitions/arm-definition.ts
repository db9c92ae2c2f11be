/** Start events of the newest version of each key listen; those of the versions before do not. */
import { constantText, type Expression, type FlowNode, type ProcessGraph } from '@rowhouse/bpmn'
import { sql } from 'kysely'
import { camundaProblem } from '../camunda-problems.ts'
import type { MlcContext, Tx } from '../context.ts'
import type { DefinitionRow } from './deployment-store.ts'
import { insertStartTimers } from './start-timers.ts'

interface StartSubscription {
  definition: DefinitionRow
  activityId: string
  eventType: 'signal' | 'message'
  eventName: string
}

/** Answers warnings for people: for instance that another definition starts on the same signal. */
export async function armDefinitions(
  ctx: MlcContext,
  tx: Tx,
  armed: readonly (readonly [DefinitionRow, ProcessGraph])[],
): Promise<string[]> {
  if (armed.length === 0) return []
  await disarmKeys(
    tx,
    armed.map(([definition]) => definition),
  )
  const subscriptions = armed.flatMap(([definition, graph]) => startSubscriptions(definition, graph))
  await refuseDoubleMessages(tx, subscriptions)
  const warnings = await sharedSignals(tx, subscriptions)
  await insertSubscriptions(ctx, tx, subscriptions)
  await insertJobDefinitions(ctx, tx, armed)
  for (const [definition, graph] of armed) await insertStartTimers(ctx, tx, definition, graph)
  return warnings
}

async function disarmKeys(tx: Tx, definitions: readonly DefinitionRow[]): Promise<void> {
  for (const { key, tenant_id: tenantId } of definitions) {
    await sql`
      delete from mlc.start_subscription where definition_key = ${key} and tenant_id is not distinct from ${tenantId}`.execute(
      tx,
    )
    await sql`
      delete from mlc.due_work w using mlc.process_definition d
      where w.definition_id = d.id and d.key = ${key} and d.tenant_id is not distinct from ${tenantId}`.execute(tx)
  }
}

function startSubscriptions(definition: DefinitionRow, graph: ProcessGraph): StartSubscription[] {
  const found: StartSubscription[] = []
  for (const id of graph.startIds) {
    const node: FlowNode | undefined = graph.nodes.get(id)
    if (node?.kind !== 'startEvent') continue
    const { event } = node
    if (event.kind !== 'signal' && event.kind !== 'message') continue
    found.push({ definition, activityId: id, eventType: event.kind, eventName: nameOf(event.name) })
  }
  return found
}

/** Names of start events are constants: they are read at deployment, where no instance is. */
function nameOf(name: Expression): string {
  return constantText(name) ?? name.text
}

async function refuseDoubleMessages(tx: Tx, subscriptions: readonly StartSubscription[]): Promise<void> {
  const seen = new Set<string>()
  for (const { definition, eventName, eventType } of subscriptions) {
    if (eventType !== 'message') continue
    const { rows } = await sql<{ id: string }>`
      select id from mlc.start_subscription
      where event_type = 'message' and event_name = ${eventName} and tenant_id is not distinct from ${definition.tenant_id}`.execute(
      tx,
    )
    if (rows.length > 0 || seen.has(eventName)) {
      const place = `'${definition.resource_name}'`
      throw camundaProblem(
        500,
        'ProcessEngineException',
        `ENGINE-01011 Cannot deploy process definition ${place}: there already is a message event subscription for the message with name '${eventName}'.`,
      )
    }
    seen.add(eventName)
  }
}

async function sharedSignals(tx: Tx, subscriptions: readonly StartSubscription[]): Promise<string[]> {
  const warnings: string[] = []
  const own = new Map<string, string>()
  for (const { definition, eventName, eventType } of subscriptions) {
    if (eventType !== 'signal') continue
    const { rows } = await sql<{ definition_key: string }>`
      select distinct definition_key from mlc.start_subscription
      where event_type = 'signal' and event_name = ${eventName} order by definition_key`.execute(tx)
    const others = rows.map((row) => row.definition_key)
    const before = own.get(eventName)
    if (before !== undefined) others.push(before)
    if (others.length > 0) {
      warnings.push(
        `Process '${definition.key}' starts on the signal '${eventName}' as ${others.map((key) => `'${key}'`).join(', ')} already does: each such signal now starts all of them`,
      )
    }
    own.set(eventName, definition.key)
  }
  return warnings
}

async function insertSubscriptions(
  ctx: MlcContext,
  tx: Tx,
  subscriptions: readonly StartSubscription[],
): Promise<void> {
  if (subscriptions.length === 0) return
  const values = subscriptions.map(
    ({ definition, activityId, eventType, eventName }) =>
      sql`(${ctx.newId()}, ${definition.id}, ${definition.key}, ${activityId}, ${eventType}, ${eventName}, ${definition.tenant_id}, ${ctx.now()}::timestamptz)`,
  )
  await sql`
    insert into mlc.start_subscription (id, definition_id, definition_key, activity_id, event_type, event_name, tenant_id, created_at)
    values ${sql.join(values)}`.execute(tx)
}

/** A version that is armed again after the newer one was deleted has its rows already. */
async function insertJobDefinitions(
  ctx: MlcContext,
  tx: Tx,
  armed: readonly (readonly [DefinitionRow, ProcessGraph])[],
): Promise<void> {
  const values = armed.flatMap(([definition, graph]) =>
    graph.jobDefinitions.map(
      (job) => sql`(${ctx.newId()}, ${definition.id}, ${job.activityId}, ${job.jobType}, ${job.configuration})`,
    ),
  )
  if (values.length === 0) return
  await sql`
    insert into mlc.job_definition (id, definition_id, activity_id, job_type, configuration)
    select v.id, v.definition_id, v.activity_id, v.job_type, v.configuration
    from (values ${sql.join(values)}) as v(id, definition_id, activity_id, job_type, configuration)
    where not exists (select 1 from mlc.job_definition j where j.definition_id = v.definition_id)`.execute(tx)
}
