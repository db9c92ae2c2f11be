/** Camunda's message correlation: waiting executions first, start events only when there is none. */
import type { InstanceRow, TypedValue } from '@rowhouse/bpmn'
import { sql } from 'kysely'
import { restProblem } from '../camunda-problems.ts'
import type { MlcContext } from '../context.ts'
import { inUnit, type Unit } from '../instances/unit.ts'
import { ofInstance, variableIsExactly } from '../lists/variable-filter.ts'
import { findStarts, type StartReceiver } from '../signal/receivers.ts'
import { deliverKeptMessages } from './kept-messages.ts'

type Values = Record<string, TypedValue>

export interface MessageWish {
  name: string
  businessKey: string | null
  processInstanceId: string | null
  tenantId?: string | null
  correlationKeys: Values
  localCorrelationKeys: Values
  variables: Values
  localVariables: Values
  all: boolean
  caller: string | null
}

export type Correlated =
  | { kind: 'execution'; executionId: string; hasEnded: boolean; instance: InstanceRow; variables: Values }
  | { kind: 'definition'; instance: InstanceRow; variables: Values }

interface Waiting {
  subscription_id: string
  instance_id: string
  execution_id: string
}

const mismatch = 'org.camunda.bpm.engine.MismatchingMessageCorrelationException: '

export async function correlateMessage(ctx: MlcContext, wish: MessageWish): Promise<Correlated[]> {
  const { result, awaited } = await inUnit(ctx, (unit) => correlate(ctx, unit, wish))
  await deliverKeptMessages(ctx, awaited)
  return result
}

async function correlate(ctx: MlcContext, unit: Unit, wish: MessageWish): Promise<Correlated[]> {
  const waiting = await findWaiting(unit, wish)
  // Keys and the id of an instance choose among those that wait; of start events only name and tenant are asked, as in Camunda.
  const starts = wish.all || waiting.length === 0 ? await findStarts(unit.tx, 'message', wish.name, wish) : []
  if (!wish.all) refuseSeveral(wish, waiting.length, starts.length)
  const reached = [...deliverAll(unit, wish, waiting)]
  for (const start of starts) reached.push(await startOne(ctx, unit, wish, start))
  if (reached.length === 0 && !wish.all) {
    throw restProblem(
      400,
      `${mismatch}Cannot correlate message '${wish.name}': No process definition or execution matches the parameters`,
    )
  }
  return reached
}

function refuseSeveral(wish: MessageWish, executions: number, definitions: number): void {
  const [code, what, count] =
    executions > 1 ? ['13031', 'execution', executions] : ['13030', 'process definition', definitions]
  if (Number(count) <= 1) return
  throw restProblem(
    400,
    `${mismatch}ENGINE-${code} Cannot correlate a message with name '${wish.name}' to a single ${what}. ${count} ${what}s match the correlation keys: ${correlationSet(wish)}`,
  )
}

function correlationSet(wish: MessageWish): string {
  const keys = Object.entries(wish.correlationKeys).map(([name, value]) => `${name}=${String(value.value)}`)
  return `CorrelationSet [businessKey=${wish.businessKey}, processInstanceId=${wish.processInstanceId}, processDefinitionId=null, correlationKeys={${keys.join(', ')}}, localCorrelationKeys=null, tenantId=${wish.tenantId ?? null}, isTenantIdSet=${wish.tenantId !== undefined}, isExecutionsOnly=false]`
}

async function findWaiting(unit: Unit, wish: MessageWish): Promise<Waiting[]> {
  const conditions = [sql`s.event_type = 'message'`, sql`s.event_name = ${wish.name}`, sql`i.state = 'ACTIVE'`]
  if (wish.businessKey !== null) conditions.push(sql`i.business_key = ${wish.businessKey}`)
  if (wish.processInstanceId !== null) conditions.push(sql`i.id = ${wish.processInstanceId}`)
  if (wish.tenantId !== undefined) conditions.push(sql`i.tenant_id is not distinct from ${wish.tenantId}`)
  for (const [name, value] of Object.entries(wish.correlationKeys)) {
    conditions.push(sql`exists (select 1 from ${ofInstance} and ${variableIsExactly(name, value)})`)
  }
  for (const [name, value] of Object.entries(wish.localCorrelationKeys)) {
    conditions.push(sql`exists (select 1 from mlc.variable v
      where v.instance_id = s.instance_id and v.execution_id = s.execution_id and ${variableIsExactly(name, value)})`)
  }
  const { rows } = await sql<Waiting>`
    select s.id as subscription_id, s.instance_id, s.execution_id
    from mlc.subscription s join mlc.instance i on i.id = s.instance_id
    where ${sql.join(conditions, sql` and `)} order by s.id`.execute(unit.tx)
  await unit.load(rows.map((row) => row.instance_id))
  return rows.filter((row) => unit.get(row.instance_id)?.subscriptions.some((s) => s.id === row.subscription_id))
}

function* deliverAll(unit: Unit, wish: MessageWish, waiting: readonly Waiting[]): Generator<Correlated> {
  for (const { instance_id: instanceId, subscription_id: subscriptionId, execution_id: executionId } of waiting) {
    if (!unit.get(instanceId)?.subscriptions.some((row) => row.id === subscriptionId)) continue
    const result = unit.apply(instanceId, {
      type: 'deliver',
      subscriptionId,
      variables: wish.variables,
      localVariables: wish.localVariables,
    })
    const { instance, executions } = result.aggregate
    const hasEnded = !executions.some((row) => row.id === executionId)
    yield { kind: 'execution', executionId, hasEnded, instance, variables: valuesOf(result.ownVariables) }
  }
}

async function startOne(ctx: MlcContext, unit: Unit, wish: MessageWish, start: StartReceiver): Promise<Correlated> {
  const graph = await ctx.graphs.get(unit.tx, start.definition.id)
  const { aggregate, ownVariables } = unit.start(graph, {
    instanceId: ctx.newId(),
    definitionId: start.definition.id,
    startActivityId: start.activityId,
    businessKey: wish.businessKey,
    tenantId: start.definition.tenant_id,
    startUserId: wish.caller,
    variables: { ...wish.variables, ...wish.localVariables },
    commitAtStart: false,
  })
  return { kind: 'definition', instance: aggregate.instance, variables: valuesOf(ownVariables) }
}

function valuesOf(rows: readonly { name: string; value: TypedValue }[]): Values {
  return Object.fromEntries(rows.map((row) => [row.name, row.value]))
}
