/** Which delegate a diagram means: by the last part of `camunda:class` or by the bean's name; the first letter's case is free. */
import type { FlowNode, ProcessGraph } from '@rowhouse/bpmn'
import { createModelBatchJob } from './create-model-batch-job.ts'
import { createJobNotification, createProcessNotification } from './create-notification.ts'
import type { Delegate } from './delegate.ts'
import { deployBatchModel, deployModel } from './deploy-model.ts'
import { findMostRecentBatchDeployedModels } from './find-most-recent-batch-deployed-models.ts'
import { getCompatibleEngine, getRuntimesByTag } from './find-runtimes.ts'
import { getJob } from './get-job.ts'
import { getModelRequiredAssets } from './get-model-required-assets.ts'

const delegates: readonly Delegate[] = [
  findMostRecentBatchDeployedModels,
  getModelRequiredAssets,
  createModelBatchJob,
  getJob,
  createJobNotification,
  createProcessNotification,
  getRuntimesByTag,
  getCompatibleEngine,
  deployModel,
  deployBatchModel,
]

const byBeanName = new Map(delegates.map((delegate) => [beanName(delegate.name), delegate]))

export const delegateNames: readonly string[] = delegates.map((delegate) => delegate.name)

export function findDelegate(name: string): Delegate | undefined {
  return byBeanName.get(beanName(name))
}

function beanName(name: string): string {
  const last = name.split('.').at(-1) ?? name
  return last.slice(0, 1).toLowerCase() + last.slice(1)
}

/** The delegate's name as the diagram has it, for service tasks by class or bean. */
export function delegateOf(node: FlowNode): string | undefined {
  if (node.kind !== 'serviceTask') return undefined
  if (node.implementation.kind === 'class') return node.implementation.className
  return node.implementation.kind === 'delegateExpression' ? node.implementation.name : undefined
}

/** For a deployment's warnings: these tasks will end in an incident. */
export function unknownDelegates(graph: ProcessGraph): { activityId: string; name: string }[] {
  const unknown: { activityId: string; name: string }[] = []
  for (const node of graph.nodes.values()) {
    const name = delegateOf(node)
    if (name !== undefined && findDelegate(name) === undefined) unknown.push({ activityId: node.id, name })
  }
  return unknown
}
