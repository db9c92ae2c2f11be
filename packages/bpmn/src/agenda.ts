/**
 * Tokens arriving at elements, one after the other: no recursion, so that a loop of any length does not overflow; and at most
 * `activitiesMax` of them in one step, so that it does not block: the next one waits in front of its element as due work.
 */
import { armBoundaries } from './boundary.ts'
import { createWork } from './due-work.ts'
import { executeCatchEvent } from './elements/catch-event.ts'
import { executeEndEvent } from './elements/end-event.ts'
import { executeParallelGateway } from './elements/parallel-gateway.ts'
import { executeReceiveTask } from './elements/receive-task.ts'
import { executeServiceTask, isDelegateTask } from './elements/service-task.ts'
import { createUserTask } from './elements/user-task.ts'
import { EngineError, StepFailure, unreachable } from './engine-error.ts'
import { containerInstanceId, enterScope, isScopeActivity } from './execution-tree.ts'
import type { FlowNode } from './graph.ts'
import { mapInputs } from './io-mapping.ts'
import { gatherForTermination, leave } from './leaving.ts'
import type { Arrival, Run } from './run.ts'

/** @throws StepFailure */
export function runAgenda(run: Run, begin: () => void): void {
  try {
    begin()
    for (;;) {
      const arrival = run.agenda.pop()
      if (arrival === undefined || run.delegateCall !== null) return
      if (run.executions.find(arrival.executionId) !== undefined) arrive(run, arrival)
    }
  } catch (error) {
    throw error instanceof StepFailure ? error : new StepFailure(error, run.activityId)
  }
}

function arrive(run: Run, arrival: Arrival): void {
  const node = run.node(arrival.nodeId)
  run.activityId = node.id
  if (arrival.workId === null && waitsBefore(run, node)) {
    holdBefore(run, arrival.executionId, node)
    return
  }
  run.visits += 1
  const isTermination = node.kind === 'endEvent' && node.event.kind === 'terminate'
  const tokenId = isTermination ? gatherForTermination(run, arrival.executionId) : arrival.executionId
  execute(run, openActivity(run, tokenId, node), node, arrival.workId)
}

function waitsBefore(run: Run, node: FlowNode): boolean {
  return node.asyncBefore || isDelegateTask(node) || run.visits >= run.env.activitiesMax
}

/** The token stays in front of the element, which does not know of it yet, until due work takes it in. */
export function holdBefore(run: Run, executionId: string, node: FlowNode): void {
  run.executions.patch(executionId, { activityId: node.id, activityInstanceId: null, isActive: true })
  createWork(run, node, { executionId, kind: 'async-before' })
}

/** Scope, inputs, history, boundary events. Gives the execution on which the activity runs. */
function openActivity(run: Run, tokenId: string, node: FlowNode): string {
  const executionId = isScopeActivity(node) ? enterScope(run, tokenId, node.id) : tokenId
  const activityInstanceId = `${node.id}:${run.env.newId()}`
  run.executions.patch(executionId, { activityId: node.id, activityInstanceId, isActive: true, isJoining: false })
  mapInputs(run, executionId, node)
  const task = node.kind === 'userTask' ? createUserTask(run, executionId, activityInstanceId, node) : null
  run.history.push({
    type: 'activity-started',
    activityInstanceId,
    parentActivityInstanceId: containerInstanceId(run, tokenId),
    activityId: node.id,
    activityName: node.name,
    activityType: node.activityType,
    executionId,
    taskId: task?.id ?? null,
    assignee: task?.assignee ?? null,
    at: run.env.now,
  })
  armBoundaries(run, executionId, node)
  return executionId
}

function execute(run: Run, executionId: string, node: FlowNode, workId: string | null): void {
  switch (node.kind) {
    case 'startEvent':
    case 'boundaryEvent':
    case 'passThroughTask':
    case 'exclusiveGateway':
      leave(run, executionId)
      return
    case 'intermediateThrowEvent':
      if (node.event.kind !== 'none')
        throw new EngineError(`Throwing event '${node.id}' is of a kind that is not supported`)
      leave(run, executionId)
      return
    case 'endEvent':
      executeEndEvent(run, executionId, node)
      return
    case 'intermediateCatchEvent':
      executeCatchEvent(run, executionId, node)
      return
    case 'receiveTask':
      executeReceiveTask(run, executionId, node)
      return
    case 'serviceTask':
      executeServiceTask(run, executionId, node, workId)
      return
    case 'parallelGateway':
      executeParallelGateway(run, executionId, node)
      return
    case 'userTask':
      return
    default:
      unreachable('element', node)
  }
}
