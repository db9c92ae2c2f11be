/** History as rows: the events of a step become inserts and updates in the same statement as the step's changes. */
import type { HistoryEvent } from '@rowhouse/bpmn'
import { type RawBuilder, sql } from 'kysely'
import { type FlushInput, insertRows, jsonRows, upsertRows } from '../instances/row-sql.ts'

type EventOf<Type extends HistoryEvent['type']> = Extract<HistoryEvent, { type: Type }>
type Row = Record<string, unknown>

/** What a batch of events comes to: a thing that starts and ends in it is one insert. */
interface Digest {
  started: Map<string, Row>
  ended: EventOf<'activity-ended'>[]
  endedErrors: (Row & EventOf<'errors-ended'>)[]
  assigned: EventOf<'task-assigned'>[]
  variables: Map<string, Row>
  deletedVariables: Set<string>
  incidents: Map<string, Row>
  endedIncidents: EventOf<'incident-ended'>[]
  log: Row[]
}

const activityColumns = (
  'id instance_id parent_activity_instance_id activity_id activity_name activity_type execution_id task_id assignee ' +
  'started_at ended_at canceled complete_scope'
).split(' ')
const variableColumns = 'id instance_id execution_id activity_instance_id name value created_at state'.split(' ')
const incidentColumns = (
  'id instance_id execution_id incident_type activity_id failed_activity_id cause_incident_id root_cause_incident_id ' +
  'configuration message annotation created_at ended_at state'
).split(' ')
const logColumns = 'instance_id work_id activity_id event message at'.split(' ')

export function historyParts(inputs: readonly FlushInput[]): RawBuilder<unknown>[] {
  const digest: Digest = {
    started: new Map(),
    ended: [],
    endedErrors: [],
    assigned: [],
    variables: new Map(),
    deletedVariables: new Set(),
    incidents: new Map(),
    endedIncidents: [],
    log: [],
  }
  for (const { changes, history } of inputs) {
    for (const event of history) take(digest, changes.instance.id, event)
  }
  return [...activityParts(digest), ...variableParts(digest), ...incidentParts(digest), ...logParts(digest)]
}

function take(digest: Digest, instanceId: string, event: HistoryEvent): void {
  switch (event.type) {
    case 'activity-started': {
      const { type: _type, activityInstanceId, at, ...rest } = event
      const row = {
        ...rest,
        id: activityInstanceId,
        instanceId,
        startedAt: at,
        endedAt: null,
        canceled: false,
        completeScope: false,
      }
      digest.started.set(activityInstanceId, row)
      break
    }
    case 'activity-ended': {
      const row = digest.started.get(event.activityInstanceId)
      if (row === undefined) digest.ended.push(event)
      else Object.assign(row, { endedAt: event.at, canceled: event.canceled, completeScope: event.completeScope })
      break
    }
    case 'errors-ended': {
      const { at: endedAt, canceled } = event
      for (const row of digest.started.values()) {
        if (row.instanceId === instanceId && isOpenError(row))
          Object.assign(row, { endedAt, canceled, completeScope: true })
      }
      digest.endedErrors.push({ ...event, instanceId })
      break
    }
    case 'task-assigned': {
      const row = digest.started.get(event.activityInstanceId)
      if (row === undefined) digest.assigned.push(event)
      else row.assignee = event.assignee
      break
    }
    case 'variable-set':
      digest.variables.set(event.row.id, { ...event.row, instanceId, state: 'CREATED' })
      digest.deletedVariables.delete(event.row.id)
      break
    case 'variable-deleted': {
      const row = digest.variables.get(event.variableId)
      if (row !== undefined) row.state = 'DELETED'
      digest.deletedVariables.add(event.variableId)
      break
    }
    case 'incident-created':
      digest.incidents.set(event.row.id, { ...event.row, instanceId, endedAt: null, state: 'open' })
      break
    case 'incident-ended': {
      const row = digest.incidents.get(event.incidentId)
      if (row === undefined) digest.endedIncidents.push(event)
      else Object.assign(row, { endedAt: event.at, state: event.state })
      break
    }
    case 'work-log': {
      const { type: _type, ...row } = event
      digest.log.push({ ...row, instanceId })
      break
    }
  }
}

function isOpenError({ activityType, endedAt }: Row): boolean {
  return activityType === 'errorEndEvent' && endedAt === null
}

function activityParts(digest: Digest): RawBuilder<unknown>[] {
  const parts: RawBuilder<unknown>[] = []
  const started = [...digest.started.values()]
  if (started.length > 0) parts.push(sql`h_activity as (${insertRows('history_activity', activityColumns, started)})`)
  if (digest.ended.length > 0) {
    parts.push(sql`h_activity_end as (
      update mlc.history_activity h set ended_at = x.at, canceled = x.canceled, complete_scope = x.complete_scope
      from jsonb_to_recordset(${jsonRows(digest.ended)}::jsonb)
        as x(activity_instance_id text, at timestamptz, canceled boolean, complete_scope boolean)
      where h.id = x.activity_instance_id)`)
  }
  if (digest.endedErrors.length > 0) {
    parts.push(sql`h_error_end as (
      update mlc.history_activity h set ended_at = x.at, canceled = x.canceled, complete_scope = true
      from jsonb_to_recordset(${jsonRows(digest.endedErrors)}::jsonb) as x(instance_id text, at timestamptz, canceled boolean)
      where h.instance_id = x.instance_id and h.activity_type = 'errorEndEvent' and h.ended_at is null)`)
  }
  if (digest.assigned.length > 0) {
    parts.push(sql`h_assignee as (
      update mlc.history_activity h set assignee = x.assignee
      from jsonb_to_recordset(${jsonRows(digest.assigned)}::jsonb) as x(activity_instance_id text, assignee text)
      where h.id = x.activity_instance_id)`)
  }
  return parts
}

function variableParts(digest: Digest): RawBuilder<unknown>[] {
  const parts: RawBuilder<unknown>[] = []
  const set = [...digest.variables.values()]
  if (set.length > 0) parts.push(sql`h_variable as (${upsertRows('history_variable', variableColumns, set)})`)
  const deleted = [...digest.deletedVariables].filter((id) => !digest.variables.has(id))
  if (deleted.length > 0) {
    parts.push(sql`h_variable_gone as (
      update mlc.history_variable set state = 'DELETED' where id = any(${deleted}::text[]))`)
  }
  return parts
}

function incidentParts(digest: Digest): RawBuilder<unknown>[] {
  const parts: RawBuilder<unknown>[] = []
  const created = [...digest.incidents.values()]
  if (created.length > 0) parts.push(sql`h_incident as (${insertRows('history_incident', incidentColumns, created)})`)
  if (digest.endedIncidents.length > 0) {
    parts.push(sql`h_incident_end as (
      update mlc.history_incident h set ended_at = x.at, state = x.state
      from jsonb_to_recordset(${jsonRows(digest.endedIncidents)}::jsonb) as x(incident_id text, at timestamptz, state text)
      where h.id = x.incident_id)`)
  }
  return parts
}

function logParts(digest: Digest): RawBuilder<unknown>[] {
  if (digest.log.length === 0) return []
  return [sql`h_log as (${insertRows('history_work_log', logColumns, digest.log)})`]
}
