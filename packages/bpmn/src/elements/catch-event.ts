import { armTimer } from '../arm-timer.ts'
import type { FlowNode } from '../graph.ts'
import { leave } from '../leaving.ts'
import type { Run } from '../run.ts'
import { subscribe } from '../subscribe.ts'

type CatchNode = FlowNode & { kind: 'intermediateCatchEvent' }

export function executeCatchEvent(run: Run, executionId: string, node: CatchNode): void {
  const { event, correlationKey } = node
  switch (event.kind) {
    case 'signal':
    case 'message':
      subscribe(run, executionId, node, { eventType: event.kind, name: event.name, correlationKey })
      return
    case 'timer':
      armTimer(run, executionId, node, event.timer)
      return
    default:
      leave(run, executionId)
  }
}
