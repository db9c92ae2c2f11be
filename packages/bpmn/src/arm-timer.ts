import { EngineError } from './engine-error.ts'
import type { FlowNode, Timer } from './graph.ts'
import type { Run } from './run.ts'

export function armTimer(_run: Run, _executionId: string, node: FlowNode, _timer: Timer): void {
  throw new EngineError(`Timer of '${node.id}' cannot be armed`)
}
