/**
 * A silence counts only while somebody could have heard the runtime. Servers write down now and then that they look; where nobody has for a
 * while (the server or the database was away, the machine slept), all leases that were current then begin anew, whoever of several
 * servers comes first. Called before each search for leases that ran out.
 */
import { sql } from 'kysely'
import { type Context, inTransaction, systemName } from '../context.ts'

export async function watchLeases(ctx: Context, now: Date): Promise<void> {
  const { leaseMs } = ctx.settings
  const seen = await ctx.database.kysely.selectFrom('model_manage.lease_watch').select('looked_at').executeTakeFirst()
  if (seen !== undefined && now.getTime() - seen.looked_at.getTime() < leaseMs / 6) return
  const gap = await inTransaction(ctx, systemName, async ({ tx }) => {
    const last = await sql<{ looked_at: Date }>`select looked_at from model_manage.lease_watch for update`.execute(tx)
    const lookedAt = last.rows[0]?.looked_at ?? now
    const gapMs = now.getTime() - lookedAt.getTime()
    let begunAnew = 0n
    if (gapMs > leaseMs / 3) {
      const until = new Date(now.getTime() + leaseMs)
      const beginAnew = sql`set lease_until = ${until} where lease_until > ${lookedAt} and lease_until < ${until}`
      const engines = await sql`update model_manage.engine ${beginAnew}`.execute(tx)
      const attempts = await sql`update model_manage.attempt ${beginAnew} and state = 'RUNNING'`.execute(tx)
      begunAnew = (engines.numAffectedRows ?? 0n) + (attempts.numAffectedRows ?? 0n)
    }
    await sql`
      insert into model_manage.lease_watch (looked_at) values (${now})
      on conflict (is_only) do update set looked_at = greatest(lease_watch.looked_at, excluded.looked_at)`.execute(tx)
    return { gapMs, begunAnew }
  })
  // a start after a clean stop finds no lease that was current
  if (gap.begunAnew > 0n) {
    ctx.warn(
      `no server listened for ${Math.round(gap.gapMs / 1000)} s: runtimes that were alive before have another ${leaseMs / 1000} s to be heard`,
      { goneMs: gap.gapMs, leaseMs },
    )
  }
}
