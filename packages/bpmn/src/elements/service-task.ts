import { throwError } from '../boundary.ts'
import { EngineError } from '../engine-error.ts'
import { isScopeActivity } from '../execution-tree.ts'
import { evaluateName } from '../expression/evaluate.ts'
import { contextOf, evaluateAt } from '../expression-context.ts'
import type { FlowNode, ServiceImplementation } from '../graph.ts'
import { withoutTransience } from '../io-mapping.ts'
import { leave } from '../leaving.ts'
import { priorityOf } from '../priority.ts'
import type { Run } from '../run.ts'
import type { DelegateResult } from '../state.ts'
import { findLocalVariable, setLocalVariable, setVariable, type Values, visibleVariables } from '../variables.ts'

type ServiceNode = FlowNode & { kind: 'serviceTask' }
type Delegate = ServiceImplementation & { kind: 'class' | 'delegateExpression' }
type External = ServiceImplementation & { kind: 'external' }

/** A delegate is an implicit asyncBefore: it runs outside any transaction. */
export function isDelegateTask(node: FlowNode): boolean {
  return (
    node.kind === 'serviceTask' &&
    (node.implementation.kind === 'class' || node.implementation.kind === 'delegateExpression')
  )
}

export function executeServiceTask(run: Run, executionId: string, node: ServiceNode, workId: string | null): void {
  const { implementation } = node
  switch (implementation.kind) {
    case 'class':
    case 'delegateExpression':
      executeDelegate(run, executionId, node, implementation, workId)
      return
    case 'external':
      createExternalTask(run, executionId, node, implementation)
      return
    case 'expression': {
      const value = evaluateAt(run, executionId, implementation.expression)
      if (implementation.resultVariable !== null) {
        setVariable(run, executionId, implementation.resultVariable, withoutTransience(value))
      }
      leave(run, executionId)
    }
  }
}

function executeDelegate(
  run: Run,
  executionId: string,
  node: ServiceNode,
  delegate: Delegate,
  workId: string | null,
): void {
  if (workId === null) throw new EngineError(`Delegate of '${node.id}' was reached without due work of its own`)
  const result = run.delegateResult
  if (result === null) {
    run.delegateCall = {
      workId,
      key: `${run.instance.id}:${node.id}:${workId}`,
      activityId: node.id,
      delegate: delegate.kind === 'class' ? delegate.className : delegate.name,
      inputs: inputsOf(run, executionId, node),
      variables: visibleVariables(run, executionId),
    }
    return
  }
  run.delegateResult = null
  if (result.kind === 'bpmn-error') {
    throwError(run, executionId, result)
    return
  }
  finishDelegate(run, executionId, node, result)
}

/**
 * Outputs can be read by the output mapping. Those it does not set itself also go where the name exists, else to the process: the old
 * product's delegates set plain variables, and users' diagrams read JOB or DEPLOYED_MODEL long after.
 */
function finishDelegate(
  run: Run,
  executionId: string,
  node: ServiceNode,
  result: DelegateResult & { kind: 'done' },
): void {
  const mapped = new Set(node.outputs.map((output) => output.name))
  const outsideId = isScopeActivity(node) ? (run.execution(executionId).parentId ?? executionId) : executionId
  for (const [name, value] of Object.entries(result.outputs)) {
    if (node.outputs.length > 0) setLocalVariable(run, executionId, name, value)
    if (!mapped.has(name)) setVariable(run, outsideId, name, value)
  }
  leave(run, executionId)
}

function inputsOf(run: Run, executionId: string, node: ServiceNode): Values {
  const inputs: Values = {}
  for (const { name, value } of node.fields) inputs[name] = evaluateAt(run, executionId, value)
  for (const { name } of node.inputs) {
    const row = findLocalVariable(run, executionId, name)
    if (row !== undefined) inputs[name] = row.value
  }
  return inputs
}

function createExternalTask(run: Run, executionId: string, node: ServiceNode, external: External): void {
  run.externalTasks.insert({
    id: run.env.newId(),
    instanceId: run.instance.id,
    executionId,
    activityId: node.id,
    activityInstanceId: run.execution(executionId).activityInstanceId ?? '',
    topic: evaluateName(external.topic, contextOf(run, executionId)),
    priority: priorityOf(run, executionId, external.priority, ''),
    retries: null,
    errorMessage: null,
    errorDetails: null,
    workerId: null,
    lockExpiresAt: null,
    isSuspended: run.isSuspended,
    createdAt: run.env.now,
  })
}
