import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bin, clean, makeFolder, password } from './program.ts'

let folder: string
let children: ChildProcess[]

beforeEach(() => {
  folder = makeFolder()
  children = []
})

afterEach(async () => {
  for (const child of children.reverse()) {
    const ended = new Promise((settle) => child.once('exit', settle))
    if (child.exitCode === null && child.kill('SIGTERM')) await ended
  }
  await clean(folder)
})

/** Starts a program; `saw` waits for a line of its stdout or stderr. */
function start(...args: string[]) {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: folder,
    env: { ...process.env, ROWHOUSE_ADMIN_PASSWORD: password },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  const said: string[] = []
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', (line) => said.push(line))
  const saw = async (pattern: RegExp): Promise<string[]> => {
    await expect.poll(() => said.join('\n')).toMatch(pattern)
    return [...(pattern.exec(said.join('\n')) ?? [])]
  }
  return { child, saw }
}

test('server and runtime started apart find each other by the token file; the runtime carries stage and tags', async () => {
  const server = start('server', '--port', '0')
  const [, url = ''] = await server.saw(/^ready (\S+)$/m)
  const form = new URLSearchParams({ username: 'admin', password })
  const token = await (await fetch(`${url}/gocli/token`, { method: 'POST', body: form })).json()
  const engines = async () => {
    const headers = { authorization: `Bearer ${(token as { access_token: string }).access_token}` }
    const answer = await fetch(`${url}/model-manage/api/engines`, { headers })
    return ((await answer.json()) as { _embedded: { engines: object[] } })._embedded.engines
  }
  expect(await engines()).toEqual([])
  const tokenFile = join(folder, '.rowhouse', 'runtime-token')
  const where = ['--gateway', url, '--token-file', tokenFile, '--work-dir', join(folder, 'work')]
  const runtime = start('runtime', ...where, '--name', 'far', '--stage', 'PROD', '--tag', 'a', '--tag', 'b')
  await runtime.saw(/registered with/)
  expect(await engines()).toMatchObject([{ name: 'far', alive: true, stage: 'PROD', tags: ['PROD', 'a', 'b'] }])
  runtime.child.kill('SIGTERM')
  await expect.poll(engines).toMatchObject([{ name: 'far', alive: false }])
  // a token of nobody's making opens nothing
  const forged = join(folder, 'forged')
  writeFileSync(forged, 'forged')
  await start('runtime', '--gateway', url, '--token-file', forged, '--name', 'other').saw(/token/i)
  expect(await engines()).toHaveLength(1)
})
