/**
 * Events for the mlc wing. A command writes its events in its own transaction (`tell`); this loop sends them, per object in the order
 * in which they were written, and deletes a row once the mlc wing has answered. An unanswered event is tried again with growing pauses for
 * ever, and holds back the later ones of its object only. Rows are claimed by moving their `next_at` ahead, so several servers
 * share the work and a server that dies in between leaves nothing behind but a delay; the receiver drops an event id it has seen.
 */
import { randomUUID } from 'node:crypto'
import { type DomainEvent, toAppError } from '@rowhouse/contract'
import { sql } from 'kysely'
import { type Context, unhurried, type Work } from './context.ts'
import { storableJson } from './documents/owned.ts'
import { type Loop, startLoop } from './loop.ts'

/** How long a server may take to send what it claimed, before another one sends it too: also how long an event waits whose server died. */
const claimMs = 15_000
const answerMs = 10_000
const batchSize = 64
/** After so many tries in vain the log tells it, once. */
const triesToTell = 5
const pauseMinMs = 200
const pauseMaxMs = 30_000
/** Looks even when nobody woke it: rows of another server, or whose pause is over. */
const idleMs = 1_000

export type Told = Pick<DomainEvent, 'signal' | 'objectId' | 'variables'> & {
  message?: { name: string; correlationKey: string }
}

/** Writes an event with the change it tells of. */
export async function tell(work: Work, event: Told): Promise<void> {
  await work.tx
    .insertInto('model_manage.outbox')
    .values({
      event_id: randomUUID(),
      object_id: event.objectId,
      signal: event.signal,
      variables: storableJson(event.variables),
      message: event.message === undefined ? null : storableJson(event.message),
      created_at: work.now,
      next_at: work.now,
    })
    .execute()
  if (event.message === undefined) work.told ??= 'news'
  else work.told = 'ended'
}

interface ClaimedRow {
  id: string
  event_id: string
  object_id: string
  signal: DomainEvent['signal']
  variables: Record<string, unknown>
  message: { name: string; correlationKey: string } | null
  tries: number
}

/** Sends what is due; answers how many rows it claimed. */
async function sendDue(ctx: Context): Promise<number> {
  const now = ctx.now()
  const claimed = await sql<ClaimedRow>`
    update model_manage.outbox set next_at = ${new Date(now.getTime() + claimMs)}, tries = tries + 1
    where id in (
      select id from model_manage.outbox as due
      where next_at <= ${now}
        and not exists (select 1 from model_manage.outbox as earlier where earlier.object_id = due.object_id and earlier.id < due.id)
      order by id limit ${batchSize} for update skip locked)
    returning id, event_id, object_id, signal, variables, message, tries, ${unhurried}`.execute(ctx.database.kysely)
  await Promise.all(claimed.rows.map((row) => send(ctx, row)))
  return claimed.rows.length
}

async function send(ctx: Context, row: ClaimedRow): Promise<void> {
  try {
    const { event_id: eventId, object_id: objectId, signal, variables, message } = row
    const limit = AbortSignal.timeout(answerMs)
    await ctx.mlc.mlc.tell({ eventId, signal, objectId, variables, message }, { signal: limit })
  } catch (error) {
    const pauseMs = Math.min(pauseMaxMs, pauseMinMs * 2 ** Math.min(row.tries - 1, 10))
    await ctx.database.kysely
      .updateTable('model_manage.outbox')
      .set({ next_at: new Date(ctx.now().getTime() + pauseMs), last_error: toAppError(error).message.slice(0, 2_000) })
      .where('id', '=', row.id)
      .execute()
    if (row.tries === triesToTell) {
      ctx.warn('the MLC does not take an event; it is tried again until it does', {
        signal: row.signal,
        objectId: row.object_id,
        error: toAppError(error).message,
      })
    }
    return
  }
  await sql`delete from model_manage.outbox where id = ${row.id} returning ${unhurried}`.execute(ctx.database.kysely)
}

export function startOutbox(ctx: Context, onError: (error: unknown) => void): Loop {
  return startLoop(async () => (await sendDue(ctx)) > 0, idleMs, onError)
}
