/** How a token leaves an element: flows chosen, outputs mapped, history told, scope closed, flows taken; or its path ends. */
import { createWork } from './due-work.ts'
import {
  cancelTokens,
  childrenOf,
  containerOf,
  fork,
  isScopeActivity,
  leaveScope,
  prune,
  removeWithRows,
} from './execution-tree.ts'
import { chooseFlows, flowOf } from './flow-choice.ts'
import type { FlowNode, SequenceFlow } from './graph.ts'
import { endIncidentsOf } from './incidents.ts'
import { mapOutputs } from './io-mapping.ts'
import type { Run } from './run.ts'
import type { InstanceState } from './state.ts'

/** Flows are chosen before outputs are mapped, as in Camunda: conditions do not see what the element's output mapping sets. */
export function leave(run: Run, executionId: string): void {
  const node = run.node(run.execution(executionId).activityId)
  run.activityId = node.id
  const flows = chooseFlows(run, executionId, node)
  mapOutputs(run, executionId, node)
  const tokenId = closeActivity(run, executionId, node, { completeScope: flows.length === 0 })
  if (flows.length > 0) takeFlows(run, tokenId, node, flows)
  else if (node.asyncAfter) holdAfter(run, tokenId, node, null)
  else endPath(run, tokenId)
}

/**
 * The path ends inside the activity: no outputs, no flows (an error nobody catches). An error end event stays unfinished in history
 * until its instance ends, as in Camunda.
 */
export function abandon(run: Run, executionId: string): void {
  const { activityId, activityInstanceId } = run.execution(executionId)
  const node = run.node(activityId)
  if (node.kind === 'endEvent') run.executions.patch(executionId, { activityInstanceId: null })
  endPath(run, closeActivity(run, executionId, node, { completeScope: true }))
  if (node.kind === 'endEvent' && activityInstanceId !== null && run.hasEnded) {
    const at = run.env.now
    run.history.push({ type: 'activity-ended', activityInstanceId, at, canceled: false, completeScope: true })
  }
}

/** History has the activity's end; its scope is gone. Gives the execution on which the token is now. */
function closeActivity(run: Run, executionId: string, node: FlowNode, end: { completeScope: boolean }): string {
  const { activityInstanceId } = run.execution(executionId)
  if (activityInstanceId !== null) {
    run.history.push({ type: 'activity-ended', activityInstanceId, at: run.env.now, canceled: false, ...end })
  }
  if (isScopeActivity(node)) return leaveScope(run, executionId)
  for (const task of run.userTasks.where((row) => row.executionId === executionId)) run.userTasks.remove(task.id)
  run.executions.patch(executionId, { activityInstanceId: null, isActive: true, isJoining: false })
  return executionId
}

function takeFlows(run: Run, executionId: string, node: FlowNode, flows: SequenceFlow[]): void {
  const tokens = fork(run, executionId, flows.length)
  const pairs = flows.map((flow, index) => ({ flow, tokenId: tokens[index] ?? executionId }))
  if (node.asyncAfter) {
    for (const { flow, tokenId } of pairs) holdAfter(run, tokenId, node, flow.id)
    return
  }
  for (const { flow, tokenId } of pairs.reverse()) {
    run.agenda.push({ executionId: tokenId, nodeId: flow.targetId, workId: null })
  }
}

/** The token stays behind the element until due work takes it on. */
function holdAfter(run: Run, executionId: string, node: FlowNode, flowId: string | null): void {
  run.executions.patch(executionId, { activityId: node.id, activityInstanceId: null, isActive: true })
  createWork(run, node, {
    executionId,
    kind: 'async-after',
    ...(flowId === null ? {} : { payload: { flow: { type: 'String', value: flowId } } }),
  })
}

/** The other half of asyncAfter. */
export function goOnAfter(run: Run, executionId: string, flowId: string | null): void {
  if (flowId === null) endPath(run, executionId)
  else run.agenda.push({ executionId, nodeId: flowOf(run, flowId).targetId, workId: null })
}

/** The token is used up; with the last one its container, for now always the instance, is complete. */
function endPath(run: Run, executionId: string): void {
  const { parentId, isConcurrent } = run.execution(executionId)
  if (parentId !== null && isConcurrent) {
    removeWithRows(run, executionId)
    prune(run, parentId)
  } else {
    endInstance(run, 'COMPLETED', null)
  }
}

/** A terminate end event: every other token of its container is canceled, and this one sits on the container. */
export function gatherForTermination(run: Run, executionId: string): string {
  const container = containerOf(run, executionId)
  if (childrenOf(run, container.id).length > 0) cancelTokens(run, container.id)
  run.agenda.length = 0
  return container.id
}

/** All rows go but the instance's own. */
export function endInstance(run: Run, state: InstanceState, deleteReason: string | null): void {
  cancelTokens(run, run.instance.id)
  for (const row of run.incidents.all()) {
    if (row.configuration !== null) endIncidentsOf(run, row.configuration, 'deleted')
    run.incidents.remove(row.id)
  }
  run.lastVariables = run.ownVariables
  for (const row of run.variables.all()) run.variables.remove(row.id)
  run.executions.remove(run.instance.id)
  run.agenda.length = 0
  run.instance = { ...run.instance, state, deleteReason, endedAt: run.env.now }
  const hasErrorEnds = run.graph.nodes.values().some((node) => node.kind === 'endEvent' && node.event.kind === 'error')
  if (hasErrorEnds) run.history.push({ type: 'errors-ended', at: run.env.now, canceled: state !== 'COMPLETED' })
}
