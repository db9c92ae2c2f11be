/** The scope tree of variables: a name is looked for from the execution upwards; a new one goes to the top. */
import { EngineError } from './engine-error.ts'
import type { Run } from './run.ts'
import type { ExecutionRow, VariableRow } from './state.ts'
import type { TypedValue } from './values.ts'

export interface Values {
  [name: string]: TypedValue
}

export function findLocalVariable(run: Run, executionId: string, name: string): VariableRow | undefined {
  return run.variables.where((row) => row.executionId === executionId && row.name === name)[0]
}

export function findVariable(run: Run, executionId: string, name: string): VariableRow | undefined {
  for (const execution of upwards(run, executionId)) {
    const row = findLocalVariable(run, execution.id, name)
    if (row !== undefined) return row
  }
  return undefined
}

/** All that an execution sees; the nearest of a name wins. */
export function visibleVariables(run: Run, executionId: string): Values {
  const seen = new Map<string, TypedValue>()
  for (const execution of upwards(run, executionId)) {
    for (const row of run.variables.where((each) => each.executionId === execution.id)) {
      if (!seen.has(row.name)) seen.set(row.name, row.value)
    }
  }
  return Object.fromEntries(seen)
}

/** Camunda's setVariable: where the name exists, else at the top. */
export function setVariable(run: Run, executionId: string, name: string, value: TypedValue): void {
  const known = findVariable(run, executionId, name)
  setLocalVariable(run, known?.executionId ?? run.instance.id, name, value)
}

export function setVariables(run: Run, executionId: string, values: Values): void {
  for (const [name, value] of Object.entries(values)) setVariable(run, executionId, name, value)
}

export function setLocalVariable(run: Run, executionId: string, name: string, value: TypedValue): void {
  const known = findLocalVariable(run, executionId, name)
  if (known !== undefined && (known.value.transient === true) !== (value.transient === true)) {
    throw new EngineError(`Cannot set transient variable with name ${name} to non-transient variable and vice versa.`)
  }
  const execution = run.execution(executionId)
  const row: VariableRow = known
    ? { ...known, value }
    : {
        id: run.env.newId(),
        instanceId: run.instance.id,
        executionId,
        activityInstanceId: scopeInstanceId(run, execution),
        name,
        value,
        createdAt: run.env.now,
      }
  run.variables.insert(row)
  if (value.transient !== true) run.history.push({ type: 'variable-set', row, at: run.env.now })
}

export function setLocalVariables(run: Run, executionId: string, values: Values): void {
  for (const [name, value] of Object.entries(values)) setLocalVariable(run, executionId, name, value)
}

export function removeVariable(run: Run, row: VariableRow): void {
  run.variables.remove(row.id)
  if (row.value.transient !== true) {
    run.history.push({ type: 'variable-deleted', variableId: row.id, at: run.env.now })
  }
}

/** The activity instance whose scope a variable of this execution is: the process for the root. */
function scopeInstanceId(run: Run, execution: ExecutionRow): string {
  return execution.parentId === null ? run.instance.id : (execution.activityInstanceId ?? run.instance.id)
}

function* upwards(run: Run, executionId: string): Generator<ExecutionRow> {
  let execution = run.executions.find(executionId)
  while (execution !== undefined) {
    yield execution
    execution = execution.parentId === null ? undefined : run.executions.find(execution.parentId)
  }
}
