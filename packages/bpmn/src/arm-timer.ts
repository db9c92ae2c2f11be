import { createWork } from './due-work.ts'
import { evaluateAt } from './expression-context.ts'
import type { FlowNode, Timer } from './graph.ts'
import type { Run } from './run.ts'
import type { DueWorkRow } from './state.ts'
import { nextDue, nextRepeat } from './timer.ts'

/** Only a boundary event that does not interrupt repeats; elsewhere a cycle fires once. */
export function armTimer(run: Run, executionId: string, node: FlowNode, timer: Timer): void {
  const due = nextDue(evaluateAt(run, executionId, timer.expression), timer.kind, run.env.now)
  const isBoundary = node.kind === 'boundaryEvent'
  createWork(run, node, {
    executionId,
    kind: isBoundary ? 'timer-boundary' : 'timer-intermediate',
    dueAt: due.dueAt,
    repeat: isBoundary && !node.cancelActivity ? due.repeat : null,
  })
}

/** A repeating timer that has fired waits for its next round. */
export function rearmTimer(run: Run, node: FlowNode, fired: DueWorkRow): void {
  const { repeat, executionId, kind } = fired
  const dueAt = repeat === null ? null : nextRepeat(repeat, run.env.now)
  if (dueAt !== null) createWork(run, node, { executionId, kind, dueAt, repeat })
}
