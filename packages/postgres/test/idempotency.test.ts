import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  claimIdempotencyKey,
  type Database,
  forgetOldIdempotencyKeys,
  openDatabase,
  storeIdempotentAnswer,
} from '../src/index.ts'
import { type FreshDatabase, freshDatabase } from '../src/testing.ts'

let fresh: FreshDatabase
let database: Database<never>
const key = { schema: 'wing', caller: 'user:ann', path: '/jobs', key: 'k1' }

beforeAll(async () => {
  fresh = await freshDatabase()
  database = openDatabase<never>(fresh.url)
  await sql`create schema wing`.execute(database.kysely)
  await sql`create table wing.idempotency_key (
    caller text not null, path text not null, key text not null, fingerprint text not null,
    status int, body json, created_at timestamptz not null default now(), primary key (caller, path, key))`.execute(
    database.kysely,
  )
})

afterAll(async () => {
  await database.close()
  await fresh.drop()
})

beforeEach(() => sql`truncate wing.idempotency_key`.execute(database.kysely).then(() => undefined))

function request(body: string, answer: unknown, own: Partial<typeof key> = {}) {
  return database.transaction(async (tx) => {
    const claim = await claimIdempotencyKey(tx, { ...key, ...own, fingerprint: body })
    if (!claim.conflict && !claim.replay)
      await storeIdempotentAnswer(tx, { ...key, ...own }, { status: 201, body: answer })
    return claim
  })
}

test('the same key and body get the first answer, member by member', async () => {
  expect(await request('a', { z: 1, a: [2, null] })).toEqual({ conflict: false, replay: null })
  const again = await request('a', { other: true })
  expect(JSON.stringify(again)).toBe('{"conflict":false,"replay":{"status":201,"body":{"z":1,"a":[2,null]}}}')
})

test('the same key with another body is a conflict', async () => {
  await request('a', {})
  expect(await request('b', {})).toEqual({ conflict: true, replay: null })
})

test('keys of different callers and paths never meet', async () => {
  await request('a', {})
  expect(await request('b', {}, { caller: 'user:bob' })).toEqual({ conflict: false, replay: null })
  expect(await request('b', {}, { path: '/signalResponsive' })).toEqual({ conflict: false, replay: null })
})

test('of many requests with one key at once exactly one does the work', async () => {
  const claims = await Promise.all(Array.from({ length: 8 }, (_, i) => request('a', { by: i })))
  expect(claims.filter((claim) => claim.replay === null)).toHaveLength(1)
  expect(new Set(claims.flatMap((claim) => (claim.replay ? [JSON.stringify(claim.replay)] : []))).size).toBe(1)
})

test('a request that failed leaves its key free', async () => {
  const failed = database.transaction(async (tx) => {
    await claimIdempotencyKey(tx, { ...key, fingerprint: 'a' })
    throw new Error('no')
  })
  await expect(failed).rejects.toThrow('no')
  expect(await request('b', {})).toEqual({ conflict: false, replay: null })
})

test('a key is free again after 7 days, and forgotten', async () => {
  await request('a', {})
  const age = (days: number) =>
    sql`update wing.idempotency_key set created_at = now() - ${`${days} days`}::interval`.execute(database.kysely)
  await age(6)
  expect(await request('b', {})).toMatchObject({ conflict: true })
  await age(8)
  expect(await request('b', {})).toEqual({ conflict: false, replay: null })
  await age(8)
  await forgetOldIdempotencyKeys(database.kysely, 'wing')
  expect((await sql`select 1 from wing.idempotency_key`.execute(database.kysely)).rows).toEqual([])
})
