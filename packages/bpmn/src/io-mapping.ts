/** camunda:inputParameter and outputParameter. */
import { evaluateAt } from './expression-context.ts'
import type { FlowNode, ParameterValue } from './graph.ts'
import type { Run } from './run.ts'
import type { Json, TypedValue } from './values.ts'
import { setLocalVariable, setVariable } from './variables.ts'

/** Inputs are local to the activity; each sees those before it. */
export function mapInputs(run: Run, executionId: string, node: FlowNode): void {
  for (const { name, value } of node.inputs)
    setLocalVariable(run, executionId, name, evaluateParameter(run, executionId, value))
}

/** Outputs are read inside the activity and set outside it. */
export function mapOutputs(run: Run, executionId: string, node: FlowNode): void {
  const { parentId } = run.execution(executionId)
  if (parentId === null) return
  for (const { name, value } of node.outputs)
    setVariable(run, parentId, name, evaluateParameter(run, executionId, value))
}

function evaluateParameter(run: Run, executionId: string, parameter: ParameterValue): TypedValue {
  if (parameter.kind === 'expression') return withoutTransience(evaluateAt(run, executionId, parameter.expression))
  return { type: 'Object', value: toJson(run, executionId, parameter) }
}

function toJson(run: Run, executionId: string, parameter: ParameterValue): Json {
  switch (parameter.kind) {
    case 'expression':
      return evaluateAt(run, executionId, parameter.expression).value
    case 'list':
      return parameter.items.map((item) => toJson(run, executionId, item))
    case 'map':
      return Object.fromEntries(parameter.entries.map(({ key, value }) => [key, toJson(run, executionId, value)]))
  }
}

/** What an expression gives is a value of its own, even when it names a transient variable. */
export function withoutTransience({ transient: _, ...value }: TypedValue): TypedValue {
  return value
}
