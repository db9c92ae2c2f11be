import { notFound } from '../camunda-problems.ts'
import type { MlcContext } from '../context.ts'
import { delegateOf } from '../delegates/table.ts'
import { insertCancelErrands } from './errands.ts'
import { inUnit } from './unit.ts'

/** Ends the instance as EXTERNALLY_TERMINATED; its running batch jobs are cancelled after the commit. */
export async function deleteInstance(
  ctx: MlcContext,
  id: string,
  options: { reason: string | null; failIfNotExists: boolean },
): Promise<void> {
  await inUnit(ctx, async (unit) => {
    await unit.load([id])
    const aggregate = unit.get(id)
    if (aggregate === undefined || aggregate.instance.endedAt !== null) {
      if (!options.failIfNotExists) return
      throw notFound('process instance', id, `No process instance found for id '${id}': processInstance is null`, 0)
    }
    unit.apply(id, { type: 'deleted', reason: options.reason })
    const callsDelegates = [...unit.graph(id).nodes.values()].some((node) => delegateOf(node) !== undefined)
    if (callsDelegates) await insertCancelErrands(ctx, unit.tx, [id])
  })
  ctx.wake('due-work')
}
