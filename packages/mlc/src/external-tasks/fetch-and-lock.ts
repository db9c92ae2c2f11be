/** Locks tasks for a worker. Tasks another command is just working on are passed over; the next look finds them. */
import type { TypedValue } from '@rowhouse/bpmn'
import { sql } from 'kysely'
import { toWireVariables } from '../camunda-values.ts'
import type { MlcContext, Tx } from '../context.ts'
import { type Condition, oneOf, variableFilter } from '../lists/filters.ts'
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
}

export interface FetchWish {
  workerId: string
  tasksMax: number
  usePriority: boolean
  topics: Topic[]
}

export async function fetchAndLock(ctx: MlcContext, wish: FetchWish): Promise<unknown[]> {
  return ctx.database.transaction(async (tx) => {
    const bodies: unknown[] = []
    for (const topic of wish.topics) {
      const left = wish.tasksMax - bodies.length
      if (left <= 0) break
      bodies.push(...(await fetchTopic(ctx, tx, wish, topic, left)))
    }
    return bodies
  })
}

async function fetchTopic(ctx: MlcContext, tx: Tx, wish: FetchWish, topic: Topic, left: number): Promise<unknown[]> {
  const now = ctx.now()
  const until = new Date(now.getTime() + topic.lockMs)
  const order = wish.usePriority ? sql`t.priority desc, t.id` : sql`t.id`
  const { rows: chosen } = await sql<{ id: string }>`
    update mlc.external_task set worker_id = ${wish.workerId}, lock_expires_at = ${until}
    where id in (
      select t.id from ${externalTaskFrom}
      where t.topic = ${topic.name} and not t.is_suspended and (t.retries is null or t.retries > 0)
        and (t.lock_expires_at is null or t.lock_expires_at <= ${now}) and ${sql.join(conditionsOf(topic), sql` and `)}
      order by ${order} limit ${left}::int for update of t skip locked)
    returning id`.execute(tx)
  if (chosen.length === 0) return []
  const ids = chosen.map((row) => row.id)
  const { rows } = await sql<ExternalTaskListRow>`
    select ${externalTaskColumns} from ${externalTaskFrom} where t.id = any(${ids}::text[]) order by ${order}`.execute(
    tx,
  )
  const variables = await readVariables(tx, ids)
  return rows.map((row) => ({
    ...toExternalTaskBody(row),
    errorDetails: row.error_details,
    variables: toWireVariables(ctx.vault.open(visible(variables.get(row.id) ?? [], row, topic)), {
      deserialize: topic.deserializeValues,
      withCredentials: true,
    }),
    extensionProperties: {},
  }))
}

function conditionsOf(topic: Topic): Condition[] {
  const conditions: Condition[] = [sql`i.state = 'ACTIVE'`]
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
    const condition = list === undefined ? null : oneOf(column)(list, '', {})
    if (condition !== null) conditions.push(condition)
  }
  const wanted = Object.entries(topic.processVariables ?? {}).map(([name, value]) => ({ name, operator: 'eq', value }))
  const byVariables = wanted.length === 0 ? null : variableFilter(sql`i.id`)(wanted, 'processVariables', {})
  if (byVariables !== null) conditions.push(byVariables)
  return conditions
}

interface ScopedVariable {
  name: string
  value: TypedValue
  execution_id: string
  depth: number
}

/** Variables of a task's execution and of all above it, nearest first. */
async function readVariables(tx: Tx, taskIds: readonly string[]): Promise<Map<string, ScopedVariable[]>> {
  const { rows } = await sql<ScopedVariable & { task_id: string }>`
    with recursive scope as (
      select t.id as task_id, t.execution_id, 0 as depth from mlc.external_task t where t.id = any(${[...taskIds]}::text[])
      union all
      select s.task_id, e.parent_id, s.depth + 1 from scope s join mlc.execution e on e.id = s.execution_id where e.parent_id is not null)
    select s.task_id, v.name, v.value, v.execution_id, s.depth
    from scope s join mlc.variable v on v.execution_id = s.execution_id order by s.depth`.execute(tx)
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
