import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbedded } from '@rowhouse/postgres'

/** Files run at once as many as there are cores, and a file opens this many connections at most. */
const maxConnections = Math.max(400, 50 * availableParallelism())

/** One PostgreSQL for the whole run; each test file makes databases of its own on it. A server given by the environment is used instead. */
export default async function setup(): Promise<() => Promise<void>> {
  if (process.env.ROWHOUSE_TEST_POSTGRES_URL) return async () => undefined
  const folder = await mkdtemp(join(tmpdir(), 'rowhouse-test-'))
  const server = await startEmbedded({ dataDir: join(folder, 'pg'), durable: false, maxConnections })
  process.env.ROWHOUSE_TEST_POSTGRES_URL = server.superuserUrl
  return async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
