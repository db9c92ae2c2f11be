import { holdBefore, runAgenda } from './agenda.ts'
import { EngineError } from './engine-error.ts'
import type { FlowNode, ProcessGraph } from './graph.ts'
import { finish, Run } from './run.ts'
import type { Aggregate, InstanceRow, StartRequest, StepEnv, StepResult } from './state.ts'
import type { TypedValue } from './values.ts'
import { setLocalVariables } from './variables.ts'

/**
 * A new instance, run to its first wait state, or, with `commitAtStart`, held at its start event so that it exists whatever happens next.
 * @throws StepFailure when an element on the way fails: then there is no instance
 */
export function startInstance(graph: ProcessGraph, request: StartRequest, env: StepEnv): StepResult {
  const start = startEventOf(graph, request.startActivityId)
  const run = new Run(graph, emptyAggregate(graph, request, start, env), env)
  runAgenda(run, () => {
    run.executions.insert({
      id: request.instanceId,
      instanceId: request.instanceId,
      parentId: null,
      activityId: null,
      activityInstanceId: null,
      isScope: true,
      isConcurrent: false,
      isActive: true,
      isJoining: false,
    })
    setInitiator(run, start)
    setLocalVariables(run, request.instanceId, request.variables)
    if (request.commitAtStart) holdBefore(run, request.instanceId, start)
    else run.agenda.push({ executionId: request.instanceId, nodeId: start.id, workId: null })
  })
  return finish(run)
}

function setInitiator(run: Run, start: FlowNode): void {
  if (start.kind !== 'startEvent' || start.initiator === null) return
  const { id, startUserId } = run.instance
  const who: TypedValue = startUserId === null ? { type: 'Null', value: null } : { type: 'String', value: startUserId }
  setLocalVariables(run, id, { [start.initiator]: who })
}

function startEventOf(graph: ProcessGraph, startActivityId: string | undefined): FlowNode {
  const starts = graph.startIds.map((id) => graph.nodes.get(id)).filter((node) => node?.kind === 'startEvent')
  const named = startActivityId === undefined ? undefined : graph.nodes.get(startActivityId)
  if (named !== undefined) return named
  if (startActivityId !== undefined) {
    throw new EngineError(`Process '${graph.key}' has no element '${startActivityId}' to start at`)
  }
  const [only, ...others] = starts
  const plain = starts.find((node) => node?.kind === 'startEvent' && node.event.kind === 'none')
  const start = plain ?? (others.length === 0 ? only : undefined)
  if (start !== undefined) return start
  throw new EngineError(
    `Process '${graph.key}' has no default start activity (e.g. none start event), hence it has to be started by one of its modeled start events (e.g. message start events).`,
  )
}

function emptyAggregate(graph: ProcessGraph, request: StartRequest, start: FlowNode, env: StepEnv): Aggregate {
  const instance: InstanceRow = {
    id: request.instanceId,
    definitionId: request.definitionId,
    definitionKey: graph.key,
    rootProcessInstanceId: request.instanceId,
    superExecutionId: null,
    businessKey: request.businessKey,
    tenantId: request.tenantId,
    state: 'ACTIVE',
    startActivityId: start.id,
    startUserId: request.startUserId,
    startedAt: env.now,
    endedAt: null,
    deleteReason: null,
    revision: 0,
  }
  return {
    instance,
    executions: [],
    variables: [],
    subscriptions: [],
    dueWork: [],
    externalTasks: [],
    userTasks: [],
    incidents: [],
  }
}
