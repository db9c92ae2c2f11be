/**
 * Idempotency keys: a repeated request gets the first one's answer. Claim, work and store the answer in one transaction;
 * a second request with the same key waits for the first at the claim. Each wing's migration makes its own table:
 *
 *   create table idempotency_key (
 *     caller text not null, path text not null, key text not null,
 *     fingerprint text not null,
 *     status int, body json,          -- json keeps the answer's order of members
 *     created_at timestamptz not null default now(),
 *     primary key (caller, path, key));
 *   create index on idempotency_key (created_at);
 */
import { type QueryExecutorProvider, sql } from 'kysely'

export interface IdempotencyKey {
  /** The wing's schema. */
  schema: string
  /** Keys of different callers or paths never meet. */
  caller: string
  path: string
  key: string
}

export interface IdempotentAnswer {
  status: number
  body: unknown
}

/** `conflict`: the key was used for another body. `replay`: answer this, do nothing. Neither: go on, then store the answer. */
export type IdempotencyClaim = { conflict: true; replay: null } | { conflict: false; replay: IdempotentAnswer | null }

const idempotencyKeyDays = 7

export async function claimIdempotencyKey(
  tx: QueryExecutorProvider,
  { schema, caller, path, key, fingerprint }: IdempotencyKey & { fingerprint: string },
): Promise<IdempotencyClaim> {
  const table = sql.table(`${schema}.idempotency_key`)
  const claimed = await sql`
    insert into ${table} as known (caller, path, key, fingerprint) values (${caller}, ${path}, ${key}, ${fingerprint})
    on conflict (caller, path, key) do update set fingerprint = excluded.fingerprint, status = null, body = null, created_at = now()
    where known.created_at < now() - ${`${idempotencyKeyDays} days`}::interval
    returning 1`.execute(tx)
  if (claimed.rows.length > 0) return { conflict: false, replay: null }
  const found = await sql<{ fingerprint: string; status: number | null; body: unknown }>`
    select fingerprint, status, body from ${table} where caller = ${caller} and path = ${path} and key = ${key}`.execute(
    tx,
  )
  const row = found.rows[0]
  if (row && row.fingerprint !== fingerprint) return { conflict: true, replay: null }
  return { conflict: false, replay: row && row.status !== null ? { status: row.status, body: row.body } : null }
}

export async function storeIdempotentAnswer(
  tx: QueryExecutorProvider,
  { schema, caller, path, key }: IdempotencyKey,
  answer: IdempotentAnswer,
): Promise<void> {
  await sql`
    update ${sql.table(`${schema}.idempotency_key`)} set status = ${answer.status}, body = ${JSON.stringify(answer.body ?? null)}
    where caller = ${caller} and path = ${path} and key = ${key}`.execute(tx)
}

/** To be called now and then by the wing. */
export async function forgetOldIdempotencyKeys(tx: QueryExecutorProvider, schema: string): Promise<void> {
  await sql`
    delete from ${sql.table(`${schema}.idempotency_key`)} where created_at < now() - ${`${idempotencyKeyDays} days`}::interval`.execute(
    tx,
  )
}
