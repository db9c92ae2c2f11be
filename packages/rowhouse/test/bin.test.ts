import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bin, clean, isGone, makeFolder, run } from './program.ts'

let folder: string

beforeEach(() => {
  folder = makeFolder()
})

afterEach(() => clean(folder))

/** `rowhouse doctor --port 1` of a project in the folder, on this Node, which says it is an older one. */
function runOnOlderNode(version: string) {
  const copy = join(folder, 'packages', 'rowhouse', 'bin', 'rowhouse.mjs')
  mkdirSync(dirname(copy), { recursive: true })
  copyFileSync(bin, copy)
  const disguise = join(folder, 'disguise.mjs')
  writeFileSync(disguise, `Object.defineProperty(process, 'versions', { value: { node: '${version}' } })`)
  const args = ['--import', disguise, copy, 'doctor', '--port', '1']
  return spawnSync(process.execPath, args, { encoding: 'utf8', cwd: folder })
}

/** What the bootstrap puts into a project. */
function bringNode(script: string): void {
  const platform = `node-${process.platform}-${process.arch}`
  const node = join(folder, '.toolchain', 'node_modules', platform, 'bin', 'node')
  mkdirSync(dirname(node), { recursive: true })
  writeFileSync(node, `#!/bin/sh\n${script}\n`)
  chmodSync(node, 0o755)
}

test.each(['20.19.0', '22.17.1'])('Node %s goes on with the one the project brought along', (version) => {
  bringNode('shift; echo "the newer one: $*"; exit 5')
  expect(runOnOlderNode(version)).toMatchObject({ status: 5, stdout: 'the newer one: doctor --port 1\n', stderr: '' })
})

test('an older Node ends as the newer one did, by a signal too', () => {
  bringNode('kill -TERM $$')
  expect(runOnOlderNode('20.19.0')).toMatchObject({ status: null, signal: 'SIGTERM' })
})

test('an older Node in a project that brought none says what to do', () => {
  const { status, stdout, stderr } = runOnOlderNode('20.19.0')
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toMatch(/^Rowhouse needs Node 22\.18 or newer; this is Node 20\.19\.0\. .*npm run build.*\n$/)
})

test('rowhouse runtime lists its options when asked', async () => {
  const { code, stdout, stderr } = await run(folder, ['runtime', '--help'])
  expect(stdout).toMatch(/^usage: runtime --gateway URL .*--stage STAGE/)
  expect(stdout).toMatch(/^ {2}--group NAME .*\n[\s\S]*^ {2}--files FOLDER .* no file is opened\)$/m)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect((await run(folder, ['up', '--help'])).stdout).not.toContain('[]')
})

test('rowhouse runtime passes its options on', async () => {
  const { code, stderr } = await run(folder, ['runtime', '--name', 'x'])
  expect(stderr).toMatch(/Which gateway\? Give --gateway URL/)
  expect(code).toBe(2)
})

test('a runtime that an older Node started ends when that one is killed', async () => {
  const { pid, channel } = await startRuntimeThroughChannel()
  channel.disconnect()
  await expect.poll(() => isGone(pid)).toBe(true)
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
