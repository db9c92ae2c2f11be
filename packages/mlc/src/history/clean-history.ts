/**
 * Ended instances go when their definition's `historyTimeToLive` is over, with all that is told of them; a definition that states none keeps
 * them for good. Called now and then by the loop over due work; safe in several servers.
 */
import { sql } from 'kysely'
import type { MlcContext } from '../context.ts'

const batchSize = 500
const batchesMax = 20
/** Longer ones (some say "for ever" by the largest number there is) would lead out of PostgreSQL's calendar. */
const daysMax = 1_000_000

/** Answers how many instances went. What is left after so many batches goes the next time. */
export async function cleanHistory(ctx: MlcContext): Promise<number> {
  let cleaned = 0
  for (let batch = 0; batch < batchesMax; batch++) {
    const { rows } = await sql`
      delete from mlc.instance where id in (
        select i.id from mlc.process_definition d
        cross join lateral (
          select o.id from mlc.instance o
          where o.definition_id = d.id and o.ended_at < ${ctx.now()}::timestamptz - make_interval(days => least(d.history_ttl_days, ${daysMax}::int))
          limit ${batchSize} for update skip locked) i
        where d.history_ttl_days is not null
        limit ${batchSize})
      returning id`.execute(ctx.database.kysely)
    cleaned += rows.length
    if (rows.length < batchSize) break
  }
  if (cleaned > 0) ctx.log.info({ instances: cleaned }, 'history whose time to live is over was removed')
  return cleaned
}
