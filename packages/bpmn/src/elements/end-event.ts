import { throwError } from '../boundary.ts'
import { evaluateText } from '../expression/evaluate.ts'
import { contextOf } from '../expression-context.ts'
import type { FlowNode } from '../graph.ts'
import { leave } from '../leaving.ts'
import type { Run } from '../run.ts'

/** A terminate end event has canceled the other tokens before it was entered; from then on it is a plain end. */
export function executeEndEvent(run: Run, executionId: string, node: FlowNode & { kind: 'endEvent' }): void {
  if (node.event.kind !== 'error') {
    leave(run, executionId)
    return
  }
  const { errorCode, errorMessage } = node.event
  const message = errorMessage === null ? null : evaluateText(errorMessage, contextOf(run, executionId))
  throwError(run, executionId, { errorCode: errorCode ?? '', message })
}
