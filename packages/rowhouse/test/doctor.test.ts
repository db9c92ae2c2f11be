import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { freshDatabase } from '@rowhouse/postgres/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bin, clean, isGone, makeFolder, run } from './program.ts'

let folder: string

beforeEach(() => {
  folder = makeFolder()
})

afterEach(() => clean(folder))

test('doctor finds what Rowhouse needs and exits with 0', async () => {
  const { code, stdout } = await run(folder, ['doctor', '--port', '0'])
  expect(stdout).toMatch(/^ok {5}Node \d+/m)
  expect(stdout).toMatch(/^ok {5}Python 3\.\d+/m)
  expect(stdout).toMatch(/^ok {5}PostgreSQL 18 comes along \(database: to be made\)/m)
  expect(stdout).toMatch(/^ok {5}data folder .*\.rowhouse \(to be made\)/m)
  expect(stdout).toMatch(/^Rowhouse can start here$/m)
  expect(code).toBe(0)
})

test('doctor names what is missing, says what to do, and exits with 1', async () => {
  const other = createServer((socket) => socket.destroy())
  const port = await new Promise<number>((settle) =>
    other.listen(0, '127.0.0.1', () => settle((other.address() as { port: number }).port)),
  )
  mkdirSync(join(folder, 'data', 'postgres', 'cluster'), { recursive: true })
  writeFileSync(join(folder, 'data', 'postgres', 'cluster', 'PG_VERSION'), '14\n')
  const { code, stdout } = await run(folder, [
    'doctor',
    '--port',
    String(port),
    '--python',
    'no-such-python',
    '--data',
    'data',
  ])
  await new Promise((settle) => other.close(settle))
  expect(stdout).toMatch(/^fault {2}no no-such-python: Python models cannot run\n {7}→ .*apt install python3/m)
  expect(stdout).toMatch(
    new RegExp(`^fault {2}port ${port} on 127.0.0.1 is taken by another program\\n {7}→ .*--port`, 'm'),
  )
  expect(stdout).toMatch(/^fault {2}the database in .* is PostgreSQL 14; this Rowhouse brings 18/m)
  expect(stdout).toMatch(/^3 things to mend first$/m)
  expect(code).toBe(1)
})

test('doctor looks at a database of your own', async () => {
  const fresh = await freshDatabase()
  expect((await run(folder, ['doctor', '--port', '0', '--database-url', fresh.url])).stdout).toMatch(
    /^ok {5}PostgreSQL \d+ at the address given/m,
  )
  await fresh.drop()
  expect((await run(folder, ['doctor', '--port', '0', '--database-url', fresh.url])).stdout).toMatch(
    /^fault {2}the database cannot be opened/m,
  )
})

test('rowhouse runtime passes its options on', async () => {
  const { code, stderr } = await run(folder, ['runtime', '--name', 'x'])
  expect(stderr).toMatch(/Which gateway\? Give --gateway URL/)
  expect(code).toBe(2)
})

const oldNode = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => {
  const [major = 0, minor = 0] = (spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout ?? '')
    .slice(1)
    .split('.')
    .map(Number)
  return major >= 18 && (major < 22 || (major === 22 && minor < 18))
})

test.runIf(oldNode)('an old Node goes on with the one the project brought along', async () => {
  const { code, stdout, stderr } = await run(folder, ['--version'], { node: oldNode ?? '' })
  expect(stdout + stderr).toMatch(/^\d+\.\d+\.\d+\n$|Rowhouse needs Node 22\.18 or newer/)
  expect(bin).toMatch(/rowhouse\.mjs$/)
  expect(code === 0 || stderr !== '').toBe(true)
})

test('a runtime that an older Node started ends when that one is killed', async () => {
  const { pid, channel } = await startRuntimeThroughChannel()
  channel.disconnect()
  await expect.poll(() => isGone(pid), { timeout: 20_000 }).toBe(true)
})

/** As the older Node does it: with a channel, which ends with the older one. */
async function startRuntimeThroughChannel() {
  const channel = spawn(
    process.execPath,
    [bin, 'runtime', '--gateway', 'http://127.0.0.1:9', '--unsecured', '--work-dir', folder],
    {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    },
  )
  await new Promise((settle) => channel.stderr?.once('data', settle))
  return { pid: channel.pid ?? 0, channel }
}
