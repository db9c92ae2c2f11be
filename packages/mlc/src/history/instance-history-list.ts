import { sql } from 'kysely'
import { toCamundaDate, toCamundaDateOrNull } from '../camunda-dates.ts'
import { filtersByIncident } from '../incidents/incident-filters.ts'
import { atOrAfter, atOrBefore, equal, like, noneOf, oneOf, when } from '../lists/filters.ts'
import type { ListResource } from '../lists/list-resource.ts'
import { ofEndedInstance, variableFilter } from '../lists/variable-filter.ts'

interface InstanceHistoryRow {
  id: string
  root_process_instance_id: string
  definition_id: string
  definition_key: string
  name: string | null
  version: number | null
  business_key: string | null
  started_at: Date
  ended_at: Date | null
  start_user_id: string | null
  start_activity_id: string
  delete_reason: string | null
  tenant_id: string | null
  state: string
}

const incidentWhere = (condition: ReturnType<typeof sql>) =>
  sql`exists (select 1 from mlc.history_incident n where n.instance_id = i.id and ${condition})`
const activityWhere = (condition: ReturnType<typeof sql>) =>
  sql`exists (select 1 from mlc.history_activity a where a.instance_id = i.id and ${condition})`

export const instanceHistoryList: ListResource<InstanceHistoryRow> = {
  path: '/history/process-instance',
  columns: sql`i.*, d.name, d.version`,
  from: sql`mlc.instance i left join mlc.process_definition d on d.id = i.definition_id`,
  filters: {
    processInstanceId: equal(sql`i.id`),
    processInstanceIds: oneOf(sql`i.id`),
    processInstanceIdNotIn: noneOf(sql`i.id`),
    rootProcessInstanceId: equal(sql`i.root_process_instance_id`),
    rootProcessInstances: when(sql`i.super_execution_id is null`),
    superProcessInstanceId: () => sql`false`,
    subProcessInstanceId: () => sql`false`,
    variables: variableFilter(ofEndedInstance),
    processDefinitionId: equal(sql`i.definition_id`),
    processDefinitionKey: equal(sql`i.definition_key`),
    processDefinitionKeyIn: oneOf(sql`i.definition_key`),
    processDefinitionKeyNotIn: noneOf(sql`i.definition_key`),
    processDefinitionName: equal(sql`d.name`),
    processDefinitionNameLike: like(sql`d.name`),
    processInstanceBusinessKey: equal(sql`i.business_key`),
    processInstanceBusinessKeyIn: oneOf(sql`i.business_key`),
    processInstanceBusinessKeyLike: like(sql`i.business_key`),
    finished: when(sql`i.ended_at is not null`),
    unfinished: when(sql`i.ended_at is null`),
    withIncidents: when(incidentWhere(sql`true`)),
    withRootIncidents: when(incidentWhere(sql`n.cause_incident_id = n.id`)),
    ...filtersByIncident(incidentWhere),
    incidentStatus: (value) => incidentWhere(sql`n.state = ${String(value)}`),
    withJobsRetrying: when(sql`exists (
      select 1 from mlc.due_work w where w.instance_id = i.id and w.exception_message is not null and w.retries > 0)`),
    startedBefore: atOrBefore(sql`i.started_at`),
    startedAfter: atOrAfter(sql`i.started_at`),
    finishedBefore: atOrBefore(sql`i.ended_at`),
    finishedAfter: atOrAfter(sql`i.ended_at`),
    startedBy: equal(sql`i.start_user_id`),
    tenantIdIn: oneOf(sql`i.tenant_id`),
    withoutTenantId: when(sql`i.tenant_id is null`),
    executedActivityIdIn: (value, name, query) =>
      activityWhere(sql`a.ended_at is not null and ${oneOf(sql`a.activity_id`)(value, name, query)}`),
    executedActivityAfter: (value, name, query) =>
      activityWhere(atOrAfter(sql`a.started_at`)(value, name, query) ?? sql`true`),
    executedActivityBefore: (value, name, query) =>
      activityWhere(atOrBefore(sql`a.started_at`)(value, name, query) ?? sql`true`),
    activeActivityIdIn: (value, name, query) =>
      activityWhere(sql`a.ended_at is null and ${oneOf(sql`a.activity_id`)(value, name, query)}`),
    active: when(sql`i.state = 'ACTIVE'`),
    suspended: when(sql`i.state = 'SUSPENDED'`),
    completed: when(sql`i.state = 'COMPLETED'`),
    externallyTerminated: when(sql`i.state = 'EXTERNALLY_TERMINATED'`),
    internallyTerminated: when(sql`i.state = 'INTERNALLY_TERMINATED'`),
  },
  sorts: {
    instanceId: sql`i.id`,
    definitionId: sql`i.definition_id`,
    definitionKey: sql`i.definition_key`,
    definitionName: sql`d.name`,
    definitionVersion: sql`d.version`,
    businessKey: sql`i.business_key`,
    startTime: sql`i.started_at`,
    endTime: sql`i.ended_at`,
    duration: sql`i.ended_at - i.started_at`,
    tenantId: sql`i.tenant_id`,
  },
  order: sql`i.id`,
  toBody: (row) => ({
    id: row.id,
    businessKey: row.business_key,
    processDefinitionId: row.definition_id,
    processDefinitionKey: row.definition_key,
    processDefinitionName: row.name,
    processDefinitionVersion: row.version,
    startTime: toCamundaDate(row.started_at),
    endTime: toCamundaDateOrNull(row.ended_at),
    removalTime: null,
    durationInMillis: durationMs(row.started_at, row.ended_at),
    startUserId: row.start_user_id,
    startActivityId: row.start_activity_id,
    deleteReason: row.delete_reason,
    rootProcessInstanceId: row.root_process_instance_id,
    superProcessInstanceId: null,
    superCaseInstanceId: null,
    caseInstanceId: null,
    tenantId: row.tenant_id,
    state: row.state,
    restartedProcessInstanceId: null,
  }),
}

export function durationMs(startedAt: Date, endedAt: Date | null): number | null {
  return endedAt === null ? null : endedAt.getTime() - startedAt.getTime()
}
