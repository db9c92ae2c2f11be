import { sql } from 'kysely'
import { toCamundaDate, toCamundaDateOrNull } from '../camunda-dates.ts'
import { after, before, equal, like, oneOf, when } from '../lists/filters.ts'
import type { ListResource } from '../lists/list-resource.ts'

interface IncidentHistoryRow {
  id: string
  instance_id: string
  execution_id: string
  incident_type: string
  activity_id: string
  failed_activity_id: string | null
  cause_incident_id: string
  root_cause_incident_id: string
  configuration: string | null
  message: string | null
  annotation: string | null
  created_at: Date
  ended_at: Date | null
  state: string
  definition_id: string
  definition_key: string
  root_process_instance_id: string
  tenant_id: string | null
}

export const incidentHistoryList: ListResource<IncidentHistoryRow> = {
  path: '/history/incident',
  columns: sql`n.*, i.definition_id, i.definition_key, i.root_process_instance_id, i.tenant_id`,
  from: sql`mlc.history_incident n join mlc.instance i on i.id = n.instance_id`,
  filters: {
    incidentId: equal(sql`n.id`),
    incidentType: equal(sql`n.incident_type`),
    incidentMessage: equal(sql`n.message`),
    incidentMessageLike: like(sql`n.message`),
    processDefinitionId: equal(sql`i.definition_id`),
    processDefinitionKey: equal(sql`i.definition_key`),
    processDefinitionKeyIn: oneOf(sql`i.definition_key`),
    processInstanceId: equal(sql`n.instance_id`),
    executionId: equal(sql`n.execution_id`),
    activityId: equal(sql`n.activity_id`),
    failedActivityId: equal(sql`n.failed_activity_id`),
    causeIncidentId: equal(sql`n.cause_incident_id`),
    rootCauseIncidentId: equal(sql`n.root_cause_incident_id`),
    configuration: equal(sql`n.configuration`),
    createTimeBefore: before(sql`n.created_at`),
    createTimeAfter: after(sql`n.created_at`),
    endTimeBefore: before(sql`n.ended_at`),
    endTimeAfter: after(sql`n.ended_at`),
    open: when(sql`n.state = 'open'`),
    resolved: when(sql`n.state = 'resolved'`),
    deleted: when(sql`n.state = 'deleted'`),
    tenantIdIn: oneOf(sql`i.tenant_id`),
    withoutTenantId: when(sql`i.tenant_id is null`),
  },
  sorts: {
    incidentId: sql`n.id`,
    incidentMessage: sql`n.message`,
    createTime: sql`n.created_at`,
    endTime: sql`n.ended_at`,
    incidentType: sql`n.incident_type`,
    executionId: sql`n.execution_id`,
    activityId: sql`n.activity_id`,
    processInstanceId: sql`n.instance_id`,
    processDefinitionId: sql`i.definition_id`,
    processDefinitionKey: sql`i.definition_key`,
    causeIncidentId: sql`n.cause_incident_id`,
    rootCauseIncidentId: sql`n.root_cause_incident_id`,
    configuration: sql`n.configuration`,
    incidentState: sql`n.state`,
    tenantId: sql`i.tenant_id`,
  },
  order: sql`n.id`,
  toBody: (row) => ({
    id: row.id,
    processDefinitionKey: row.definition_key,
    processDefinitionId: row.definition_id,
    processInstanceId: row.instance_id,
    executionId: row.execution_id,
    rootProcessInstanceId: row.root_process_instance_id,
    createTime: toCamundaDate(row.created_at),
    endTime: toCamundaDateOrNull(row.ended_at),
    removalTime: null,
    incidentType: row.incident_type,
    activityId: row.activity_id,
    failedActivityId: row.failed_activity_id,
    causeIncidentId: row.cause_incident_id,
    rootCauseIncidentId: row.root_cause_incident_id,
    configuration: row.configuration,
    historyConfiguration: null,
    incidentMessage: row.message,
    tenantId: row.tenant_id,
    jobDefinitionId: null,
    annotation: row.annotation,
    open: row.state === 'open',
    deleted: row.state === 'deleted',
    resolved: row.state === 'resolved',
  }),
  getOnly: true,
}
