import type { FlowNode } from '../graph.ts'
import type { Run } from '../run.ts'
import { subscribe } from '../subscribe.ts'

/** Without a message it waits to be triggered by its execution's id. */
export function executeReceiveTask(run: Run, executionId: string, node: FlowNode & { kind: 'receiveTask' }): void {
  if (node.messageName === null) return
  const { messageName: name, correlationKey } = node
  subscribe(run, executionId, node, { eventType: 'message', name, correlationKey })
}
