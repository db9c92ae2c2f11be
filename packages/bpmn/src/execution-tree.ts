/**
 * The tree of executions, as Camunda grows and prunes it. A container (the root; later also sub-processes) holds tokens: one token
 * sits on the root itself, several are concurrent children. A scope activity (boundary events, input or output mapping, a catching
 * event, an external task) runs on a child of its token; the subscriptions, timers and local variables hang on that child.
 */
import type { FlowNode } from './graph.ts'
import { endIncidentsOf } from './incidents.ts'
import type { Run } from './run.ts'
import type { ExecutionRow } from './state.ts'
import { findLocalVariable } from './variables.ts'

export function isScopeActivity(node: FlowNode): boolean {
  if (node.boundaryIds.length > 0 || node.inputs.length > 0 || node.outputs.length > 0) return true
  switch (node.kind) {
    case 'intermediateCatchEvent':
      return true
    case 'receiveTask':
      return node.messageName !== null
    case 'serviceTask':
      return node.implementation.kind === 'external'
    default:
      return false
  }
}

/** The nearest execution above (or the execution itself) that holds tokens. */
export function containerOf(run: Run, executionId: string): ExecutionRow {
  let execution = run.execution(executionId)
  while (!isContainer(execution) && execution.parentId !== null) execution = run.execution(execution.parentId)
  return execution
}

/** The one place that knows which executions hold tokens; a sub-process's will be others. */
function isContainer(execution: ExecutionRow): boolean {
  return execution.parentId === null
}

/** The activity instance in which the activities of an execution lie: the process's, later a sub-process's. */
export function containerInstanceId(run: Run, executionId: string): string {
  const container = containerOf(run, executionId)
  return container.parentId === null ? run.instance.id : (container.activityInstanceId ?? run.instance.id)
}

export function childrenOf(run: Run, executionId: string): ExecutionRow[] {
  return run.executions.where((row) => row.parentId === executionId)
}

function makeExecution(run: Run, parentId: string, kind: Pick<ExecutionRow, 'isScope' | 'isConcurrent'>): ExecutionRow {
  return run.executions.insert({
    id: run.env.newId(),
    instanceId: run.instance.id,
    parentId,
    activityId: null,
    activityInstanceId: null,
    isActive: true,
    isJoining: false,
    ...kind,
  })
}

const empty = { activityId: null, isActive: false, isJoining: false }

/** The token moves down into a child of its own for the time of a scope activity. */
export function enterScope(run: Run, executionId: string, activityId: string): string {
  const child = makeExecution(run, executionId, { isScope: true, isConcurrent: false })
  run.executions.patch(child.id, { activityId })
  run.executions.patch(executionId, { ...empty, activityInstanceId: containerInstanceId(run, executionId) })
  return child.id
}

/** The way back; what hung on the scope is gone. */
export function leaveScope(run: Run, executionId: string): string {
  const { parentId, activityId } = run.execution(executionId)
  if (parentId === null) return executionId
  removeWithRows(run, executionId)
  run.executions.patch(parentId, { activityId, activityInstanceId: null, isActive: true })
  return parentId
}

/** One execution for each of `count` outgoing tokens; the first goes on with the one there is. */
export function fork(run: Run, executionId: string, count: number): string[] {
  if (count === 1) return [executionId]
  const execution = run.execution(executionId)
  const isConcurrent = execution.isConcurrent && execution.parentId !== null
  const first = isConcurrent ? executionId : makeConcurrent(run, executionId)
  const containerId = run.execution(first).parentId ?? executionId
  const ids = [first]
  while (ids.length < count) ids.push(makeExecution(run, containerId, { isScope: false, isConcurrent: true }).id)
  return ids
}

/** One more token in a container, beside those it has. */
export function addConcurrent(run: Run, containerId: string): string {
  if (!childrenOf(run, containerId).some((child) => child.isConcurrent)) makeConcurrent(run, containerId)
  return makeExecution(run, containerId, { isScope: false, isConcurrent: true }).id
}

/** The token that sits on the container itself, or its single scope child, moves to a concurrent child. */
function makeConcurrent(run: Run, containerId: string): string {
  const { activityId, activityInstanceId, isActive, isJoining } = run.execution(containerId)
  const scopes = childrenOf(run, containerId)
  const child = makeExecution(run, containerId, { isScope: false, isConcurrent: true })
  run.executions.patch(child.id, { activityId, activityInstanceId, isActive, isJoining })
  for (const scope of scopes) run.executions.patch(scope.id, { parentId: child.id })
  run.executions.patch(containerId, { ...empty, activityInstanceId: containerInstanceId(run, containerId) })
  moveToken(run, containerId, child.id)
  return child.id
}

/** When a single concurrent child is left, its token moves back to the container. */
export function prune(run: Run, containerId: string): void {
  const [last, ...others] = childrenOf(run, containerId)
  if (last === undefined || others.length > 0 || !last.isConcurrent) return
  const { activityId, activityInstanceId, isActive, isJoining } = last
  run.executions.patch(containerId, { activityId, activityInstanceId, isActive, isJoining })
  for (const scope of childrenOf(run, last.id)) run.executions.patch(scope.id, { parentId: containerId })
  moveToken(run, last.id, containerId)
  moveVariables(run, last.id, containerId)
  run.executions.remove(last.id)
}

function moveToken(run: Run, fromId: string, toId: string): void {
  const move = { executionId: toId }
  const isThere = (row: { executionId: string }) => row.executionId === fromId
  for (const row of run.dueWork.where(isThere)) run.dueWork.patch(row.id, move)
  for (const row of run.externalTasks.where(isThere)) run.externalTasks.patch(row.id, move)
  for (const row of run.userTasks.where(isThere)) run.userTasks.patch(row.id, move)
  for (const row of run.incidents.where(isThere)) run.incidents.patch(row.id, move)
  for (const arrival of run.agenda) if (isThere(arrival)) arrival.executionId = toId
}

function moveVariables(run: Run, fromId: string, toId: string): void {
  for (const row of run.variables.where((each) => each.executionId === fromId)) {
    const there = findLocalVariable(run, toId, row.name)
    if (there !== undefined) run.variables.remove(there.id)
    run.variables.patch(row.id, { executionId: toId })
  }
}

/** Ends the activity of an execution that will not be completed, with everything below it and on it. */
export function cancel(run: Run, executionId: string): void {
  for (const child of childrenOf(run, executionId)) {
    cancel(run, child.id)
    removeWithRows(run, child.id)
  }
  const { activityId, activityInstanceId } = run.execution(executionId)
  if (activityId !== null && activityInstanceId !== null) {
    const at = run.env.now
    run.history.push({ type: 'activity-ended', activityInstanceId, at, canceled: true, completeScope: false })
  }
  removeRowsOn(run, executionId)
}

/** Cancels every token of a container and puts one free token in their place, on the container itself. */
export function cancelTokens(run: Run, containerId: string): void {
  cancel(run, containerId)
  run.executions.patch(containerId, { ...empty, activityInstanceId: null, isActive: true })
}

export function removeWithRows(run: Run, executionId: string): void {
  removeRowsOn(run, executionId)
  for (const row of run.variables.where((each) => each.executionId === executionId)) run.variables.remove(row.id)
  run.executions.remove(executionId)
}

function removeRowsOn(run: Run, executionId: string): void {
  const isThere = (row: { executionId: string }) => row.executionId === executionId
  for (const row of run.subscriptions.where(isThere)) run.subscriptions.remove(row.id)
  for (const row of run.userTasks.where(isThere)) run.userTasks.remove(row.id)
  for (const row of run.externalTasks.where(isThere)) {
    endIncidentsOf(run, row.id, 'deleted')
    run.externalTasks.remove(row.id)
  }
  for (const row of run.dueWork.where(isThere)) {
    endIncidentsOf(run, row.id, 'deleted')
    run.dueWork.remove(row.id)
    const { id: workId, activityId } = row
    run.history.push({ type: 'work-log', workId, activityId, event: 'deleted', message: null, at: run.env.now })
  }
}
