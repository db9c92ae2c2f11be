/** What lists of incidents share: `n` is the incident, of today or of history, and `i` its instance. */
import { sql } from 'kysely'
import { type Condition, equal, type Filter, like, oneOf, when } from '../lists/filters.ts'

const byMessage = {
  incidentId: equal(sql`n.id`),
  incidentType: equal(sql`n.incident_type`),
  incidentMessage: equal(sql`n.message`),
  incidentMessageLike: like(sql`n.message`),
}

export const incidentFilters: Record<string, Filter> = {
  ...byMessage,
  processDefinitionId: equal(sql`i.definition_id`),
  processDefinitionKeyIn: oneOf(sql`i.definition_key`),
  processInstanceId: equal(sql`n.instance_id`),
  processInstanceIdIn: oneOf(sql`n.instance_id`),
  executionId: equal(sql`n.execution_id`),
  activityId: equal(sql`n.activity_id`),
  failedActivityId: equal(sql`n.failed_activity_id`),
  causeIncidentId: equal(sql`n.cause_incident_id`),
  rootCauseIncidentId: equal(sql`n.root_cause_incident_id`),
  configuration: equal(sql`n.configuration`),
  tenantIdIn: oneOf(sql`i.tenant_id`),
  withoutTenantId: when(sql`i.tenant_id is null`),
}

export const incidentSorts: Record<string, Condition> = {
  incidentId: sql`n.id`,
  incidentMessage: sql`n.message`,
  incidentType: sql`n.incident_type`,
  executionId: sql`n.execution_id`,
  activityId: sql`n.activity_id`,
  processInstanceId: sql`n.instance_id`,
  processDefinitionId: sql`i.definition_id`,
  causeIncidentId: sql`n.cause_incident_id`,
  rootCauseIncidentId: sql`n.root_cause_incident_id`,
  configuration: sql`n.configuration`,
  tenantId: sql`i.tenant_id`,
}

/** Filters of a list whose rows have incidents; `having` says which rows have one that is so. */
export function filtersByIncident(having: (incident: Condition) => Condition): Record<string, Filter> {
  return Object.fromEntries(
    Object.entries(byMessage).map(([name, filter]): [string, Filter] => [
      name,
      (value, parameter, query) => {
        const incident = filter(value, parameter, query)
        return incident === null ? null : having(incident)
      },
    ]),
  )
}
