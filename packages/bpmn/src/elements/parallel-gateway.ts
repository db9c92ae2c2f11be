import { containerOf, prune, removeWithRows } from '../execution-tree.ts'
import type { FlowNode } from '../graph.ts'
import { leave } from '../leaving.ts'
import type { Run } from '../run.ts'

/**
 * Arrivals are counted, not distinct flows: two tokens over one flow fire a join of two. A branch that never comes leaves the others
 * waiting for ever, as in Camunda.
 */
export function executeParallelGateway(run: Run, executionId: string, node: FlowNode): void {
  run.executions.patch(executionId, { isActive: false, isJoining: true })
  const containerId = containerOf(run, executionId).id
  const joined = run.executions.where(
    (row) => row.isJoining && row.activityId === node.id && (row.parentId === containerId || row.id === executionId),
  )
  if (joined.length < node.incoming.length) return
  for (const { id, activityInstanceId } of joined) {
    if (id === executionId) continue
    if (activityInstanceId !== null) {
      const at = run.env.now
      run.history.push({ type: 'activity-ended', activityInstanceId, at, canceled: false, completeScope: false })
    }
    removeWithRows(run, id)
  }
  prune(run, containerId)
  const survivorId = run.executions.find(executionId) === undefined ? containerId : executionId
  run.executions.patch(survivorId, { isActive: true, isJoining: false })
  leave(run, survivorId)
}
