import { sql } from 'kysely'
import type { MlcContext } from '../context.ts'

/** Under the instance's lock, as every write to its rows; false: there is no such incident. */
export async function annotateIncident(ctx: MlcContext, id: string, annotation: string | null): Promise<boolean> {
  return ctx.database.transaction(async (tx) => {
    const { rows } = await sql<{ instance_id: string }>`select instance_id from mlc.incident where id = ${id}`.execute(
      tx,
    )
    const instanceId = rows[0]?.instance_id
    if (instanceId === undefined) return false
    await sql`select 1 from mlc.instance where id = ${instanceId} for update`.execute(tx)
    await sql`update mlc.incident set annotation = ${annotation} where id = ${id}`.execute(tx)
    await sql`update mlc.history_incident set annotation = ${annotation} where id = ${id}`.execute(tx)
    return true
  })
}
