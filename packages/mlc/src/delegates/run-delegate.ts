import type { DelegateCall, InstanceRow, TypedValue } from '@rowhouse/bpmn'
import { InputError } from '@rowhouse/contract'
import { inferValue } from '../camunda-values.ts'
import type { MlcContext } from '../context.ts'
import { delegateNames, findDelegate } from './table.ts'

/** A neighbour that does not answer costs a try. */
const delegateMs = 60_000

/** Runs a built-in delegate outside any transaction; its outputs are typed as JSON values from outside are. */
export async function runDelegate(
  ctx: MlcContext,
  call: DelegateCall,
  instance: InstanceRow,
  signal: AbortSignal,
): Promise<Record<string, TypedValue>> {
  const delegate = findDelegate(call.delegate)
  if (delegate === undefined) {
    throw new InputError(
      'UnknownDelegate',
      `The service task '${call.activityId}' calls the delegate '${call.delegate}', which is not known here. Known are: ${delegateNames.join(', ')}. Use one of these, or an external task`,
      { delegate: call.delegate, activityId: call.activityId },
    )
  }
  const graph = await ctx.graphs.get(ctx.database.kysely, instance.definitionId)
  const outputs = await delegate.run({
    call,
    instance,
    definitionName: graph.name,
    client: ctx.modelManage,
    signal: AbortSignal.any([signal, AbortSignal.timeout(delegateMs)]),
  })
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, inferValue(value)]))
}
