import type { TypedValue } from '@rowhouse/bpmn'
import { restProblem } from '../camunda-problems.ts'
import type { MlcContext } from '../context.ts'
import { inUnit } from './unit.ts'

export interface VariableChange {
  set: Record<string, TypedValue>
  remove: string[]
}

/** Variables of a process instance; a suspended one's can be written too. `prefix`: what the caller was about to do. */
export async function changeVariables(
  ctx: MlcContext,
  instanceId: string,
  change: VariableChange,
  prefix: string,
): Promise<void> {
  await inUnit(ctx, async (unit) => {
    await unit.load([instanceId])
    if (unit.get(instanceId)?.instance.endedAt !== null) {
      throw restProblem(500, `${prefix}execution ${instanceId} doesn't exist: execution is null`)
    }
    unit.apply(instanceId, { type: 'variables-changed', executionId: instanceId, ...change, local: false })
  })
}
