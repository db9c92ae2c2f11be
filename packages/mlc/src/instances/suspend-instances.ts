import type { MlcContext } from '../context.ts'
import { deliverKeptMessages } from '../message/kept-messages.ts'
import { type AwaitedMessage, inUnit } from './unit.ts'

/** An unknown or ended instance is passed over, as Camunda does. */
export async function suspendInstances(ctx: MlcContext, ids: readonly string[], suspended: boolean): Promise<void> {
  const missed: AwaitedMessage[] = []
  await inUnit(ctx, async (unit) => {
    await unit.load(ids)
    for (const id of ids) {
      const instance = unit.get(id)?.instance
      if (instance === undefined || instance.endedAt !== null) continue
      if ((instance.state === 'SUSPENDED') === suspended) continue
      const { aggregate } = unit.apply(id, { type: 'suspended', suspended })
      if (suspended) continue
      for (const { eventName, correlationKey } of aggregate.subscriptions) {
        if (correlationKey !== null) missed.push({ name: eventName, correlationKey })
      }
    }
  })
  // told while it slept
  await deliverKeptMessages(ctx, missed)
}
