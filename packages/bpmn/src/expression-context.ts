/** What names mean in the expressions of an activity: variables, and the `execution` and `task` beans. */
import { evaluate } from './expression/evaluate.ts'
import type { Bean, Expression, ExpressionContext } from './expression/expression.ts'
import type { Run } from './run.ts'
import type { UserTaskRow } from './state.ts'
import type { Json, TypedValue } from './values.ts'
import {
  findLocalVariable,
  findVariable,
  removeVariable,
  setLocalVariable,
  setVariable,
  visibleVariables,
} from './variables.ts'

const nothing: TypedValue = { type: 'Null', value: null }

export function contextOf(run: Run, executionId: string, task?: UserTaskRow): ExpressionContext {
  return {
    now: run.env.now,
    variable: (name) => findVariable(run, executionId, name)?.value,
    bean: (name) => {
      if (name === 'execution') return executionBean(run, executionId)
      if (name === 'task' && task !== undefined) return taskBean(run, task)
      return undefined
    },
  }
}

export function evaluateAt(run: Run, executionId: string, expression: Expression): TypedValue {
  return evaluate(expression, contextOf(run, executionId))
}

function executionBean(run: Run, executionId: string): Bean {
  const execution = run.execution(executionId)
  const node = execution.activityId === null ? undefined : run.graph.nodes.get(execution.activityId)
  const properties: { [name: string]: string | null } = {
    id: execution.id,
    parentId: execution.parentId,
    processInstanceId: run.instance.id,
    rootProcessInstanceId: run.instance.rootProcessInstanceId,
    businessKey: execution.parentId === null ? run.instance.businessKey : null,
    processBusinessKey: run.instance.businessKey,
    processDefinitionId: run.instance.definitionId,
    processDefinitionKey: run.instance.definitionKey,
    activityId: execution.activityId,
    currentActivityId: execution.activityId,
    currentActivityName: node?.name ?? null,
    activityInstanceId: execution.activityInstanceId,
    tenantId: run.instance.tenantId,
  }
  return beanOf('org.camunda.bpm.engine.impl.persistence.entity.ExecutionEntity', properties, (method, args) =>
    variableMethod(run, executionId, method, args),
  )
}

function taskBean(run: Run, task: UserTaskRow): Bean {
  const properties: { [name: string]: string | null } = {
    id: task.id,
    name: task.name,
    description: task.description,
    assignee: task.assignee,
    owner: task.owner,
    executionId: task.executionId,
    processInstanceId: task.instanceId,
    processDefinitionId: run.instance.definitionId,
    taskDefinitionKey: task.activityId,
    tenantId: run.instance.tenantId,
  }
  return beanOf('org.camunda.bpm.engine.impl.persistence.entity.TaskEntity', properties, (method, args) =>
    variableMethod(run, task.executionId, method, args),
  )
}

function beanOf(
  javaClass: string,
  properties: { [name: string]: string | null },
  otherwise: (method: string, args: TypedValue[]) => TypedValue | undefined,
): Bean {
  const read = (name: string) => (Object.hasOwn(properties, name) ? textOrNull(properties[name] ?? null) : undefined)
  return {
    javaClass,
    property: read,
    call: (method, args) => {
      if (args.length === 0 && /^get[A-Z]/.test(method)) {
        const value = read(`${method.charAt(3).toLowerCase()}${method.slice(4)}`)
        if (value !== undefined) return value
      }
      return otherwise(method, args)
    },
  }
}

function variableMethod(run: Run, executionId: string, method: string, args: TypedValue[]): TypedValue | undefined {
  if (method === 'getVariables' && args.length === 0) {
    const values = Object.entries(visibleVariables(run, executionId)).map(([name, { value }]): [string, Json] => [
      name,
      value,
    ])
    return { type: 'Object', value: Object.fromEntries(values) }
  }
  const [first, second] = args
  if (first === undefined || typeof first.value !== 'string') return undefined
  const name = first.value
  if (args.length === 2 && second !== undefined) {
    if (method === 'setVariable') setVariable(run, executionId, name, second)
    else if (method === 'setVariableLocal') setLocalVariable(run, executionId, name, second)
    else return undefined
    return nothing
  }
  if (args.length !== 1) return undefined
  const local = method.endsWith('Local')
  const row = local ? findLocalVariable(run, executionId, name) : findVariable(run, executionId, name)
  switch (method) {
    case 'getVariable':
    case 'getVariableLocal':
      return row?.value ?? nothing
    case 'hasVariable':
    case 'hasVariableLocal':
      return { type: 'Boolean', value: row !== undefined }
    case 'removeVariable':
    case 'removeVariableLocal':
      if (row !== undefined) removeVariable(run, row)
      return nothing
    default:
      return undefined
  }
}

function textOrNull(value: string | null): TypedValue {
  return value === null ? nothing : { type: 'String', value }
}
