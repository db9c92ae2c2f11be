import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { freshDatabase } from '@rowhouse/postgres/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bin, clean, isGone, makeFolder, pidOf, run, startUp, type Up } from './program.ts'

let folder: string

beforeEach(() => {
  folder = makeFolder()
})

afterEach(() => clean(folder))

/** `ps` is missing on a slim Debian. */
function commandLines(): string {
  if (process.platform !== 'linux') return spawnSync('ps', ['-A', '-ww', '-o', 'args='], { encoding: 'utf8' }).stdout
  const lines = readdirSync('/proc').map((pid) => {
    try {
      return readFileSync(join('/proc', pid, 'cmdline'), 'utf8').replaceAll('\0', ' ')
    } catch {
      return ''
    }
  })
  return lines.join('\n')
}

async function makeModel(up: Up, name: string): Promise<void> {
  const answer = await up.call('/model-manage/api/storedModels', {
    method: 'POST',
    body: JSON.stringify({ modelMetaData: { name } }),
  })
  expect(answer.status).toBe(201)
}

async function models(up: Up): Promise<string[]> {
  const answer = await up.call('/model-manage/api/storedModels')
  const body = (await answer.json()) as { _embedded: { storedModels: { modelMetaData: { name: string } }[] } }
  return body._embedded.storedModels.map(({ modelMetaData }) => modelMetaData.name)
}

const again = (up: Up) => startUp(folder, ['--port', new URL(up.url).port])
const isReady = async (up: Up) => (await fetch(`${up.url}/health/ready`).catch(() => undefined))?.status === 200

test('the first start says its password and address, nothing else; a second start finds everything again', async () => {
  const first = await startUp(folder, ['--tag', 'cc-fraud'], {})
  expect(first.stdout).toEqual([
    expect.stringMatching(/^user admin, password \S+ \(shown this once\)$/),
    `ready ${first.url}`,
  ])
  expect(await isReady(first)).toBe(true)
  expect(await first.stop()).toBe(0)
  const second = await startUp(folder, ['--tag', 'cc-fraud'])
  expect(second.stdout).toEqual([`ready ${second.url}`])
  await makeModel(second, 'kept')
  await second.stop()
  const third = await startUp(folder, [], { ROWHOUSE_ADMIN_PASSWORD: '' })
  const told = /the password is the one of the first start; .* ROWHOUSE_ADMIN_PASSWORD=/
  await expect.poll(() => third.stderr.join('\n')).toMatch(told)
  await third.stop()
  const fourth = await startUp(folder, [], { ROWHOUSE_ADMIN_USER: 'audit', ROWHOUSE_ADMIN_PASSWORD: '' })
  await expect
    .poll(() => fourth.stderr.join('\n'))
    .toMatch(/to make user 'audit' or to set its password, start with ROWHOUSE_ADMIN_PASSWORD=… too/)
  await fourth.stop()
  expect(await models(await startUp(folder))).toEqual(['kept'])
})

test('a clean stop leaves no process behind, by SIGTERM and by SIGINT', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const up = await startUp(folder)
    const pids = (['server', 'runtime', 'postgres'] as const).map(up.pid)
    up.child.kill(signal)
    expect(await up.ended).toBe(0)
    expect(pids.map(isGone)).toEqual([true, true, true])
  }
})

test('one Ctrl-C that arrives twice, from the terminal and from npm, is one wish to stop in order', async () => {
  const up = await startUp(folder)
  // of two SIGINT at once the system may make one
  up.child.kill('SIGINT')
  up.child.kill('SIGTERM')
  expect(await up.ended).toBe(0)
  expect(up.stderr.join('\n')).toMatch(/handing back what runs/)
  expect(up.stderr.join('\n')).not.toMatch(/ending everything at once/)
})

test('started by npx, it stops when npx is told to end, which tells nobody', async () => {
  const script = `"${process.execPath}" "${bin}" up --port 0 & wait`
  const shell = spawn('sh', ['-c', script], {
    cwd: folder,
    env: { ...process.env, npm_command: 'exec' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await new Promise((settle) => shell.stdout.on('data', (text) => String(text).includes('ready ') && settle(true)))
  const pids = (['server', 'runtime', 'postgres'] as const).map((part) => pidOf(folder, part))
  shell.kill('SIGTERM')
  await expect.poll(() => pids.map(isGone)).toEqual([true, true, true])
})

test.each(['server', 'postgres', 'runtime'] as const)(
  'a killed %s is started again and nothing is lost',
  async (part) => {
    const up = await startUp(folder)
    await makeModel(up, 'kept')
    const before = up.pid(part)
    process.kill(before, 'SIGKILL')
    await expect
      .poll(() => up.stderr.join('\n'))
      .toMatch(new RegExp(`${part === 'postgres' ? 'PostgreSQL' : part} is back`))
    await expect.poll(() => isReady(up)).toBe(true)
    expect(up.pid(part)).not.toBe(before)
    expect(await models(up)).toEqual(['kept'])
  },
)

test('after the whole was killed, the next start on the same port takes over and goes on', async () => {
  const up = await startUp(folder)
  await makeModel(up, 'kept')
  const pids = (['server', 'runtime', 'postgres'] as const).map(up.pid)
  up.child.kill('SIGKILL')
  await new Promise((settle) => up.child.once('exit', settle))
  const next = await again(up)
  expect(await models(next)).toEqual(['kept'])
  expect(pids.map(isGone)).toEqual([true, true, true])
})

test('children whose supervisor was killed end by themselves', async () => {
  const up = await startUp(folder)
  const pids = (['server', 'runtime'] as const).map(up.pid)
  up.child.kill('SIGKILL')
  await expect.poll(() => pids.map(isGone)).toEqual([true, true])
})

test('the password of the database is in no list of processes, and what is secret is closed to others', async () => {
  const up = await startUp(folder)
  const list = commandLines()
  expect(list).toContain(`${up.url.split(':').at(-1)}`)
  expect(list).not.toMatch(new RegExp(`postgres://[^ ]*@.*${encodeURIComponent(folder)}`))
  for (const file of ['runtime-token', 'children.json', 'postgres/credentials.json'])
    expect(statSync(join(folder, '.rowhouse', file)).mode & 0o077).toBe(0)
})

test('a taken port is one sentence that names it and the option; nothing is started', async () => {
  const other = createServer((socket) => socket.destroy())
  const port = await new Promise<number>((settle) =>
    other.listen(0, '127.0.0.1', () => settle((other.address() as { port: number }).port)),
  )
  const ran = await run(folder, ['up', '--port', String(port)])
  await new Promise((settle) => other.close(settle))
  expect(ran).toEqual({
    code: 1,
    stdout: '',
    stderr: `rowhouse: Port ${port} on 127.0.0.1 is taken by another program. Stop it, or choose another port with --port\n`,
  })
  expect(existsSync(join(folder, '.rowhouse', 'postgres'))).toBe(false)
})

test('a second start on a data folder in use is refused with the process that uses it', async () => {
  const up = await startUp(folder)
  const ran = await run(folder, ['up', '--port', '0'])
  expect(ran.code).toBe(1)
  expect(ran.stderr).toMatch(new RegExp(`in use by another Rowhouse \\(process ${up.child.pid}\\)`))
  expect(await isReady(up)).toBe(true)
})

test.each([
  [
    'a place where no folder can be made',
    '/dev/null/x/y',
    /^rowhouse: The data folder \/dev\/null\/x\/y cannot be used \(.+\)\. .*--data.*\n$/,
  ],
  ['a file', import.meta.filename, /^rowhouse: The data folder \S+ cannot be used \(it is a file\)\. .*--data.*\n$/],
])('%s is refused as a data folder in one sentence', async (_, data, sentence) => {
  const ran = await run(folder, ['up', '--port', '0', '--data', data])
  expect(ran).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(sentence) })
})

test.runIf(process.platform === 'linux')(
  'a data folder below /proc is refused, too, and not tried for ever',
  async () => {
    expect((await run(folder, ['up', '--port', '0', '--data', '/proc/rowhouse'])).stderr).toMatch(/cannot be used/)
  },
)

test('an address other than loopback is refused without TLS', async () => {
  const ran = await run(folder, ['up', '--port', '0', '--host', '0.0.0.0'])
  expect(ran.code).toBe(1)
  expect(ran.stdout).toBe('')
  expect(ran.stderr).toMatch(/--host 0\.0\.0\.0 would send passwords and tokens over the network in the clear/)
  expect(ran.stderr.match(/in the clear/g)).toHaveLength(1)
})

test('unsecured says so loudly, needs no token, and its runtime works', async () => {
  const up = await startUp(folder, ['--unsecured'])
  await expect.poll(() => up.stderr.join('\n')).toMatch(/UNSECURED: whoever reaches/)
  expect(up.stdout).toEqual([`ready ${up.url}`])
  expect((await fetch(`${up.url}/model-manage/api/storedModels`)).status).toBe(200)
})

test('options and variables that are empty are not given: loopback, the folder .rowhouse, the database that comes along, level warn', async () => {
  const up = await startUp(folder, ['--host', '', '--data', ''], { ROWHOUSE_DATABASE_URL: '', ROWHOUSE_LOG_LEVEL: '' })
  expect(up.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect(readdirSync(folder)).toEqual(['.rowhouse'])
  await up.stop()
  expect(up.stderr.join('\n')).not.toContain('Server listening')
})

test('a database of your own is used instead, and no other is made', async () => {
  const fresh = await freshDatabase()
  const up = await startUp(folder, ['--no-runtime', '--database-url', fresh.url])
  await makeModel(up, 'elsewhere')
  expect(existsSync(join(folder, '.rowhouse', 'postgres'))).toBe(false)
  await up.stop()
  await fresh.drop()
})

test('a database that is not there is told with its option', async () => {
  const ran = await run(folder, ['up', '--port', '0', '--database-url', 'postgres://a:b@127.0.0.1:1/x'])
  expect(ran.code).toBe(1)
  expect(ran.stderr).toMatch(/The database cannot be opened: .*ECONNREFUSED.*--database-url/)
})

test('a data folder of another PostgreSQL major is refused with the way to migrate', async () => {
  const up = await startUp(folder, ['--no-runtime'])
  await up.stop()
  writeFileSync(join(folder, '.rowhouse', 'postgres', 'cluster', 'PG_VERSION'), '14\n')
  const ran = await run(folder, ['up', '--port', '0'])
  expect(ran).toMatchObject({ code: 1, stdout: '' })
  expect(ran.stderr).toMatch(/made by PostgreSQL 14; this Rowhouse brings PostgreSQL 18.*pg_dump/)
})
