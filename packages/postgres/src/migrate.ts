import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import type pg from 'pg'
import type { Database } from './database.ts'

export interface Migrations {
  /** The wing's own schema; it is first in the search path while its files run. */
  schema: string
  /** Holds `0001-what-it-does.sql`, `0002-….sql`, … */
  directory: URL
}

class MigrationError extends Error {
  override readonly name = 'MigrationError'
}

interface Migration {
  number: number
  name: string
  sha256: string
  sql: string
}

/**
 * Brings the schema up to date. Each file is a transaction that first inserts its own row: of two servers that start at once
 * the second waits for that row and goes on. A file that changed after it was applied is refused.
 */
export async function migrate(
  database: Pick<Database<never>, 'pool'>,
  { schema, directory }: Migrations,
): Promise<void> {
  const files = await readMigrations(directory)
  const client = await database.pool.connect()
  try {
    const applied = await readApplied(client, schema)
    refuseNewer(schema, applied, files)
    for (const file of files) {
      const row = applied.get(file.number)
      if (row) refuseChanged(schema, file, row)
    }
    const missing = files.filter((file) => !applied.has(file.number))
    if (missing.length > 0) await makeSchema(client, schema)
    for (const file of missing) await apply(client, schema, file)
  } finally {
    client.release()
  }
}

async function readMigrations(directory: URL): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(
    names.map(async (name, index) => {
      const number = Number(/^(\d{4})-[a-z0-9-]+\.sql$/.exec(name)?.[1] ?? Number.NaN)
      if (number !== index + 1) {
        throw new MigrationError(
          `Migration ${name} in ${directory.pathname}: names are 0001-what-it-does.sql, 0002-…, without gaps`,
        )
      }
      const sql = (await readFile(new URL(name, slashed(directory)), 'utf8')).replaceAll('\r\n', '\n')
      return { number, name, sha256: createHash('sha256').update(sql).digest('hex'), sql }
    }),
  )
}

function slashed(directory: URL): URL {
  return directory.pathname.endsWith('/') ? directory : new URL(`${directory.href}/`)
}

type Applied = Map<number, { name: string; sha256: string }>

async function readApplied(client: pg.PoolClient, schema: string): Promise<Applied> {
  const table = `${client.escapeIdentifier(schema)}.migration`
  const there = await client.query<{ there: boolean }>('select to_regclass($1) is not null as there', [table])
  if (!there.rows[0]?.there) return new Map()
  const { rows } = await client.query<{ number: number; name: string; sha256: string }>(
    `select number, name, sha256 from ${table}`,
  )
  return new Map(rows.map(({ number, name, sha256 }) => [number, { name, sha256 }]))
}

function refuseChanged(schema: string, file: Migration, row: { name: string; sha256: string }): void {
  if (row.sha256 === file.sha256) return
  throw new MigrationError(
    `Migration ${file.name} of ${schema} was changed after it was applied (as ${row.name}). Put its text back and write a new file for the change.`,
  )
}

function refuseNewer(schema: string, applied: Applied, files: Migration[]): void {
  const newest = Math.max(0, ...applied.keys())
  if (newest <= files.length) return
  throw new MigrationError(
    `The database was used by a newer Rowhouse: its ${schema} has migration ${applied.get(newest)?.name}, this program knows ${files.length}. Start the newer version, or restore a backup from before it.`,
  )
}

async function makeSchema(client: pg.PoolClient, schema: string): Promise<void> {
  const name = client.escapeIdentifier(schema)
  await client.query('begin')
  try {
    // `if not exists` alone fails when two sessions race
    await client.query(`select pg_advisory_xact_lock(hashtext('rowhouse migration'))`)
    await client.query(`create schema if not exists ${name}`)
    await client.query(
      `create table if not exists ${name}.migration (
         number int primary key, name text not null, sha256 text not null, applied_at timestamptz not null default now())`,
    )
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

async function apply(client: pg.PoolClient, schema: string, file: Migration): Promise<void> {
  const name = client.escapeIdentifier(schema)
  await client.query('begin')
  try {
    const inserted = await client.query(
      `insert into ${name}.migration (number, name, sha256) values ($1, $2, $3) on conflict (number) do nothing`,
      [file.number, file.name, file.sha256],
    )
    if (inserted.rowCount === 1) {
      await client.query(`set local search_path = ${name}, public`)
      await client.query(file.sql)
    }
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw new MigrationError(
      `Migration ${file.name} of ${schema} failed: ${(error as Error).message}${whereIn(file.sql, error)}`,
      { cause: error },
    )
  }
  // another server may have been first, with another text
  const row = (await readApplied(client, schema)).get(file.number)
  if (row) refuseChanged(schema, file, row)
}

function whereIn(sql: string, error: unknown): string {
  const position = Number((error as { position?: unknown }).position)
  return position > 0 ? ` (line ${sql.slice(0, position).split('\n').length})` : ''
}
