import { evaluate, evaluateLong, evaluateText } from '../expression/evaluate.ts'
import type { Expression } from '../expression/expression.ts'
import { parseExpression } from '../expression/parse-expression.ts'
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
    name: node.name,
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
  const context = contextOf(run, executionId, task)
  const text = (expression: Expression | null) => (expression === null ? null : evaluateText(expression, context))
  return run.userTasks.insert({
    ...task,
    description: node.description === null ? null : text(parseExpression(node.description)),
    assignee: text(node.assignee),
    candidateUsers: names(node.candidateUsers),
    candidateGroups: names(node.candidateGroups),
    priority: node.priority === null ? priorityDefault : evaluateLong(node.priority, context),
    dueAt: date(node.dueDate),
    followUpAt: date(node.followUpDate),
  })

  /** Comma-separated text, or a list. */
  function names(expression: Expression | null): string[] {
    if (expression === null) return []
    const { value } = evaluate(expression, context)
    const entries = Array.isArray(value) ? value.map(String) : typeof value === 'string' ? value.split(',') : []
    return entries.map((entry) => entry.trim()).filter((entry) => entry !== '')
  }
  function date(expression: Expression | null): Date | null {
    if (expression === null) return null
    const value = evaluate(expression, context)
    return value.value === null ? null : nextDue(value, 'date', run.env.now).dueAt
  }
}
