import { sql } from 'kysely'
import { toCamundaDate } from '../camunda-dates.ts'
import { equal, inTenants, when } from '../lists/filters.ts'
import type { ListResource } from '../lists/list-resource.ts'

interface EventSubscriptionRow {
  id: string
  event_type: string
  event_name: string
  execution_id: string | null
  instance_id: string | null
  activity_id: string
  created_at: Date
  tenant_id: string | null
}

/** Waiting executions and start events alike. */
export const eventSubscriptionList: ListResource<EventSubscriptionRow> = {
  path: '/event-subscription',
  columns: sql`s.*`,
  from: sql`(
    select s.id, s.event_type, s.event_name, s.execution_id, s.instance_id, s.activity_id, s.created_at, i.tenant_id
    from mlc.subscription s join mlc.instance i on i.id = s.instance_id
    union all
    select s.id, s.event_type, s.event_name, null, null, s.activity_id, s.created_at, s.tenant_id
    from mlc.start_subscription s) s`,
  filters: {
    eventSubscriptionId: equal(sql`s.id`),
    eventName: equal(sql`s.event_name`),
    eventType: equal(sql`s.event_type`),
    executionId: equal(sql`s.execution_id`),
    processInstanceId: equal(sql`s.instance_id`),
    activityId: equal(sql`s.activity_id`),
    tenantIdIn: inTenants(sql`s.tenant_id`, 'includeEventSubscriptionsWithoutTenantId'),
    withoutTenantId: when(sql`s.tenant_id is null`),
  },
  sorts: { created: sql`s.created_at`, tenantId: sql`s.tenant_id` },
  order: sql`s.id`,
  toBody: (row) => ({
    id: row.id,
    eventType: row.event_type,
    eventName: row.event_name,
    executionId: row.execution_id,
    processInstanceId: row.instance_id,
    activityId: row.activity_id,
    createdDate: toCamundaDate(row.created_at),
    tenantId: row.tenant_id,
  }),
  getOnly: true,
}
