import type { MlcContext } from '../context.ts'
import { inUnit } from './unit.ts'

/** An unknown or ended instance is passed over, as Camunda does. */
export async function suspendInstances(ctx: MlcContext, ids: readonly string[], suspended: boolean): Promise<void> {
  await inUnit(ctx, async (unit) => {
    await unit.load(ids)
    for (const id of ids) {
      const instance = unit.get(id)?.instance
      if (instance === undefined || instance.endedAt !== null) continue
      if ((instance.state === 'SUSPENDED') !== suspended) unit.apply(id, { type: 'suspended', suspended })
    }
  })
}
