import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbedded } from '@rowhouse/postgres'

/** One PostgreSQL for the whole run; each test file makes databases of its own on it. A server given by the environment is used instead. */
export default async function setup(): Promise<() => Promise<void>> {
  if (process.env.ROWHOUSE_TEST_POSTGRES_URL) return async () => undefined
  const folder = await mkdtemp(join(tmpdir(), 'rowhouse-test-'))
  const server = await startEmbedded({ dataDir: join(folder, 'pg'), durable: false, maxConnections: 400 })
  process.env.ROWHOUSE_TEST_POSTGRES_URL = server.superuserUrl
  return async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
