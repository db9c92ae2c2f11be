/** Executes one row of due work. */
import { rearmTimer } from './arm-timer.ts'
import { triggerBoundary } from './boundary.ts'
import { deliverTo } from './deliver.ts'
import { getWork, takeWork } from './due-work.ts'
import { goOnAfter, leave } from './leaving.ts'
import type { Run } from './run.ts'
import type { DelegateResult } from './state.ts'

export function runWork(run: Run, workId: string, delegateResult: DelegateResult | null): void {
  const row = getWork(run, workId)
  run.activityId = row.activityId
  run.delegateResult = delegateResult
  takeWork(run, row)
  switch (row.kind) {
    case 'async-before':
      run.agenda.push({ executionId: row.executionId, nodeId: row.activityId, workId })
      return
    case 'async-after': {
      const flow = row.payload?.flow?.value
      goOnAfter(run, row.executionId, typeof flow === 'string' ? flow : null)
      return
    }
    case 'timer-intermediate':
      leave(run, row.executionId)
      return
    case 'timer-boundary': {
      const node = run.node(row.activityId)
      if (node.kind !== 'boundaryEvent') return
      rearmTimer(run, node, row)
      triggerBoundary(run, row.executionId, node)
      return
    }
    case 'signal-delivery': {
      const isMeant = (each: { executionId: string; activityId: string }) =>
        each.executionId === row.executionId && each.activityId === row.activityId
      const [subscription] = run.subscriptions.where(isMeant)
      if (subscription !== undefined) deliverTo(run, subscription, row.payload ?? {}, {})
    }
  }
}
