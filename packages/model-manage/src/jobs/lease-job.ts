/**
 * A runtime takes the next job of its queue. The long poll holds no connection to the database while it waits, and does not look again
 * until it is woken: by a commit of this server, by NOTIFY of another, or by the end of its time.
 */
import type { LeaseBody, LeaseInput } from '@rowhouse/contract'
import { sql } from 'kysely'
import type { z } from 'zod'
import { type Context, inTransaction, systemName, type Work } from '../context.ts'
import { getContents } from '../documents/contents.ts'
import { getCredentials } from '../documents/credentials.ts'
import { renewEngine } from '../runtimes/beat.ts'
import { moveJob } from './job.ts'
import { jobMessage } from './job-message.ts'
import { appendMessages, jobBody } from './job-store.ts'
import { recordChange } from './record-change.ts'

export async function leaseJob(
  ctx: Context,
  engineId: string,
  wish: z.output<typeof LeaseInput>,
  gone: AbortSignal,
): Promise<LeaseBody | undefined> {
  const until = Date.now() + wish.waitMs
  for (;;) {
    const waiting = ctx.waiters.wait(engineId)
    try {
      const leased = await takeNext(ctx, engineId, wish.session)
      if (leased) return leased
      if (ctx.waiters.closed || Date.now() >= until) return undefined
      await waiting.settled(until - Date.now(), gone)
      // nobody is there to take a job: it stays for the next call
      if (gone.aborted) return undefined
    } finally {
      waiting.end()
    }
  }
}

interface TakenRow {
  id: string
  attempt: number
}

/** Asking for work is a sign of life, too. */
async function takeNext(ctx: Context, engineId: string, session: number): Promise<LeaseBody | undefined> {
  const now = ctx.now()
  const leaseUntil = new Date(now.getTime() + ctx.settings.leaseMs)
  const name = await renewEngine(ctx, engineId, { session, now, leaseUntil })
  const waits =
    await sql`select 1 from model_manage.job where engine_id = ${engineId} and status = 'WAITING' limit 1`.execute(
      ctx.database.kysely,
    )
  if (waits.rows.length === 0) return undefined
  return inTransaction(ctx, systemName, (work) => take(work, { engineId, session, name, leaseUntil }))
}

interface Taker {
  engineId: string
  session: number
  name: string
  leaseUntil: Date
}

async function take(work: Work, { engineId, session, name, leaseUntil }: Taker): Promise<LeaseBody | undefined> {
  const status = moveJob({ id: '', status: 'WAITING' }, 'job.leased')
  const taken = await sql<TakenRow>`
    update model_manage.job set
      status = ${status}, attempt = attempt + 1, version = version + 1, run_at = ${work.now}, runtime_update_at = ${work.now},
      modified_at = ${work.now}, modified_by = ${systemName}
    where id = (
      select job.id from model_manage.job join model_manage.engine on engine.id = job.engine_id
      where job.engine_id = ${engineId} and job.status = 'WAITING' and engine.session = ${session}
        and (select count(*) from model_manage.attempt where engine_id = ${engineId} and state = 'RUNNING') < engine.slots
      order by job.seq limit 1 for update of job skip locked)
    returning id, attempt`.execute(work.tx)
  const [job] = taken.rows
  if (job === undefined) return undefined
  await work.tx
    .insertInto('model_manage.attempt')
    .values({
      job_id: job.id,
      attempt: job.attempt,
      engine_id: engineId,
      session,
      state: 'RUNNING',
      lease_until: leaseUntil,
      started_at: work.now,
      ended_at: null,
    })
    .execute()
  const says = `runtime '${name}' took the job${job.attempt > 1 ? ` (attempt ${job.attempt})` : ''}`
  await appendMessages(work.tx, job.id, [jobMessage(work.now, says, 'info')])
  const row = await recordChange(work, job.id, 'job.leased', says)
  const credentials = await getCredentials(work.ctx, work.tx, [job.id])
  return {
    jobId: job.id,
    attempt: job.attempt,
    leaseMs: work.ctx.settings.leaseMs,
    job: await getContents(work.tx, { ...jobBody(row, row.tail, work.ctx.prefix) }),
    credentials: credentials.get(job.id) ?? {},
  }
}
