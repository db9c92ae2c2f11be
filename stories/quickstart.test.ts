import { type ChildProcess, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { processesOf } from './killer.ts'
import { eventually, freePort, root } from './rowhouse.ts'

const name = `quickstart-files/of-test-${process.pid}`
const folder = join(root, name)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function start(
  ...options: string[]
): Promise<{ child: ChildProcess; said: () => string; ended: Promise<number | null> }> {
  const port = String(await freePort())
  const args = ['--port', port, '--rows', '200', '--folder', name, ...options]
  const child = spawn(process.execPath, [join(root, 'scripts', 'quickstart', 'main.ts'), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  const ended = new Promise<number | null>((settle) => child.once('close', settle))
  return { child, said: () => said, ended }
}

const nothingRuns = () =>
  eventually('the end of all processes', async () => (running().length === 0 ? true : undefined))
/** Rowhouse's and the quickstart's own: the folder stands in the command line of each. */
const running = () => processesOf(name)

test('the quickstart tells its story to the end, twice, and stops what it started', async () => {
  for (const time of ['first', 'second']) {
    const { said, ended } = await start('--once')
    expect(await ended, said()).toBe(0)
    expect(said(), time).toMatch(/"jobStatus": "COMPLETE", "jobResult": "SUCCESS"/)
    expect(said()).toMatch(/Rows in 200, scored 200, rejected 0/)
    expect(said()).toMatch(/To mend: moc deployment create/)
    expect(said().includes('registered by an earlier run')).toBe(time === 'second')
    await nothingRuns()
  }
})

test('the quickstart leaves nothing running when it is interrupted, killed, or its reader goes', async () => {
  const farewells: [how: string, act: (child: ChildProcess) => unknown, code: number | null][] = [
    ['SIGINT, as a terminal and npm send it', (child) => [child.kill('SIGINT'), child.kill('SIGINT')], 130],
    ['SIGKILL', (child) => child.kill('SIGKILL'), null],
    ['the reader goes', (child) => child.stdout?.destroy(), 130],
  ]
  for (const [how, act, code] of farewells) {
    const { child, said, ended } = await start()
    await eventually('Rowhouse to be ready', async () => (/^ready /m.test(said()) ? true : undefined))
    act(child)
    expect(await ended, how).toBe(code)
    await nothingRuns()
  }
})
