import { evaluateName, evaluateText } from './expression/evaluate.ts'
import type { Expression } from './expression/expression.ts'
import { contextOf } from './expression-context.ts'
import type { FlowNode } from './graph.ts'
import type { Run } from './run.ts'
import type { SubscriptionRow } from './state.ts'

export interface Awaited {
  eventType: SubscriptionRow['eventType']
  name: Expression
  correlationKey: Expression | null
}

/** Names and keys are evaluated when the catching scope is entered. */
export function subscribe(run: Run, executionId: string, node: FlowNode, awaited: Awaited): void {
  const context = contextOf(run, executionId)
  run.subscriptions.insert({
    id: run.env.newId(),
    instanceId: run.instance.id,
    executionId,
    activityId: node.id,
    eventType: awaited.eventType,
    eventName: evaluateName(awaited.name, context),
    correlationKey: awaited.correlationKey === null ? null : evaluateText(awaited.correlationKey, context),
    createdAt: run.env.now,
  })
}
