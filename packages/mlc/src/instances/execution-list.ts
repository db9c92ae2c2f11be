import { sql } from 'kysely'
import { equal, oneOf, when } from '../lists/filters.ts'
import type { ListResource } from '../lists/list-resource.ts'
import { ofInstance, variableFilter } from '../lists/variable-filter.ts'

interface ExecutionListRow {
  id: string
  instance_id: string
  tenant_id: string | null
}

const subscribed = (type: string) => (value: unknown) =>
  sql`exists (
  select 1 from mlc.subscription s where s.execution_id = e.id and s.event_type = ${type} and s.event_name = ${String(value)})`

export const executionList: ListResource<ExecutionListRow> = {
  path: '/execution',
  columns: sql`e.id, e.instance_id, i.tenant_id`,
  from: sql`mlc.execution e join mlc.instance i on i.id = e.instance_id`,
  filters: {
    processInstanceId: equal(sql`e.instance_id`),
    businessKey: equal(sql`i.business_key`),
    processDefinitionId: equal(sql`i.definition_id`),
    processDefinitionKey: equal(sql`i.definition_key`),
    activityId: equal(sql`e.activity_id`),
    signalEventSubscriptionName: subscribed('signal'),
    messageEventSubscriptionName: subscribed('message'),
    active: when(sql`i.state = 'ACTIVE'`),
    suspended: when(sql`i.state = 'SUSPENDED'`),
    incidentId: (value) =>
      sql`exists (select 1 from mlc.incident n where n.execution_id = e.id and n.id = ${String(value)})`,
    processVariables: variableFilter(ofInstance),
    tenantIdIn: oneOf(sql`i.tenant_id`),
  },
  sorts: {
    instanceId: sql`e.instance_id`,
    definitionKey: sql`i.definition_key`,
    definitionId: sql`i.definition_id`,
    tenantId: sql`i.tenant_id`,
  },
  order: sql`e.id`,
  toBody: (row) => ({ id: row.id, processInstanceId: row.instance_id, ended: false, tenantId: row.tenant_id }),
}
