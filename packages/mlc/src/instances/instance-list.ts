import { sql } from 'kysely'
import { filtersByIncident } from '../incidents/incident-filters.ts'
import { equal, like, noneOf, oneOf, when } from '../lists/filters.ts'
import type { ListResource } from '../lists/list-resource.ts'
import { ofInstance, variableFilter } from '../lists/variable-filter.ts'

export interface InstanceListRow {
  id: string
  definition_id: string
  definition_key: string
  business_key: string | null
  state: string
  tenant_id: string | null
}

const incidentWhere = (condition: ReturnType<typeof sql>) =>
  sql`exists (select 1 from mlc.incident n where n.instance_id = i.id and ${condition})`

/** Live instances only; ended ones are in history. */
export const instanceList: ListResource<InstanceListRow> = {
  path: '/process-instance',
  columns: sql`i.id, i.definition_id, i.definition_key, i.business_key, i.state, i.tenant_id`,
  from: sql`mlc.instance i`,
  always: sql`i.ended_at is null`,
  filters: {
    processInstanceIds: oneOf(sql`i.id`),
    businessKey: equal(sql`i.business_key`),
    businessKeyLike: like(sql`i.business_key`),
    processDefinitionId: equal(sql`i.definition_id`),
    processDefinitionKey: equal(sql`i.definition_key`),
    processDefinitionKeyIn: oneOf(sql`i.definition_key`),
    processDefinitionKeyNotIn: noneOf(sql`i.definition_key`),
    deploymentId: (value) =>
      sql`i.definition_id in (select d.id from mlc.process_definition d where d.deployment_id = ${String(value)})`,
    active: when(sql`i.state = 'ACTIVE'`),
    suspended: when(sql`i.state = 'SUSPENDED'`),
    withIncident: when(incidentWhere(sql`true`)),
    ...filtersByIncident(incidentWhere),
    tenantIdIn: oneOf(sql`i.tenant_id`),
    withoutTenantId: when(sql`i.tenant_id is null`),
    processDefinitionWithoutTenantId: when(sql`i.tenant_id is null`),
    activityIdIn: (value, name, query) =>
      sql`exists (select 1 from mlc.execution e where e.instance_id = i.id and ${oneOf(sql`e.activity_id`)(value, name, query)})`,
    rootProcessInstances: when(sql`i.super_execution_id is null`),
    rootProcessInstanceId: equal(sql`i.root_process_instance_id`),
    // No instance calls another yet.
    superProcessInstance: () => sql`false`,
    subProcessInstance: () => sql`false`,
    variables: variableFilter(ofInstance),
  },
  sorts: {
    instanceId: sql`i.id`,
    definitionKey: sql`i.definition_key`,
    definitionId: sql`i.definition_id`,
    tenantId: sql`i.tenant_id`,
    businessKey: sql`i.business_key`,
  },
  order: sql`i.id`,
  toBody: (row) => ({
    links: [],
    id: row.id,
    definitionId: row.definition_id,
    definitionKey: row.definition_key,
    businessKey: row.business_key,
    caseInstanceId: null,
    ended: false,
    suspended: row.state === 'SUSPENDED',
    tenantId: row.tenant_id,
  }),
}
