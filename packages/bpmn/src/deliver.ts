/** A signal or a message for one subscription. */
import { triggerBoundary } from './boundary.ts'
import { createWork } from './due-work.ts'
import { EngineError } from './engine-error.ts'
import { leave } from './leaving.ts'
import type { Run } from './run.ts'
import type { SubscriptionRow } from './state.ts'
import { setLocalVariables, setVariables, type Values } from './variables.ts'

export function getSubscription(run: Run, id: string): SubscriptionRow {
  const row = run.subscriptions.find(id)
  if (row === undefined)
    throw new EngineError(`Event subscription '${id}' does not exist: its execution has gone on or ended`)
  return row
}

export function deliverTo(run: Run, subscription: SubscriptionRow, variables: Values, localVariables: Values): void {
  const { executionId } = subscription
  run.activityId = subscription.activityId
  setVariables(run, executionId, variables)
  setLocalVariables(run, executionId, localVariables)
  const node = run.node(subscription.activityId)
  if (node.kind === 'boundaryEvent') triggerBoundary(run, executionId, node)
  else leave(run, executionId)
}

/** The receiver goes on by due work of its own: its failure is its own, and the sender does not wait. */
export function deliverLater(run: Run, subscription: SubscriptionRow, payload: Values): void {
  const { executionId, activityId } = subscription
  createWork(run, run.node(activityId), { executionId, kind: 'signal-delivery', payload })
}
