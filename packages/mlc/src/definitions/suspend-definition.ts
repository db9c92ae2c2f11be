import { sql } from 'kysely'
import type { MlcContext } from '../context.ts'
import { suspendInstances } from '../instances/suspend-instances.ts'

export interface SuspendWish {
  /** One version, or all versions of a key. */
  definitionId: string | null
  key: string | null
  suspended: boolean
  includeInstances: boolean
}

/** A suspended definition starts nothing: signals and start timers pass it over, start calls are refused. */
export async function suspendDefinition(ctx: MlcContext, wish: SuspendWish): Promise<void> {
  const which = wish.definitionId === null ? sql`d.key = ${wish.key}` : sql`d.id = ${wish.definitionId}`
  await ctx.database.transaction(async (tx) => {
    await sql`update mlc.process_definition d set is_suspended = ${wish.suspended}::boolean where ${which}`.execute(tx)
    await sql`
      update mlc.due_work w set is_suspended = ${wish.suspended}::boolean
      from mlc.process_definition d where w.definition_id = d.id and ${which}`.execute(tx)
  })
  if (wish.includeInstances) {
    const { rows } = await sql<{ id: string }>`
      select i.id from mlc.instance i join mlc.process_definition d on d.id = i.definition_id
      where ${which} and i.ended_at is null`.execute(ctx.database.kysely)
    await suspendInstances(
      ctx,
      rows.map((row) => row.id),
      wish.suspended,
    )
  }
  ctx.wake('due-work')
}
