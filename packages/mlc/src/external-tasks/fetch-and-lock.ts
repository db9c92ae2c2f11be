/** Locks tasks for a worker. Tasks another command is just working on are passed over; the next look finds them. */
import type { TypedValue } from '@rowhouse/bpmn'
import { sql } from 'kysely'
import { momentAfter } from '../camunda-dates.ts'
import { toWireVariables } from '../camunda-values.ts'
import type { MlcContext, Tx } from '../context.ts'
import type { Condition } from '../lists/filters.ts'
import { ofInstance, ownerHas } from '../lists/variable-filter.ts'
import {
  type ExternalTaskListRow,
  externalTaskColumns,
  externalTaskFrom,
  toExternalTaskBody,
} from './external-task-list.ts'

export interface Topic {
  name: string
  lockMs: number
  /** undefined: all. */
  variables?: string[]
  localVariables: boolean
  businessKey?: string
  processDefinitionId?: string
  processDefinitionIdIn?: string[]
  processDefinitionKey?: string
  processDefinitionKeyIn?: string[]
  processDefinitionVersionTag?: string
  withoutTenantId: boolean
  tenantIdIn?: string[]
  processVariables?: Record<string, unknown>
  deserializeValues: boolean
  extensionProperties: boolean
}

export type FetchOrder = 'highest priority' | 'oldest' | 'newest'

export interface FetchWish {
  workerId: string
  tasksMax: number
  /** Over all topics. */
  order: FetchOrder[]
  topics: Topic[]
}

export async function fetchAndLock(ctx: MlcContext, wish: FetchWish): Promise<unknown[]> {
  if (wish.topics.length === 0 || wish.tasksMax === 0) return []
  return ctx.database.transaction(async (tx) => {
    const chosen = await lockTasks(ctx, tx, wish)
    if (chosen.size === 0) return []
    const ids = [...chosen.keys()]
    const { rows } = await sql<ExternalTaskListRow>`
      select ${externalTaskColumns} from ${externalTaskFrom} where t.id = any(${ids}::text[]) order by ${orderOf(wish)}`.execute(
      tx,
    )
    const variables = await readVariables(tx, rows)
    const bodies: unknown[] = []
    for (const row of rows) {
      const topic = wish.topics[chosen.get(row.id) ?? 0]
      if (topic !== undefined) bodies.push(await lockedBody(ctx, tx, row, topic, variables.get(row.id) ?? []))
    }
    return bodies
  })
}

/** The tasks that are now the worker's, each with the place of the first topic it matches. */
async function lockTasks(ctx: MlcContext, tx: Tx, wish: FetchWish): Promise<Map<string, number>> {
  const now = ctx.now()
  const untils = wish.topics.map((topic) => momentAfter(now, topic.lockMs))
  const matches = wish.topics.map((topic) => sql`(${sql.join(conditionsOf(topic), sql` and `)})`)
  const places = matches.map((match, place) => sql`when ${match} then ${place}::int`)
  const { rows } = await sql<{ id: string; place: number }>`
    with free as (
      select t.id, case ${sql.join(places, sql` `)} end as place from ${externalTaskFrom}
      where i.state = 'ACTIVE' and not t.is_suspended and (t.retries is null or t.retries > 0)
        and (t.lock_expires_at is null or t.lock_expires_at <= ${now}) and (${sql.join(matches, sql` or `)})
      order by ${orderOf(wish)} limit ${wish.tasksMax}::int for update of t skip locked)
    update mlc.external_task x
    set worker_id = ${wish.workerId}, lock_expires_at = (${untils}::timestamptz[])[free.place + 1]
    from free where x.id = free.id
    returning x.id, free.place`.execute(tx)
  return new Map(rows.map((row) => [row.id, row.place]))
}

const orders: Record<FetchOrder, Condition> = {
  'highest priority': sql`t.priority desc`,
  oldest: sql`t.created_at`,
  // also within a millisecond
  newest: sql`t.created_at desc, t.id desc`,
}

function orderOf({ order }: FetchWish): Condition {
  return sql.join([...order.map((one) => orders[one]), sql`t.id`])
}

async function lockedBody(
  ctx: MlcContext,
  tx: Tx,
  row: ExternalTaskListRow,
  topic: Topic,
  variables: readonly ScopedVariable[],
): Promise<unknown> {
  return {
    ...toExternalTaskBody(row),
    errorDetails: row.error_details,
    variables: toWireVariables(ctx.vault.open(visible(variables, row, topic)), {
      deserialize: topic.deserializeValues,
      withCredentials: true,
    }),
    extensionProperties: topic.extensionProperties ? await propertiesOf(ctx, tx, row) : {},
  }
}

/** `camunda:properties` of the task's element. */
async function propertiesOf(ctx: MlcContext, tx: Tx, row: ExternalTaskListRow): Promise<Record<string, string>> {
  const node = (await ctx.graphs.get(tx, row.definition_id)).nodes.get(row.activity_id)
  return node?.kind === 'serviceTask' ? node.properties : {}
}

function conditionsOf(topic: Topic): Condition[] {
  const conditions: Condition[] = [sql`t.topic = ${topic.name}`]
  if (topic.businessKey !== undefined) conditions.push(sql`i.business_key = ${topic.businessKey}`)
  if (topic.processDefinitionId !== undefined) conditions.push(sql`i.definition_id = ${topic.processDefinitionId}`)
  if (topic.processDefinitionKey !== undefined) conditions.push(sql`i.definition_key = ${topic.processDefinitionKey}`)
  if (topic.processDefinitionVersionTag !== undefined)
    conditions.push(sql`d.version_tag = ${topic.processDefinitionVersionTag}`)
  if (topic.withoutTenantId) conditions.push(sql`i.tenant_id is null`)
  const lists: [string[] | undefined, Condition][] = [
    [topic.processDefinitionIdIn, sql`i.definition_id`],
    [topic.processDefinitionKeyIn, sql`i.definition_key`],
    [topic.tenantIdIn, sql`i.tenant_id`],
  ]
  for (const [list, column] of lists) {
    if (list !== undefined) conditions.push(sql`${column} = any(${list}::text[])`)
  }
  for (const [name, value] of Object.entries(topic.processVariables ?? {})) {
    conditions.push(ownerHas(ofInstance, { name, operator: 'eq', value }))
  }
  return conditions
}

interface ScopedVariable {
  name: string
  value: TypedValue
  execution_id: string
  depth: number
}

/** Variables of a task's execution and of all above it, nearest first. */
async function readVariables(tx: Tx, tasks: readonly ExternalTaskListRow[]): Promise<Map<string, ScopedVariable[]>> {
  const ids = tasks.map((task) => task.id)
  const instanceIds = tasks.map((task) => task.instance_id)
  const { rows } = await sql<ScopedVariable & { task_id: string }>`
    with recursive scope as (
      select t.id as task_id, t.execution_id, 0 as depth from mlc.external_task t where t.id = any(${ids}::text[])
      union all
      select s.task_id, e.parent_id, s.depth + 1 from scope s join mlc.execution e on e.id = s.execution_id where e.parent_id is not null)
    select s.task_id, v.name, v.value, v.execution_id, s.depth
    from scope s join mlc.variable v on v.execution_id = s.execution_id
    where v.instance_id = any(${instanceIds}::text[]) order by s.depth`.execute(tx)
  const byTask = new Map<string, ScopedVariable[]>()
  for (const row of rows) byTask.set(row.task_id, [...(byTask.get(row.task_id) ?? []), row])
  return byTask
}

function visible(
  variables: readonly ScopedVariable[],
  task: ExternalTaskListRow,
  topic: Topic,
): [string, TypedValue][] {
  const seen = new Map<string, TypedValue>()
  for (const { name, value, execution_id: executionId } of variables) {
    if (topic.localVariables && executionId !== task.execution_id) continue
    if (topic.variables !== undefined && !topic.variables.includes(name)) continue
    if (!seen.has(name)) seen.set(name, value)
  }
  return [...seen]
}
