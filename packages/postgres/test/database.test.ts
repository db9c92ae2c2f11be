import { once } from 'node:events'
import { connect, type LookupFunction } from 'node:net'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectionFault, type Database, isDatabaseAway, openDatabase, plannedAnew } from '../src/index.ts'
import { type FreshDatabase, freshDatabase } from '../src/testing.ts'

interface Tables {
  thing: { id: number; name: string }
}
let fresh: FreshDatabase
let database: Database<Tables>

beforeAll(async () => {
  fresh = await freshDatabase()
  database = openDatabase<Tables>(fresh.url)
  await sql`create table thing (id int primary key, name text not null)`.execute(database.kysely)
})

afterAll(async () => {
  await database.close()
  await fresh.drop()
})

test('a transaction that throws leaves nothing behind', async () => {
  const failed = database.transaction(async (tx) => {
    await tx.insertInto('thing').values({ id: 1, name: 'a' }).execute()
    throw new Error('no')
  })
  await expect(failed).rejects.toThrow('no')
  expect(await database.kysely.selectFrom('thing').selectAll().execute()).toEqual([])
})

test('a notification is heard once its transaction is committed, by each listener until it stops', async () => {
  const heard: string[] = []
  const stop = await database.listen('news', (payload) => heard.push(payload))
  const other = await database.listen('news', (payload) => heard.push(`other ${payload}`))
  await database.transaction(async (tx) => {
    await sql`select pg_notify('news', 'one')`.execute(tx)
    expect(heard).toEqual([])
  })
  await expect.poll(() => heard).toEqual(['one', 'other one'])
  await stop()
  await sql`select pg_notify('news', 'two')`.execute(database.kysely)
  await expect.poll(() => heard).toEqual(['one', 'other one', 'other two'])
  await other()
})

test('two that begin to listen at once share a connection, and hear each notification once', async () => {
  const own = openDatabase<Tables>(fresh.url, { applicationName: 'both' })
  const heard: string[] = []
  const stops = await Promise.all(
    ['left', 'right'].map((channel) => own.listen(channel, (payload) => heard.push(`${channel} ${payload}`))),
  )
  for (const channel of ['left', 'right']) await database.pool.query(`select pg_notify($1, 'one')`, [channel])
  await expect.poll(() => heard.length).toBeGreaterThanOrEqual(2)
  for (const channel of ['left', 'right']) await database.pool.query(`select pg_notify($1, 'two')`, [channel])
  await expect.poll(() => heard).toEqual(['left one', 'right one', 'left two', 'right two'])
  const connections = `select 1 from pg_stat_activity where datname = current_database() and application_name = 'both'`
  expect((await database.pool.query(connections)).rowCount).toBe(1)
  for (const stop of stops) await stop()
  await own.close()
})

/** Cuts all connections of a database that was opened under this name. */
const cutAll = (applicationName: string) =>
  database.pool.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = $1',
    [applicationName],
  )

test('listening comes back after its connection was cut, and says that something may have been missed', async () => {
  const cut = openDatabase<Tables>(fresh.url, { applicationName: 'cut listener' })
  const heard: string[] = []
  const stop = await cut.listen('cut', (payload) => heard.push(payload))
  await cutAll('cut listener')
  await expect.poll(() => heard).toEqual([''])
  await sql`select pg_notify('cut', 'again')`.execute(database.kysely)
  await expect.poll(() => heard).toEqual(['', 'again'])
  await stop()
  await cut.close()
})

test('connections that were cut while idle are replaced, and a cut statement is known as such', async () => {
  const cut = openDatabase<Tables>(fresh.url, { applicationName: 'cut' })
  const one = () => sql`select 1 as one`.execute(cut.kysely).then((result) => result.rows, isDatabaseAway)
  // given a connection at work and an idle one
  const sleeping = sql`select pg_sleep(600)`.execute(cut.kysely).catch((error: unknown) => error)
  await one()
  const states = `select state from pg_stat_activity
    where datname = current_database() and application_name = 'cut' order by state`
  await expect
    .poll(async () => (await database.pool.query(states)).rows)
    .toEqual([{ state: 'active' }, { state: 'idle' }])
  await cutAll('cut')
  expect(isDatabaseAway(await sleeping)).toBe(true)
  await expect.poll(one).toEqual([{ one: 1 }])
  await cut.close()
})

test('a connection that is cut between two statements of a transaction fails the next one, and nothing else', async () => {
  const cut = database.transaction(async (tx) => {
    const [self] = (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx)).rows
    await database.pool.query('select pg_terminate_backend($1)', [self?.pid])
    await expect
      .poll(async () => (await database.pool.query('select 1 from pg_stat_activity where pid = $1', [self?.pid])).rows)
      .toEqual([])
    await sql`select 1`.execute(tx)
  })
  expect(isDatabaseAway(await cut.catch((error: unknown) => error))).toBe(true)
})

test('a statement that comes again is prepared, once for each connection, unless it is to be planned anew', async () => {
  const prepared = await database.transaction(async (tx) => {
    for (const n of [1, 2, 3]) await sql`select ${n}::int as n_of_prepared`.execute(tx)
    for (const n of [1, 2, 3]) await sql`${plannedAnew} select ${n}::int as anew`.execute(tx)
    await sql`select ${1}::int as once`.execute(tx)
    return sql<{ statement: string }>`select statement from pg_prepared_statements`.execute(tx)
  })
  const statements = prepared.rows.map((row) => row.statement)
  expect(statements.filter((text) => text.includes('n_of_prepared'))).toHaveLength(1)
  expect(statements.filter((text) => /once|anew/.test(text))).toEqual([])
})

test('a table that changes under a prepared statement fails it as a passing trouble; the next try sees the change', async () => {
  await sql`create table changing (id int)`.execute(database.kysely)
  const one = openDatabase<Tables>(fresh.url, { max: 1 })
  const read = () => sql`select * from changing where id <> ${0}`.execute(one.kysely)
  for (let n = 0; n < 3; n += 1) await read()
  await sql`alter table changing add column more text default 'm'`.execute(database.kysely)
  await sql`insert into changing (id) values (1)`.execute(database.kysely)
  expect(isDatabaseAway(await read().catch((error: unknown) => error))).toBe(true)
  expect((await read()).rows).toEqual([{ id: 1, more: 'm' }])
  await one.close()
})

test('a prepared statement whose column gets another type fails once, not for as long as its connection lives', async () => {
  await sql`create table retyped (id int)`.execute(database.kysely)
  await sql`insert into retyped values (1)`.execute(database.kysely)
  const one = openDatabase<Tables>(fresh.url, { max: 1 })
  const read = () => sql`select id::text as id from retyped where id = ${1}`.execute(one.kysely)
  for (let n = 0; n < 3; n += 1) await read()
  await sql`alter table retyped alter column id type text`.execute(database.kysely)
  await expect(read()).rejects.toThrow(/operator does not exist: text = integer/)
  expect((await read()).rows).toEqual([{ id: '1' }])
  await one.close()
})

test('a value that cannot be sent does not spoil the statement for the next one', async () => {
  const one = openDatabase<Tables>(fresh.url, { max: 1 })
  const say = (value: unknown) => sql`select ${value}::text as said`.execute(one.kysely)
  await say('a')
  const ring: { self?: unknown } = {}
  ring.self = ring
  await expect(say(ring)).rejects.toThrow(/circular/)
  expect((await say('b')).rows).toEqual([{ said: 'b' }])
  await one.close()
})

test('a server that is not there is known as away, a mistake in a statement is not', async () => {
  const nowhere = openDatabase<Tables>('postgres://a:b@127.0.0.1:1/x')
  const refused = await nowhere.pool.query('select 1').catch((error: unknown) => error)
  await nowhere.close()
  expect(isDatabaseAway(refused)).toBe(true)
  const mistake = await database.pool.query('select nothing').catch((error: unknown) => error)
  expect(isDatabaseAway(mistake)).toBe(false)
})

test.each(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EAI_AGAIN'])(
  'a host that gives %s is away',
  (code) => {
    expect(isDatabaseAway(Object.assign(new Error('connect'), { code }))).toBe(true)
  },
)

test('of a host with several addresses what each one answers is told', async () => {
  const lookup: LookupFunction = (_host, _options, done) =>
    done(null, [
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ])
  const [error] = (await once(connect({ port: 1, host: 'both', lookup }), 'error')) as [Error]
  expect(error.message).toBe('')
  expect(isDatabaseAway(error)).toBe(true)
  expect(connectionFault(error)).toMatch(/^connect ECONNREFUSED 127\.0\.0\.1:1; connect .*::1/)
  expect(connectionFault(new Error('no pg_hba.conf entry'))).toBe('no pg_hba.conf entry')
})
