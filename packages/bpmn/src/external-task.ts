/** What workers report about external tasks. Whether the worker holds the lock is the caller's question. */
import { throwError } from './boundary.ts'
import { EngineError } from './engine-error.ts'
import { createIncident, endIncidentsOf } from './incidents.ts'
import { leave } from './leaving.ts'
import type { Run } from './run.ts'
import type { ExternalTaskRow, StepEvent } from './state.ts'
import { setLocalVariables, setVariables } from './variables.ts'

export function completeExternalTask(run: Run, event: StepEvent & { type: 'external-completed' }): void {
  const task = getActiveTask(run, event.taskId)
  setVariables(run, task.executionId, event.variables)
  setLocalVariables(run, task.executionId, event.localVariables)
  endIncidentsOf(run, task.id, 'resolved')
  run.externalTasks.remove(task.id)
  leave(run, task.executionId)
}

export function failExternalTask(run: Run, event: StepEvent & { type: 'external-failed' }): void {
  const task = getActiveTask(run, event.taskId)
  setVariables(run, task.executionId, event.variables)
  setLocalVariables(run, task.executionId, event.localVariables)
  const { errorMessage, errorDetails, lockExpiresAt } = event
  run.externalTasks.patch(task.id, { errorMessage, errorDetails, lockExpiresAt })
  setExternalRetries(run, task.id, event.retries)
}

/** Retries that reach 0 make an incident, retries above 0 resolve it. */
export function setExternalRetries(run: Run, taskId: string, retries: number): void {
  const task = getTask(run, taskId)
  const hadRetriesLeft = task.retries === null || task.retries > 0
  run.externalTasks.patch(taskId, { retries })
  if (hadRetriesLeft && retries <= 0) {
    createIncident(run, {
      incidentType: 'failedExternalTask',
      executionId: task.executionId,
      activityId: task.activityId,
      failedActivityId: null,
      configuration: task.id,
      message: task.errorMessage,
    })
  }
  if (!hadRetriesLeft && retries > 0) endIncidentsOf(run, taskId, 'resolved')
}

export function throwExternalError(run: Run, event: StepEvent & { type: 'external-bpmn-error' }): void {
  const task = getActiveTask(run, event.taskId)
  setVariables(run, task.executionId, event.variables)
  throwError(run, task.executionId, { errorCode: event.errorCode, message: event.errorMessage })
}

function getTask(run: Run, taskId: string): ExternalTaskRow {
  const task = run.externalTasks.find(taskId)
  if (task === undefined) throw new EngineError(`External task with id ${taskId} does not exist`)
  run.activityId = task.activityId
  return task
}

function getActiveTask(run: Run, taskId: string): ExternalTaskRow {
  const task = getTask(run, taskId)
  if (task.isSuspended) throw new EngineError(`ENGINE-03043 ExternalTask with id '${taskId}' is suspended.`)
  return task
}
