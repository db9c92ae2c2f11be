import { sql } from 'kysely'
import type { MlcContext } from '../context.ts'
import { type DefinitionRow, toDefinitionBody } from './deployment-store.ts'

interface IncidentCount {
  incidentType: string
  incidentCount: number
}

/** Tokens, failed due work and incidents by activity of one definition. */
export async function activityStatistics(ctx: MlcContext, definitionId: string) {
  const { rows } = await sql<{ id: string; instances: number; failed: number; incidents: IncidentCount[] }>`
    select e.activity_id as id, count(*)::int as instances,
      (select count(*)::int from mlc.due_work w join mlc.instance wi on wi.id = w.instance_id
        where wi.definition_id = ${definitionId} and w.activity_id = e.activity_id and w.retries = 0) as failed,
      (select coalesce(json_agg(json_build_object('incidentType', c.incident_type, 'incidentCount', c.n)), '[]') from (
        select n.incident_type, count(*)::int as n from mlc.incident n join mlc.instance ni on ni.id = n.instance_id
        where ni.definition_id = ${definitionId} and n.activity_id = e.activity_id group by n.incident_type) c) as incidents
    from mlc.execution e join mlc.instance i on i.id = e.instance_id
    where i.definition_id = ${definitionId} and e.activity_id is not null
      and not exists (select 1 from mlc.execution c where c.parent_id = e.id and c.activity_id = e.activity_id)
    group by e.activity_id order by e.activity_id`.execute(ctx.database.kysely)
  return rows.map((row) => ({
    '@class': 'org.camunda.bpm.engine.rest.dto.repository.ActivityStatisticsResultDto',
    id: row.id,
    instances: row.instances,
    failedJobs: row.failed,
    incidents: row.incidents,
  }))
}

export async function definitionStatistics(ctx: MlcContext) {
  const { rows } = await sql<DefinitionRow & { instances: number; failed: number; incidents: IncidentCount[] }>`
    select d.*,
      (select count(*)::int from mlc.instance i where i.definition_id = d.id and i.ended_at is null) as instances,
      (select count(*)::int from mlc.due_work w join mlc.instance i on i.id = w.instance_id
        where i.definition_id = d.id and w.retries = 0) as failed,
      (select coalesce(json_agg(json_build_object('incidentType', c.incident_type, 'incidentCount', c.n)), '[]') from (
        select n.incident_type, count(*)::int as n from mlc.incident n join mlc.instance i on i.id = n.instance_id
        where i.definition_id = d.id group by n.incident_type) c) as incidents
    from mlc.process_definition d order by d.id`.execute(ctx.database.kysely)
  return rows.map((row) => ({
    '@class': 'org.camunda.bpm.engine.rest.dto.repository.ProcessDefinitionStatisticsResultDto',
    id: row.id,
    instances: row.instances,
    failedJobs: row.failed,
    incidents: row.incidents,
    definition: toDefinitionBody(row),
  }))
}
