/**
 * A runtime takes the next job of its queue. The long poll holds no connection to the database while it waits, and does not look again
 * until it is woken: by a commit of this server, by NOTIFY of another, or by the end of its time.
 *
 * The answer may be lost on its way: the next call of the same slot, which has nothing in hand then, is given the same attempt once more.
 */
import type { LeaseBody, LeaseInput } from '@rowhouse/contract'
import { sql } from 'kysely'
import type { z } from 'zod'
import { type Context, inTransaction, systemName, type Work } from '../context.ts'
import { getRow } from '../documents/answer.ts'
import { getContents } from '../documents/contents.ts'
import { getCredentials, withParameters } from '../documents/credentials.ts'
import { renewEngine } from '../runtimes/beat.ts'
import { moveJob } from './job.ts'
import { jobMessage, storableLine } from './job-message.ts'
import { appendMessages, findJobWithTail, type JobWithTail, jobBody } from './job-store.ts'
import { recordChange } from './record-change.ts'

export async function leaseJob(
  ctx: Context,
  engineId: string,
  wish: z.output<typeof LeaseInput>,
  gone: AbortSignal,
): Promise<LeaseBody | undefined> {
  const { session, slot = null, waitMs } = wish
  if (slot === null) return nextJob(ctx, { engineId, session, slot }, { waitMs, gone })
  const place = ctx.waiters.takePlace(`${engineId}/${session}/${slot}`)
  try {
    const isOver = AbortSignal.any([gone, place.superseded])
    return await nextJob(ctx, { engineId, session, slot }, { waitMs, gone: isOver })
  } finally {
    place.leave()
  }
}

interface Asking {
  engineId: string
  session: number
  slot: number | null
}

async function nextJob(
  ctx: Context,
  asking: Asking,
  { waitMs, gone }: { waitMs: number; gone: AbortSignal },
): Promise<LeaseBody | undefined> {
  const until = Date.now() + waitMs
  const { engineId, session } = asking
  let name: string | undefined
  for (;;) {
    const waiting = ctx.waiters.wait(engineId)
    try {
      // Woken there is a job, most likely: straight to it. Where there is none (a registration may have woken us) the session is looked at.
      const woken = name === undefined ? undefined : await takeNow(ctx, { ...asking, name })
      if (woken) return woken
      name = await renew(ctx, engineId, session)
      const { isLost, isWaiting } = await look(ctx, asking)
      const taker = { ...asking, name }
      const lost = isLost ? await inTransaction(ctx, systemName, (work) => handOutAgain(work, taker)) : undefined
      const leased = lost ?? (isWaiting ? await takeNow(ctx, taker) : undefined)
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
function renew(ctx: Context, engineId: string, session: number): Promise<string> {
  const now = ctx.now()
  return renewEngine(ctx, engineId, { session, now, leaseUntil: new Date(now.getTime() + ctx.settings.leaseMs) })
}

/** One query, and no transaction where there is nothing to do: so most calls end. */
async function look(ctx: Context, asking: Asking): Promise<{ isLost: boolean; isWaiting: boolean }> {
  const found = await sql<{ isLost: boolean; isWaiting: boolean }>`
    select exists (select from model_manage.attempt where ${unheard(asking)}) as "isLost",
      exists (select from model_manage.job where engine_id = ${asking.engineId} and status = 'WAITING') as "isWaiting"`.execute(
    ctx.database.kysely,
  )
  return found.rows[0] ?? { isLost: false, isWaiting: false }
}

/** What this slot was given, and its runtime never spoke of. */
function unheard({ engineId, session, slot }: Asking) {
  return sql<boolean>`engine_id = ${engineId} and session = ${session} and slot = ${slot} and state = 'RUNNING' and heard_at is null`
}

interface Taker extends Asking {
  name: string
}

function takeNow(ctx: Context, taker: Taker): Promise<LeaseBody | undefined> {
  return inTransaction(ctx, systemName, (work) => take(work, taker))
}

/** Its lease is not renewed: a runtime that cannot take it in does not get it for ever. */
async function handOutAgain(work: Work, taker: Taker): Promise<LeaseBody | undefined> {
  const found = await sql<TakenRow>`
    select job_id as id, attempt from model_manage.attempt where ${unheard(taker)} limit 1 for update skip locked`.execute(
    work.tx,
  )
  const [job] = found.rows
  if (job === undefined) return undefined
  const says = `runtime '${taker.name}' asks again: the answer that gave it the job was lost on its way`
  await appendMessages(work.tx, job.id, [jobMessage(work.now, says, 'warning')])
  return leaseOf(work, job, await getRow('job', job.id, (id) => findJobWithTail(work.tx, id)))
}

async function take(work: Work, { engineId, session, slot, name }: Taker): Promise<LeaseBody | undefined> {
  const status = moveJob({ id: '', status: 'WAITING' }, 'job.leased')
  const leaseUntil = new Date(work.now.getTime() + work.ctx.settings.leaseMs)
  const says = `runtime '${name}' took the job`
  // the job, its attempt and the line about it in one statement: a job that waits is begun that much earlier
  const taken = await sql<TakenRow>`
    with taken as (
      update model_manage.job set
        status = ${status}, attempt = attempt + 1, version = version + 1, message_count = message_count + 1,
        run_at = ${work.now}, runtime_update_at = ${work.now}, modified_at = ${work.now}, modified_by = ${systemName}
      where id = (
        select job.id from model_manage.job join model_manage.engine on engine.id = job.engine_id
        where job.engine_id = ${engineId} and job.status = 'WAITING' and engine.session = ${session}
          and (select count(*) from model_manage.attempt where engine_id = ${engineId} and state = 'RUNNING') < engine.slots
        order by job.seq limit 1 for update of job skip locked)
      returning id, attempt, message_count),
    begun as (
      insert into model_manage.attempt (job_id, attempt, engine_id, session, slot, state, lease_until, started_at)
      select id, attempt, ${engineId}::uuid, ${session}::int, ${slot}::int, 'RUNNING', ${leaseUntil}::timestamptz, ${work.now}::timestamptz from taken),
    said as (
      insert into model_manage.job_message (job_id, n, text)
      select id, message_count, ${storableLine(jobMessage(work.now, says, 'info'))}::text || case when attempt > 1 then ' (attempt ' || attempt || ')' else '' end
      from taken)
    select id, attempt from taken`.execute(work.tx)
  const [job] = taken.rows
  if (job === undefined) return undefined
  const cause = job.attempt > 1 ? `${says} (attempt ${job.attempt})` : says
  const row = await recordChange(work, { jobId: job.id, event: 'job.leased', cause })
  return leaseOf(work, job, row)
}

async function leaseOf(work: Work, { id, attempt }: TakenRow, row: JobWithTail): Promise<LeaseBody> {
  const credentials = await getCredentials(work.ctx, work.tx, [id])
  const job = await getContents(work.tx, { ...jobBody(row, row.tail, work.ctx.prefix) })
  return { jobId: id, attempt, leaseMs: work.ctx.settings.leaseMs, ...withParameters(job, credentials.get(id) ?? {}) }
}
