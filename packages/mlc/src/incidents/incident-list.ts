import { sql } from 'kysely'
import { toCamundaDate } from '../camunda-dates.ts'
import { after, before, oneOf } from '../lists/filters.ts'
import type { ListResource } from '../lists/list-resource.ts'
import { incidentFilters, incidentSorts } from './incident-filters.ts'

export interface IncidentListRow {
  id: string
  definition_id: string
  instance_id: string
  execution_id: string
  created_at: Date
  incident_type: string
  activity_id: string
  failed_activity_id: string | null
  cause_incident_id: string
  root_cause_incident_id: string
  configuration: string | null
  tenant_id: string | null
  message: string | null
  job_definition_id: string | null
  annotation: string | null
}

export const incidentList: ListResource<IncidentListRow> = {
  path: '/incident',
  columns: sql`n.*, i.definition_id, i.tenant_id,
    (select mlc.job_definition_of(i.definition_id, w.activity_id, w.kind) from mlc.due_work w where w.id = n.configuration) as job_definition_id`,
  from: sql`mlc.incident n join mlc.instance i on i.id = n.instance_id`,
  filters: {
    ...incidentFilters,
    incidentTimestampBefore: before(sql`n.created_at`),
    incidentTimestampAfter: after(sql`n.created_at`),
    jobDefinitionIdIn: (value, name, query) =>
      sql`exists (select 1 from mlc.due_work w where w.id = n.configuration and ${oneOf(sql`mlc.job_definition_of(i.definition_id, w.activity_id, w.kind)`)(value, name, query)})`,
  },
  sorts: { ...incidentSorts, incidentTimestamp: sql`n.created_at` },
  order: sql`n.id`,
  toBody: (row) => ({
    id: row.id,
    processDefinitionId: row.definition_id,
    processInstanceId: row.instance_id,
    executionId: row.execution_id,
    incidentTimestamp: toCamundaDate(row.created_at),
    incidentType: row.incident_type,
    activityId: row.activity_id,
    failedActivityId: row.failed_activity_id,
    causeIncidentId: row.cause_incident_id,
    rootCauseIncidentId: row.root_cause_incident_id,
    configuration: row.configuration,
    tenantId: row.tenant_id,
    incidentMessage: row.message,
    jobDefinitionId: row.job_definition_id,
    annotation: row.annotation,
  }),
  getOnly: true,
}
