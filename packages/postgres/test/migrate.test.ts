import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Database, migrate, openDatabase } from '../src/index.ts'
import { type FreshDatabase, freshDatabase } from '../src/testing.ts'

let fresh: FreshDatabase
let database: Database<never>
let folder: string

beforeEach(async () => {
  fresh = await freshDatabase()
  database = openDatabase<never>(fresh.url)
  folder = mkdtempSync(join(tmpdir(), 'rh-migrate-'))
  write('0001-first.sql', 'create table one (id int);')
  write('0002-second.sql', 'insert into one values (1);\ncreate table wing.two (id int);')
})

afterEach(async () => {
  await database.close()
  await fresh.drop()
  rmSync(folder, { recursive: true })
})

const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
const wing = () => ({ schema: 'wing', directory: pathToFileURL(folder) })
const rows = async (text: string) => (await database.pool.query(text)).rows

test('each file is applied once, in order, in the schema of its wing', async () => {
  await migrate(database, wing())
  await migrate(database, wing())
  expect(await rows('select id from wing.one')).toEqual([{ id: 1 }])
  expect(await rows('select number, name from wing.migration order by number')).toEqual([
    { number: 1, name: '0001-first.sql' },
    { number: 2, name: '0002-second.sql' },
  ])
})

test('servers that start at once apply each file once', async () => {
  const others = [1, 2, 3].map(() => openDatabase<never>(fresh.url))
  await Promise.all([database, ...others].map((one) => migrate(one, wing())))
  await Promise.all(others.map((one) => one.close()))
  expect(await rows('select id from wing.one')).toEqual([{ id: 1 }])
})

test('a file that was changed after it was applied is refused by name', async () => {
  await migrate(database, wing())
  write('0001-first.sql', 'create table one (id bigint);')
  await expect(migrate(database, wing())).rejects.toThrow(
    'Migration 0001-first.sql of wing was changed after it was applied',
  )
})

test('line ends of another system are no change', async () => {
  await migrate(database, wing())
  write('0002-second.sql', 'insert into one values (1);\r\ncreate table wing.two (id int);')
  await expect(migrate(database, wing())).resolves.toBeUndefined()
})

test('a database that a newer program used is refused', async () => {
  await migrate(database, wing())
  rmSync(join(folder, '0002-second.sql'))
  await expect(migrate(database, wing())).rejects.toThrow(
    /newer Rowhouse: its wing has migration 0002-second\.sql, this program knows 1/,
  )
})

test('a file that fails leaves nothing of itself, names the line, and can be mended', async () => {
  write('0003-third.sql', 'create table three (id int);\ninsert into nowhere values (1);')
  await expect(migrate(database, wing())).rejects.toThrow(
    'Migration 0003-third.sql of wing failed: relation "nowhere" does not exist (line 2)',
  )
  expect(await rows(`select to_regclass('wing.three') as three`)).toEqual([{ three: null }])
  write('0003-third.sql', 'create table three (id int);')
  await migrate(database, wing())
  expect(await rows(`select to_regclass('wing.three')::text as three`)).toEqual([{ three: 'wing.three' }])
})

test('a gap in the numbers is refused', async () => {
  write('0004-fourth.sql', '')
  await expect(migrate(database, wing())).rejects.toThrow(/0004-fourth\.sql .*without gaps/)
})
