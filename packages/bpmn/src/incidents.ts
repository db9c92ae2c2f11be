import type { Run } from './run.ts'
import type { IncidentRow } from './state.ts'

export interface IncidentCause {
  incidentType: 'failedJob' | 'failedExternalTask'
  executionId: string
  activityId: string
  failedActivityId: string | null
  /** The due work or the external task. */
  configuration: string
  message: string | null
}

const messageCharactersMax = 4000

export function createIncident(run: Run, cause: IncidentCause): void {
  const id = run.env.newId()
  const row: IncidentRow = {
    ...cause,
    id,
    instanceId: run.instance.id,
    message: cause.message === null ? null : cause.message.slice(0, messageCharactersMax),
    causeIncidentId: id,
    rootCauseIncidentId: id,
    annotation: null,
    createdAt: run.env.now,
  }
  run.incidents.insert(row)
  run.history.push({ type: 'incident-created', row })
}

/** `resolved`: its cause was mended or has succeeded; `deleted`: its cause went away. */
export function endIncidentsOf(run: Run, configuration: string, state: 'resolved' | 'deleted'): void {
  for (const row of run.incidents.where((incident) => incident.configuration === configuration)) {
    run.incidents.remove(row.id)
    run.history.push({ type: 'incident-ended', incidentId: row.id, state, at: run.env.now })
  }
}
