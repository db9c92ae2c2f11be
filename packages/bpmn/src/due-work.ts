/** Rows of due work: made, failed, given new retries, done. */
import { EngineError } from './engine-error.ts'
import { evaluateText } from './expression/evaluate.ts'
import { BpmnExpressionError } from './expression/expression-error.ts'
import { contextOf } from './expression-context.ts'
import type { FlowNode } from './graph.ts'
import { createIncident, endIncidentsOf } from './incidents.ts'
import { priorityOf } from './priority.ts'
import { retryAt, retryPlan } from './retry-cycle.ts'
import type { Run } from './run.ts'
import type { DueWorkRow, StepEvent } from './state.ts'
import type { TypedValue } from './values.ts'

const retriesAtFirst = 3

export interface NewWork {
  executionId: string
  kind: DueWorkRow['kind']
  dueAt?: Date
  repeat?: string | null
  payload?: { [name: string]: TypedValue }
}

export function createWork(run: Run, node: FlowNode, work: NewWork): void {
  const row: DueWorkRow = {
    id: run.env.newId(),
    instanceId: run.instance.id,
    executionId: work.executionId,
    activityId: node.id,
    kind: work.kind,
    dueAt: work.dueAt ?? null,
    retries: retriesAtFirst,
    repeat: work.repeat ?? null,
    exceptionMessage: null,
    exceptionStack: null,
    failedActivityId: null,
    exclusive: node.exclusive,
    priority: priorityOf(run, work.executionId, node.jobPriority, describe(run, node, work)),
    isSuspended: run.isSuspended,
    payload: work.payload ?? null,
    createdAt: run.env.now,
  }
  run.dueWork.insert(row)
  logWork(run, row, 'created', null)
}

/** Camunda's name of the job type, where ours differ. */
const handlerTypes: Partial<Record<DueWorkRow['kind'], string>> = {
  'async-before': 'async-continuation',
  'async-after': 'async-continuation',
  'timer-intermediate': 'timer-intermediate-transition',
  'timer-boundary': 'timer-transition',
}

/** As Camunda writes it where the priority of a job is wrong. */
function describe(run: Run, node: FlowNode, { executionId, kind }: NewWork): string {
  const { parentId, isConcurrent, isScope } = run.execution(executionId)
  const execution = `${isConcurrent ? 'Concurrent' : ''}${isScope ? 'Scope' : ''}Execution`
  const where = parentId === null ? 'ProcessInstance' : execution
  return `Job ${node.id}/${handlerTypes[kind] ?? kind} instantiated in context of ${where}[${executionId}]`
}

export function getWork(run: Run, workId: string): DueWorkRow {
  const row = run.dueWork.find(workId)
  if (row === undefined) throw new EngineError(`No job found with id '${workId}': job is null`)
  return row
}

/** Done: the row goes, and an incident it had is resolved. */
export function takeWork(run: Run, row: DueWorkRow): void {
  run.dueWork.remove(row.id)
  endIncidentsOf(run, row.id, 'resolved')
  logWork(run, row, 'succeeded', null)
}

export function failWork(run: Run, event: StepEvent & { type: 'work-failed' }): void {
  const row = getWork(run, event.workId)
  const failed: DueWorkRow = {
    ...row,
    ...nextTry(run, row),
    exceptionMessage: event.message,
    exceptionStack: event.stack,
    failedActivityId: event.failedActivityId ?? row.activityId,
  }
  run.dueWork.insert(failed)
  logWork(run, failed, 'failed', event.message)
  if (failed.retries === 0 && row.retries > 0) createWorkIncident(run, failed)
}

/** The first failure takes the number of tries from the retry cycle. */
function nextTry(run: Run, row: DueWorkRow): { retries: number; dueAt: Date | null } {
  const cycle = retryCycleOf(run, row)
  const isFirst = row.exceptionMessage === null && row.exceptionStack === null
  if (cycle === null) return { retries: Math.max(row.retries - 1, 0), dueAt: row.dueAt }
  const plan = retryPlan(cycle)
  const retries = isFirst ? plan.attemptsMax : row.retries
  return { retries: Math.max(retries - 1, 0), dueAt: retryAt(plan, retries, run.env.now) ?? row.dueAt }
}

/** Null also when it has no value now: then work is tried as if there were none. */
function retryCycleOf(run: Run, row: DueWorkRow): string | null {
  const { retryCycle } = run.node(row.activityId)
  if (retryCycle === null) return null
  try {
    return evaluateText(retryCycle, contextOf(run, row.executionId))
  } catch (error) {
    if (error instanceof BpmnExpressionError) return null
    throw error
  }
}

export function setWorkRetries(run: Run, event: StepEvent & { type: 'set-work-retries' }): void {
  const row = getWork(run, event.workId)
  const mended: DueWorkRow = { ...row, retries: event.retries, dueAt: event.dueAt ?? row.dueAt }
  run.dueWork.insert(mended)
  if (event.retries > 0) endIncidentsOf(run, row.id, 'resolved')
  else if (row.retries > 0) createWorkIncident(run, mended)
}

function createWorkIncident(run: Run, row: DueWorkRow): void {
  createIncident(run, {
    incidentType: 'failedJob',
    executionId: row.executionId,
    activityId: row.activityId,
    failedActivityId: row.failedActivityId,
    configuration: row.id,
    message: row.exceptionMessage,
  })
}

function logWork(run: Run, row: DueWorkRow, event: 'created' | 'failed' | 'succeeded', message: string | null): void {
  run.history.push({ type: 'work-log', workId: row.id, activityId: row.activityId, event, message, at: run.env.now })
}
