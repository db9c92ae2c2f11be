import { sql } from 'kysely'
import { toCamundaDate, toCamundaDateOrNull } from '../camunda-dates.ts'
import { incidentFilters, incidentSorts } from '../incidents/incident-filters.ts'
import { after, before, equal, oneOf, when } from '../lists/filters.ts'
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
  job_definition_id: string | null
}

/** The job of an ended incident is gone; its definition is that of its activity. */
const jobDefinitionId = sql`(select j.id from mlc.job_definition j
  where n.incident_type = 'failedJob' and j.definition_id = i.definition_id and j.activity_id = n.activity_id order by j.id limit 1)`

export const incidentHistoryList: ListResource<IncidentHistoryRow> = {
  path: '/history/incident',
  columns: sql`n.*, i.definition_id, i.definition_key, i.root_process_instance_id, i.tenant_id, ${jobDefinitionId} as job_definition_id`,
  from: sql`mlc.history_incident n join mlc.instance i on i.id = n.instance_id`,
  filters: {
    ...incidentFilters,
    processDefinitionKey: equal(sql`i.definition_key`),
    jobDefinitionIdIn: oneOf(jobDefinitionId),
    createTimeBefore: before(sql`n.created_at`),
    createTimeAfter: after(sql`n.created_at`),
    endTimeBefore: before(sql`n.ended_at`),
    endTimeAfter: after(sql`n.ended_at`),
    open: when(sql`n.state = 'open'`),
    resolved: when(sql`n.state = 'resolved'`),
    deleted: when(sql`n.state = 'deleted'`),
  },
  sorts: {
    ...incidentSorts,
    createTime: sql`n.created_at`,
    endTime: sql`n.ended_at`,
    processDefinitionKey: sql`i.definition_key`,
    incidentState: sql`n.state`,
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
    jobDefinitionId: row.job_definition_id,
    annotation: row.annotation,
    open: row.state === 'open',
    deleted: row.state === 'deleted',
    resolved: row.state === 'resolved',
  }),
  getOnly: true,
}
