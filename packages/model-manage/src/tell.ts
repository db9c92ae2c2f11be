import { randomUUID } from 'node:crypto'
import type { DomainEvent } from '@rowhouse/contract'
import { type QueryExecutorProvider, sql } from 'kysely'
import { storableJson } from './documents/storable-json.ts'

export type Told = Pick<DomainEvent, 'signal' | 'objectId' | 'variables'> & {
  /** A process waits for it. */
  message?: { name: string; correlationKey: string }
}

/** What a command has to tell when it is done. */
export interface News {
  tx: QueryExecutorProvider
  now: Date
  /** For the outbox. */
  told: Told[]
  /** Runtimes to whose queue a job came. */
  queuedFor: Set<string>
}

/** An event of what this command changes: it is written in the command's own transaction, and sent by the outbox loop. */
export function tell(news: News, event: Told): void {
  news.told.push(event)
}

/** NOTIFY with a runtime's id: a job came to its queue, perhaps through another server. */
export const queuedChannel = 'model_manage_queued'

/** One value of PostgreSQL holds them, and 256 MiB at most. */
const atOnceMax = 100

/** The last statement of a command: its events into the outbox, in their order, and word to the runtimes whose queue grew. */
export async function writeNews({ tx, now, told, queuedFor }: News): Promise<void> {
  if (told.length > atOnceMax) {
    await writeNews({ tx, now, told: told.slice(0, atOnceMax), queuedFor: new Set() })
    return writeNews({ tx, now, told: told.slice(atOnceMax), queuedFor })
  }
  if (told.length === 0 && queuedFor.size === 0) return
  const rows = told.map(({ objectId, ...event }) => ({ ...event, object_id: objectId, event_id: randomUUID() }))
  await sql`
    with told as (
      insert into model_manage.outbox (event_id, object_id, signal, variables, message, created_at, next_at)
      select event_id, object_id, signal, variables, message, ${now}::timestamptz, ${now}::timestamptz
      from rows from (jsonb_to_recordset(${storableJson(rows)}::jsonb)
        as (event_id uuid, object_id text, signal text, variables jsonb, message jsonb))
        with ordinality as event (event_id, object_id, signal, variables, message, n)
      order by n)
    select pg_notify(${queuedChannel}, id) from unnest(${[...queuedFor]}::text[]) as queued(id)`.execute(tx)
}
