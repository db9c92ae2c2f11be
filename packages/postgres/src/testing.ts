/** For tests: databases of their own on the one server that Vitest's global setup started (test/postgres-server.ts). */
import { randomBytes } from 'node:crypto'
import pg from 'pg'

export interface FreshDatabase {
  /** Owner's role without superuser rights, as in production. */
  url: string
  drop(): Promise<void>
}

/** An empty database. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const serverUrl = process.env.ROWHOUSE_TEST_POSTGRES_URL
  if (!serverUrl)
    throw new Error('ROWHOUSE_TEST_POSTGRES_URL is not set: run the tests with Vitest from the repository root')
  const name = `test_${randomBytes(8).toString('hex')}`
  const password = randomBytes(12).toString('hex')
  await asSuperuser(serverUrl, [
    `create role ${name} login password '${password}'`,
    `create database ${name} owner ${name}`,
  ])
  const url = new URL(serverUrl)
  url.username = name
  url.password = password
  url.pathname = `/${name}`
  return {
    url: url.href,
    drop: () => asSuperuser(serverUrl, [`drop database if exists ${name} with (force)`, `drop role if exists ${name}`]),
  }
}

async function asSuperuser(url: string, statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}
