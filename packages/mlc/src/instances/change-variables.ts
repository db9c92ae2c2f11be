import type { TypedValue } from '@rowhouse/bpmn'
import { sql } from 'kysely'
import { restProblem } from '../camunda-problems.ts'
import type { MlcContext } from '../context.ts'
import { inUnit } from './unit.ts'

export interface VariableChange {
  set: Record<string, TypedValue>
  remove: string[]
  /** In the own scope of the execution; else where the name is seen from there, at the top when it is nowhere. */
  local: boolean
}

export function goneMessage(executionId: string): string {
  return `execution ${executionId} doesn't exist: execution is null`
}

/**
 * Variables of an execution, of the instance itself or within it; a suspended one's can be written too.
 * `prefix`: what the caller was about to do.
 */
export async function changeVariables(
  ctx: MlcContext,
  executionId: string,
  change: VariableChange,
  prefix: string,
): Promise<void> {
  await inUnit(ctx, async (unit) => {
    const { rows } = await sql<{ instance_id: string }>`
      select instance_id from mlc.execution where id = ${executionId}`.execute(unit.tx)
    const instanceId = rows[0]?.instance_id ?? ''
    if (rows.length > 0) await unit.load([instanceId])
    if (unit.get(instanceId)?.executions.some((row) => row.id === executionId) !== true) {
      throw restProblem(500, `${prefix}${goneMessage(executionId)}`)
    }
    unit.apply(instanceId, { type: 'variables-changed', executionId, ...change })
  })
}
