/** What the recorder of the conformance scenarios notes of an instance, read from rows and history. */
import type { Json, TypedValue } from '../src/values.ts'
import type { Live } from './memory-engine.ts'

export function observe({ graph, aggregate, history }: Live): { [part: string]: Json } {
  const { instance } = aggregate
  const names = new Map([[instance.id, 'process']])
  for (const event of history) {
    if (event.type === 'activity-started') names.set(event.activityInstanceId, event.activityId)
  }
  const scope = (id: string) => names.get(id) ?? '<unknown>'
  const live = instance.endedAt === null ? observeLive({ graph, aggregate, history }, scope) : {}
  return {
    process: instance.definitionKey,
    version: 1,
    state: instance.state,
    businessKey: instance.businessKey,
    startActivityId: instance.startActivityId,
    calledBy: null,
    deleteReason: instance.deleteReason,
    ...live,
    history: observeActivities(history, scope),
    historyVariables: observeVariables(history, scope),
    historyIncidents: observeIncidents(history),
  }
}

type Scope = (activityInstanceId: string) => string

function observeLive({ graph, aggregate }: Live, scope: Scope): { [part: string]: Json } {
  const { instance, executions, incidents } = aggregate
  const at = executions.filter((row) => row.activityId !== null)
  const incidentsOn = (executionId: string) => incidents.filter((row) => row.executionId === executionId).length
  const view = (row: (typeof executions)[number]) => ({
    activityId: row.activityId,
    activityType: graph.nodes.get(row.activityId ?? '')?.activityType ?? null,
    incidents: incidentsOn(row.id),
  })
  return {
    tree: {
      activityId: '<process>',
      activityType: 'processDefinition',
      children: sorted(
        at
          .filter((row) => row.activityInstanceId !== null)
          .map((row) => ({ ...view(row), children: [], transitions: [] })),
      ),
      transitions: sorted(at.filter((row) => row.activityInstanceId === null).map(view)),
      incidents: 0,
    },
    variables: sorted(
      aggregate.variables.map(({ name, value, activityInstanceId }) => ({
        name,
        ...plain(value),
        scope: scope(activityInstanceId),
      })),
    ),
    incidents: sorted(
      incidents.map((row) => ({
        type: row.incidentType,
        activityId: row.activityId,
        failedActivityId: row.failedActivityId,
        message: row.message,
        cause: row.causeIncidentId === row.id ? 'self' : 'other',
        root: row.rootCauseIncidentId === row.id ? 'self' : 'other',
        configuration: row.configuration === null ? 'none' : 'set',
      })),
    ),
    jobs: sorted(
      aggregate.dueWork.map((row) => ({
        activityId: row.activityId,
        retries: row.retries,
        due: row.dueAt === null ? 'none' : 'set',
        exceptionMessage: row.exceptionMessage,
        failedActivityId: row.failedActivityId,
        suspended: row.isSuspended,
        priority: row.priority,
        ...jobDefinition(row.kind, graph, row.activityId),
      })),
    ),
    externalTasks: sorted(
      aggregate.externalTasks.map((row) => ({
        topic: row.topic,
        activityId: row.activityId,
        worker: row.workerId,
        retries: row.retries,
        errorMessage: row.errorMessage,
        suspended: row.isSuspended,
        priority: row.priority,
        locked: row.lockExpiresAt !== null,
      })),
    ),
    tasks: sorted(
      aggregate.userTasks.map((row) => ({
        key: row.activityId,
        name: row.name,
        assignee: row.assignee,
        owner: row.owner,
        priority: row.priority,
        description: row.description,
        due: row.dueAt === null ? null : '<date>',
        followUp: row.followUpAt === null ? null : '<date>',
        formKey: row.formKey,
        delegationState: row.delegationState,
        suspended: row.isSuspended,
      })),
    ),
    subscriptions: sorted(
      aggregate.subscriptions.map((row) => ({ type: row.eventType, name: row.eventName, activityId: row.activityId })),
    ),
    businessKey: instance.businessKey,
  }
}

function jobDefinition(kind: string, graph: Live['graph'], activityId: string): { [member: string]: Json } {
  const found = graph.jobDefinitions.find(
    (each) => each.activityId === activityId && (each.jobType !== 'async-continuation' || each.configuration === kind),
  )
  return {
    jobType: found?.jobType ?? null,
    configuration: found?.configuration.replace(/^DATE: .*/, 'DATE: <date>') ?? null,
  }
}

function observeActivities(history: Live['history'], scope: Scope): Json[] {
  const ends = new Map(
    history.flatMap((event) => (event.type === 'activity-ended' ? [[event.activityInstanceId, event]] : [])),
  )
  return sorted(
    history.flatMap((event) => {
      if (event.type !== 'activity-started') return []
      const end = ends.get(event.activityInstanceId)
      const { activityId, activityType, parentActivityInstanceId } = event
      const canceled = end?.canceled ?? false
      return [
        {
          activityId,
          activityType,
          canceled,
          finished: end !== undefined,
          called: false,
          parent: scope(parentActivityInstanceId),
        },
      ]
    }),
  )
}

function observeVariables(history: Live['history'], scope: Scope): Json[] {
  const known = new Map<string, { [member: string]: Json }>()
  for (const event of history) {
    if (event.type === 'variable-deleted') known.delete(event.variableId)
    if (event.type !== 'variable-set') continue
    const { id, name, value, activityInstanceId } = event.row
    known.set(id, { name, ...plain(value), state: 'CREATED', scope: scope(activityInstanceId) })
  }
  return sorted([...known.values()])
}

function observeIncidents(history: Live['history']): Json[] {
  const ends = new Map(
    history.flatMap((event) => (event.type === 'incident-ended' ? [[event.incidentId, event.state]] : [])),
  )
  return sorted(
    history.flatMap((event) => {
      if (event.type !== 'incident-created') return []
      const end = ends.get(event.row.id)
      const { incidentType: type, activityId, message } = event.row
      return [
        {
          type,
          activityId,
          open: end === undefined,
          resolved: end === 'resolved',
          deleted: end === 'deleted',
          message,
        },
      ]
    }),
  )
}

const plain = ({ type, value }: TypedValue) => ({ type, value })

function sorted(list: Json[]): Json[] {
  return [...list].sort((a, b) => (stable(a) < stable(b) ? -1 : 1))
}

export function stable(value: Json): string {
  return JSON.stringify(value, (_, each: Json) =>
    each !== null && typeof each === 'object' && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  )
}
