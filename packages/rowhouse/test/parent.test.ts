/** Who starts a part may be gone before the part has looked for it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { freshDatabase } from '@rowhouse/postgres/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bin, clean, makeFolder } from './program.ts'

let folder: string
let child: ChildProcess

beforeEach(() => {
  folder = makeFolder()
})

afterEach(async () => {
  child.kill('SIGKILL')
  await clean(folder)
})

/** With a channel, as a supervisor or an older Node does it, and with a stdin that stays open, as that of a terminal. */
function startThroughChannel(...args: string[]): Promise<number | null> {
  child = spawn(process.execPath, args, { cwd: folder, stdio: ['pipe', 'ignore', 'ignore', 'ipc'] })
  return new Promise((settle) => child.once('exit', settle))
}

test('rowhouse up whose parent goes at once ends, too', async () => {
  const ended = startThroughChannel(bin, 'up', '--port', '0', '--no-runtime')
  child.disconnect()
  expect(await ended).toBe(0)
})

test('a runtime whose parent goes at once ends, too', async () => {
  const ended = startThroughChannel(
    bin,
    'runtime',
    '--gateway',
    'http://127.0.0.1:9',
    '--unsecured',
    '--work-dir',
    folder,
  )
  child.disconnect()
  expect(await ended).toBe(0)
})

test('a server whose parent goes while it starts ends, too', async () => {
  const fresh = await freshDatabase()
  const main = fileURLToPath(new URL('../../gateway/src/main.ts', import.meta.url))
  const ended = startThroughChannel('--conditions=source', main, '--port', '0', '--data', folder)
  child.send({ databaseUrl: fresh.url }, () => child.disconnect())
  expect(await ended).toBe(0)
  await fresh.drop()
})
