/**
 * Events for the mlc wing. A command's events are written in its own transaction (`tell`); this loop sends them, those of one object together
 * and in the order in which they were written, and deletes the rows that the mlc wing says it has taken. What is unanswered is tried again with
 * growing pauses for ever, and holds back the later events of its object only. An object is claimed by moving `next_at` of its first row
 * ahead, so several servers share the work and a server that dies in between leaves nothing behind but a delay; the receiver drops an
 * event id it has seen.
 */
import { type DomainEvent, toAppError } from '@rowhouse/contract'
import { plannedAnew } from '@rowhouse/postgres'
import { sql } from 'kysely'
import { type Context, unhurried } from './context.ts'
import { type Loop, startLoop } from './loop.ts'

/** How long a server may take to send what it claimed, before another one sends it too: also how long an event waits whose server died. */
const claimMs = 15_000
const answerMs = 10_000
const objectsMax = 64
/** Events of one object in one call. */
const eventsMax = 32
/** After so many tries in vain the log tells it, once. */
const triesToTell = 5
const pauseMinMs = 200
const pauseMaxMs = 30_000
/** Looks even when nobody woke it: rows of another server, or whose pause is over. */
const idleMs = 1_000

interface DueRow {
  id: string
  event_id: string
  object_id: string
  signal: DomainEvent['signal']
  variables: Record<string, unknown>
  message: { name: string; correlationKey: string } | null
  tries: number
}

/** Sends what is due; answers of how many objects. After a call in vain an object's first event goes alone: it may be the one at fault. */
async function sendDue(ctx: Context): Promise<number> {
  const now = ctx.now()
  const due = await sql<DueRow>`
    ${plannedAnew}
    with first as (
      update model_manage.outbox set next_at = ${new Date(now.getTime() + claimMs)}, tries = tries + 1
      where id = any(array(
        select id from model_manage.outbox as due
        where next_at <= ${now}
          and not exists (select 1 from model_manage.outbox as earlier where earlier.object_id = due.object_id and earlier.id < due.id)
        order by id limit ${objectsMax} for update skip locked))
      returning id, event_id, object_id, signal, variables, message, tries)
    select *, ${unhurried} from first
    union all
    select next.*, null from first cross join lateral (
      select id, event_id, object_id, signal, variables, message, tries from model_manage.outbox as later
      where first.tries = 1 and later.object_id = first.object_id and later.id > first.id
      order by id limit ${eventsMax - 1}) as next
    order by id`.execute(ctx.database.kysely)
  const byObject = Map.groupBy(due.rows, (row) => row.object_id)
  await Promise.all([...byObject.values()].map((rows) => send(ctx, rows)))
  return byObject.size
}

async function send(ctx: Context, rows: readonly DueRow[]): Promise<void> {
  const [row] = rows
  if (row === undefined) return
  try {
    const limit = AbortSignal.timeout(answerMs)
    const { taken } = await ctx.mlc.mlc.tell(rows.map(eventOf), { signal: limit })
    await forget(ctx, rows.slice(0, taken))
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
  }
}

async function forget(ctx: Context, rows: readonly DueRow[]): Promise<void> {
  const ids = rows.map(({ id }) => id)
  await sql`delete from model_manage.outbox where id = any(${ids}::bigint[]) returning ${unhurried}`.execute(
    ctx.database.kysely,
  )
}

function eventOf({ event_id: eventId, object_id: objectId, signal, variables, message }: DueRow): DomainEvent {
  return { eventId, signal, objectId, variables, message }
}

export function startOutbox(ctx: Context, onError: (error: unknown) => void): Loop {
  return startLoop(async () => (await sendDue(ctx)) > 0, idleMs, onError)
}
