import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbedded } from '@rowhouse/postgres'

/** Files run at once as many as there are cores, and a file opens this many connections at most. */
const maxConnections = Math.max(400, 50 * availableParallelism())

/** What the shell of the caller has set for a Rowhouse, a PostgreSQL or new files of its own is not for the tests, nor for what they start. */
function forgetShell(): void {
  process.umask(0o022)
  for (const name of Object.keys(process.env))
    if (/^(PG|ROWHOUSE_(?!TEST_|CAMPAIGN_|FROM_SOURCE))/.test(name)) delete process.env[name]
}

/** One PostgreSQL for the whole run; each test file makes databases of its own on it. A server given by the environment is used instead. */
export default async function setup(): Promise<() => Promise<void>> {
  forgetShell()
  if (process.env.ROWHOUSE_TEST_POSTGRES_URL) return async () => undefined
  const folder = await mkdtemp(join(tmpdir(), 'rowhouse-test-'))
  const server = await startEmbedded({ dataDir: join(folder, 'pg'), durable: false, maxConnections })
  process.env.ROWHOUSE_TEST_POSTGRES_URL = server.superuserUrl
  return async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
