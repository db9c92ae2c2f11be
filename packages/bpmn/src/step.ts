import { runAgenda } from './agenda.ts'
import { deliverLater, deliverTo, getSubscription } from './deliver.ts'
import { failWork, setWorkRetries } from './due-work.ts'
import { EngineError, unreachable } from './engine-error.ts'
import { completeExternalTask, failExternalTask, setExternalRetries, throwExternalError } from './external-task.ts'
import type { ProcessGraph } from './graph.ts'
import { endInstance, leave } from './leaving.ts'
import { finish, Run } from './run.ts'
import { runWork } from './run-work.ts'
import type { Aggregate, StepEnv, StepEvent, StepResult } from './state.ts'
import { completeUserTask, throwUserTaskError, updateUserTask } from './user-task.ts'
import { findLocalVariable, findVariable, removeVariable, setLocalVariables, setVariables } from './variables.ts'

/**
 * What an event does to an instance: to its next wait state, all or nothing. The aggregate given is not changed.
 * @throws StepFailure
 */
export function step(graph: ProcessGraph, aggregate: Aggregate, event: StepEvent, env: StepEnv): StepResult {
  const run = new Run(graph, aggregate, env)
  if (run.hasEnded) throw new EngineError(`Process instance ${run.instance.id} has ended`)
  runAgenda(run, () => begin(run, event))
  return finish(run)
}

function begin(run: Run, event: StepEvent): void {
  switch (event.type) {
    case 'run-work':
      runWork(run, event.workId, event.delegateResult ?? null)
      return
    case 'work-failed':
      failWork(run, event)
      return
    case 'set-work-retries':
      setWorkRetries(run, event)
      return
    case 'deliver':
      deliverTo(run, getSubscription(run, event.subscriptionId), event.variables, event.localVariables ?? {})
      return
    case 'deliver-later':
      deliverLater(run, getSubscription(run, event.subscriptionId), event.variables)
      return
    case 'triggered':
      trigger(run, event)
      return
    case 'external-completed':
      completeExternalTask(run, event)
      return
    case 'external-failed':
      failExternalTask(run, event)
      return
    case 'external-bpmn-error':
      throwExternalError(run, event)
      return
    case 'set-external-retries':
      setExternalRetries(run, event.taskId, event.retries)
      return
    case 'task-completed':
      completeUserTask(run, event)
      return
    case 'task-bpmn-error':
      throwUserTaskError(run, event)
      return
    case 'task-updated':
      updateUserTask(run, event)
      return
    case 'variables-changed':
      changeVariables(run, event)
      return
    case 'suspended':
      suspend(run, event.suspended)
      return
    case 'deleted':
      endInstance(run, 'EXTERNALLY_TERMINATED', event.reason)
      return
    default:
      unreachable('step event', event)
  }
}

function trigger(run: Run, event: StepEvent & { type: 'triggered' }): void {
  const { activityId } = run.execution(event.executionId)
  const node = activityId === null ? undefined : run.graph.nodes.get(activityId)
  if (node?.kind !== 'receiveTask') {
    throw new EngineError(`execution ${event.executionId} is not at a receive task: it cannot be triggered`)
  }
  run.activityId = node.id
  setVariables(run, event.executionId, event.variables)
  leave(run, event.executionId)
}

function changeVariables(run: Run, event: StepEvent & { type: 'variables-changed' }): void {
  const { executionId } = event
  run.execution(executionId)
  if (event.local) setLocalVariables(run, executionId, event.set)
  else setVariables(run, executionId, event.set)
  for (const name of event.remove) {
    const row = event.local ? findLocalVariable(run, executionId, name) : findVariable(run, executionId, name)
    if (row !== undefined) removeVariable(run, row)
  }
}

function suspend(run: Run, isSuspended: boolean): void {
  run.instance = { ...run.instance, state: isSuspended ? 'SUSPENDED' : 'ACTIVE' }
  for (const row of run.dueWork.all()) run.dueWork.patch(row.id, { isSuspended })
  for (const row of run.externalTasks.all()) run.externalTasks.patch(row.id, { isSuspended })
  for (const row of run.userTasks.all()) run.userTasks.patch(row.id, { isSuspended })
}
