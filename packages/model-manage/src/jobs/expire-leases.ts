/**
 * Gives back what silent runtimes held: attempts whose lease ran out, and jobs in the queue of a runtime that went silent. Safe in several
 * servers: the attempts are locked with skip locked, and matching is behind the lock on runtimes. A round has one moment: where the machine
 * sleeps in the middle of it, the leases that ran out meanwhile are for the next one, which watches first.
 */
import { sql } from 'kysely'
import { type Context, inTransaction, systemName } from '../context.ts'
import { lockRuntimes } from '../runtimes/runtime-store.ts'
import { loseAttempt } from './lose-attempt.ts'
import { matchQueued } from './match-queued.ts'
import { watchLeases } from './watch-leases.ts'

const batchSize = 100

/** Answers whether there may be more to do at once. */
export async function expireLeases(ctx: Context): Promise<boolean> {
  const now = ctx.now()
  await watchLeases(ctx, now)
  if (!(await isSomethingDue(ctx, now))) return false
  return inTransaction(ctx, systemName, async (later) => {
    const work = { ...later, now }
    await lockRuntimes(work.tx)
    const expired = await sql<{ job_id: string; attempt: number; engine: string }>`
      select attempt.job_id, attempt.attempt, engine.name as engine
      from model_manage.attempt join model_manage.engine on engine.id = attempt.engine_id
      where attempt.state = 'RUNNING' and attempt.lease_until <= ${work.now}
      order by attempt.lease_until limit ${batchSize} for update of attempt skip locked`.execute(work.tx)
    for (const { job_id, attempt, engine } of expired.rows) {
      await loseAttempt(work, { jobId: job_id, attempt }, `runtime '${engine}' went silent`, 'lost')
    }
    await matchQueued(work, null, 'the runtime it waited for went silent')
    return expired.rows.length === batchSize
  })
}

async function isSomethingDue(ctx: Context, now: Date): Promise<boolean> {
  const found = await sql<{ due: boolean }>`
    select exists (select 1 from model_manage.attempt where state = 'RUNNING' and lease_until <= ${now})
      or exists (
        select 1 from model_manage.engine where lease_until <= ${now}
          and exists (select 1 from model_manage.job where job.engine_id = engine.id and job.status = 'WAITING')) as due`.execute(
    ctx.database.kysely,
  )
  return found.rows[0]?.due ?? false
}
