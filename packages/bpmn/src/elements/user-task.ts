import { EngineError } from '../engine-error.ts'
import { evaluate, evaluateText } from '../expression/evaluate.ts'
import type { Expression, ExpressionContext } from '../expression/expression.ts'
import { BpmnExpressionError } from '../expression/expression-error.ts'
import { numberOf, textOf } from '../expression/java-values.ts'
import { literalExpression, parseExpression } from '../expression/parse-expression.ts'
import { contextOf } from '../expression-context.ts'
import type { FlowNode } from '../graph.ts'
import type { Run } from '../run.ts'
import type { UserTaskRow } from '../state.ts'
import { nextDue } from '../timer.ts'

const priorityDefault = 50

export type UserTaskNode = FlowNode & { kind: 'userTask' }

/** Made before history hears of the activity, which names the task and its assignee; waits for its completion. */
export function createUserTask(
  run: Run,
  executionId: string,
  activityInstanceId: string,
  node: UserTaskNode,
): UserTaskRow {
  const task: UserTaskRow = {
    id: run.env.newId(),
    instanceId: run.instance.id,
    executionId,
    activityId: node.id,
    activityInstanceId,
    name: null,
    description: null,
    assignee: null,
    owner: null,
    delegationState: null,
    candidateUsers: [],
    candidateGroups: [],
    priority: priorityDefault,
    dueAt: null,
    followUpAt: null,
    formKey: node.formKey,
    isSuspended: run.isSuspended,
    createdAt: run.env.now,
    lastUpdatedAt: null,
  }
  task.name = textIn(node.name, contextOf(run, executionId, task))
  const context = contextOf(run, executionId, task)
  return run.userTasks.insert({
    ...task,
    description: node.description === null ? null : evaluateText(parseExpression(node.description), context),
    assignee: node.assignee === null ? null : evaluateText(node.assignee, context),
    candidateUsers: namesIn(node.candidateUsers, context),
    candidateGroups: namesIn(node.candidateGroups, context),
    priority: priorityIn(node.priority, context),
    dueAt: dateIn('Due date', node.dueDate, context),
    followUpAt: dateIn('Follow up date', node.followUpDate, context),
    formKey: formKeyIn(node.formKey, context),
  })
}

/** Names of tasks and keys of forms may hold expressions; what cannot be read as one is meant as it stands. */
function textIn(source: string | null, context: ExpressionContext): string | null {
  if (source === null || !/[$#]\{/.test(source)) return source
  return evaluateText(readable(source), context)
}

function readable(source: string): Expression {
  try {
    return parseExpression(source)
  } catch (error) {
    if (error instanceof BpmnExpressionError) return literalExpression(source)
    throw error
  }
}

/** Camunda asks for it only when somebody looks: one that has no value now does not keep the task from being made. */
function formKeyIn(source: string | null, context: ExpressionContext): string | null {
  try {
    return textIn(source, context)
  } catch (error) {
    if (error instanceof BpmnExpressionError) return source
    throw error
  }
}

/** Comma-separated text, or a list. */
function namesIn(expression: Expression | null, context: ExpressionContext): string[] {
  if (expression === null) return []
  const { value } = evaluate(expression, context)
  if (!Array.isArray(value) && typeof value !== 'string') {
    throw new EngineError('Expression did not resolve to a string or collection of strings')
  }
  const entries = Array.isArray(value) ? value.map(String) : value.split(',')
  return entries.map((entry) => entry.trim()).filter((entry) => entry !== '')
}

function priorityIn(expression: Expression | null, context: ExpressionContext): number {
  if (expression === null) return priorityDefault
  const value = evaluate(expression, context)
  if (value.value === null) return priorityDefault
  const number = numberOf(value)
  if (number !== undefined) return Math.trunc(number)
  const written = textOf(value)
  if (written === undefined) {
    throw new EngineError(`Priority expression does not resolve to a number: ${expression.text}`)
  }
  if (!/^[+-]?\d{1,10}$/.test(written)) throw new EngineError(`Priority does not resolve to a number: ${written}`)
  return Number(written)
}

function dateIn(what: string, expression: Expression | null, context: ExpressionContext): Date | null {
  if (expression === null) return null
  const value = evaluate(expression, context)
  if (value.value === null) return null
  if (value.type !== 'Date' && textOf(value) === undefined) {
    throw new EngineError(`${what} expression does not resolve to a Date or Date string: ${expression.text}`)
  }
  return nextDue(value, 'date', context.now).dueAt
}
