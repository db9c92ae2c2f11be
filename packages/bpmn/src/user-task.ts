/** What people do with user tasks. */
import { throwError } from './boundary.ts'
import { EngineError } from './engine-error.ts'
import { leave } from './leaving.ts'
import type { Run } from './run.ts'
import type { StepEvent, UserTaskRow } from './state.ts'
import { setVariables } from './variables.ts'

export function completeUserTask(run: Run, event: StepEvent & { type: 'task-completed' }): void {
  const task = getActiveTask(run, event.taskId)
  setVariables(run, task.executionId, event.variables)
  run.userTasks.remove(task.id)
  leave(run, task.executionId)
}

export function throwUserTaskError(run: Run, event: StepEvent & { type: 'task-bpmn-error' }): void {
  const task = getActiveTask(run, event.taskId)
  setVariables(run, task.executionId, event.variables)
  throwError(run, task.executionId, { errorCode: event.errorCode, message: event.errorMessage })
}

export function updateUserTask(run: Run, event: StepEvent & { type: 'task-updated' }): void {
  const task = getActiveTask(run, event.taskId)
  run.userTasks.patch(task.id, { ...event.patch, lastUpdatedAt: run.env.now })
  const { assignee } = event.patch
  if (assignee === undefined || assignee === task.assignee) return
  const { activityInstanceId } = task
  run.history.push({ type: 'task-assigned', taskId: task.id, activityInstanceId, assignee })
}

function getActiveTask(run: Run, taskId: string): UserTaskRow {
  const task = run.userTasks.find(taskId)
  if (task === undefined) throw new EngineError(`Cannot find task with id ${taskId}: task is null`)
  run.activityId = task.activityId
  if (task.isSuspended) throw new EngineError(`ENGINE-03043 task with id '${taskId}' is suspended.`)
  return task
}
