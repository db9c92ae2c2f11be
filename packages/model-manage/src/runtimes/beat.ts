import { Conflict, type HeartbeatBody, type HeartbeatInput, isUuid, NotFound } from '@rowhouse/contract'
import { sql } from 'kysely'
import type { z } from 'zod'
import { type Context, inTransaction, systemName, unhurried } from '../context.ts'
import { matchQueued } from '../jobs/match-queued.ts'
import type { EngineRow } from '../rows.ts'
import { lockRuntimes } from './runtime-store.ts'

/**
 * A heartbeat renews the runtime's lease and those of the attempts it names: an attempt it does not name (an answer that was lost on its
 * way) runs out and is given back. It answers which of them are to be stopped and which are no longer its own.
 */
export async function beat(ctx: Context, id: string, said: z.output<typeof HeartbeatInput>): Promise<HeartbeatBody> {
  const now = ctx.now()
  const leaseUntil = new Date(now.getTime() + ctx.settings.leaseMs)
  await renewEngine(ctx, id, { ...said, now, leaseUntil })
  const renewed = await sql<{ job_id: string; attempt: number; cancel: boolean }>`
    update model_manage.attempt set lease_until = ${leaseUntil}, heard_at = coalesce(heard_at, ${now}::timestamptz)
    from model_manage.job
    where attempt.job_id = job.id and attempt.engine_id = ${id} and attempt.state = 'RUNNING'
      and (attempt.job_id, attempt.attempt) in (
        select * from unnest(${said.running.map((each) => each.jobId).filter(isUuid)}::uuid[],
          ${said.running.filter((each) => isUuid(each.jobId)).map((each) => each.attempt)}::int[]))
    returning attempt.job_id, attempt.attempt, job.cancel_reason is not null as cancel`.execute(ctx.database.kysely)
  const mine = renewed.rows.map(({ job_id, attempt, cancel }) => ({ jobId: job_id, attempt, cancel }))
  return {
    cancel: mine.filter((each) => each.cancel).map(({ jobId, attempt }) => ({ jobId, attempt })),
    lost: said.running.filter((each) => !mine.some((m) => m.jobId === each.jobId && m.attempt === each.attempt)),
  }
}

interface Renewal {
  session: number
  state?: EngineRow['state']
  now: Date
  leaseUntil: Date
}

/** Answers its name; 409 when another registration of this name has outdated the session. */
export async function renewEngine(ctx: Context, id: string, renewal: Renewal): Promise<string> {
  if (!isUuid(id)) throw new NotFound('runtime', id)
  const found = await sql<{ name: string; lease_until: Date }>`
    update model_manage.engine set
      lease_until = ${renewal.leaseUntil}, beat_at = ${renewal.now}, state = coalesce(${renewal.state ?? null}, engine.state)
    from (select id, lease_until from model_manage.engine where id = ${id} for no key update) as before
    where engine.id = before.id and engine.session = ${renewal.session}
    returning engine.name, before.lease_until, ${unhurried}`.execute(ctx.database.kysely)
  const row = found.rows[0]
  if (row === undefined) throw await outdated(ctx, id)
  if (row.lease_until.getTime() <= renewal.now.getTime()) await returnToLife(ctx, id, row.name)
  return row.name
}

async function outdated(ctx: Context, id: string): Promise<Conflict | NotFound> {
  const engine = await ctx.database.kysely
    .selectFrom('model_manage.engine')
    .select('name')
    .where('id', '=', id)
    .executeTakeFirst()
  if (engine === undefined) return new NotFound('runtime', id)
  return new Conflict(
    'RuntimeOutdated',
    `Runtime '${engine.name}' was registered anew by another process: this one is outdated. Give it another --name, or stop one of the two.`,
    { engineId: id, name: engine.name },
  )
}

/** A runtime that had gone silent speaks again: jobs may have waited for it. A transaction of its own, since the lock comes first. */
function returnToLife(ctx: Context, id: string, name: string): Promise<void> {
  return inTransaction(ctx, systemName, async (work) => {
    await lockRuntimes(work.tx)
    await matchQueued(work, id, `runtime '${name}' is back`)
  })
}
