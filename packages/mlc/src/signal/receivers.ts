/** Who a signal reaches at this moment: waiting executions and start events. */
import { sql } from 'kysely'
import type { Tx } from '../context.ts'
import type { DefinitionRow } from '../definitions/deployment-store.ts'

export interface WaitingReceiver {
  subscriptionId: string
  instanceId: string
  executionId: string
}

export interface StartReceiver {
  definition: DefinitionRow
  activityId: string
}

/** No tenant given: all; `null`: only those without one. */
export interface TenantFilter {
  tenantId?: string | null
}

/** No execution given: all that wait. */
export interface WaitingFilter extends TenantFilter {
  executionId?: string | null
}

/** In id order; a suspended instance is not reached. */
export async function findWaiting(tx: Tx, name: string, filter: WaitingFilter = {}): Promise<WaitingReceiver[]> {
  const one = filter.executionId ?? null
  const { rows } = await sql<WaitingReceiver>`
    select s.id as "subscriptionId", s.instance_id as "instanceId", s.execution_id as "executionId"
    from mlc.subscription s join mlc.instance i on i.id = s.instance_id
    where s.event_type = 'signal' and s.event_name = ${name} and i.state = 'ACTIVE' and ${tenantCondition(filter, 'i')}
      and ${one === null ? sql`true` : sql`s.execution_id = ${one}`}
    order by s.id`.execute(tx)
  return rows
}

/** Ordered by key; a suspended definition is silently left out. */
export async function findStarts(
  tx: Tx,
  eventType: 'signal' | 'message',
  name: string,
  filter: TenantFilter = {},
): Promise<StartReceiver[]> {
  const { rows } = await sql<DefinitionRow & { start_activity_id: string }>`
    select d.*, s.activity_id as start_activity_id
    from mlc.start_subscription s join mlc.process_definition d on d.id = s.definition_id
    where s.event_type = ${eventType} and s.event_name = ${name} and not d.is_suspended and ${tenantCondition(filter, 'd')}
    order by d.key, s.id`.execute(tx)
  return rows.map(({ start_activity_id: activityId, ...definition }) => ({ definition, activityId }))
}

/** Names of signals that would start something, for who has misspelt one. */
export async function listStartSignals(tx: Tx, max: number): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select distinct s.event_name as name
    from mlc.start_subscription s join mlc.process_definition d on d.id = s.definition_id
    where s.event_type = 'signal' and not d.is_suspended order by 1 limit ${max}`.execute(tx)
  return rows.map(({ name }) => name)
}

function tenantCondition(filter: TenantFilter, alias: string) {
  if (filter.tenantId === undefined) return sql`true`
  return sql`${sql.ref(`${alias}.tenant_id`)} is not distinct from ${filter.tenantId}`
}
