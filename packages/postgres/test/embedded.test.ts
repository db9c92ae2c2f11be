import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { linkLibraries } from '../src/binaries.ts'
import { type EmbeddedPostgres, startEmbedded } from '../src/index.ts'
import { isAlive } from '../src/postmaster.ts'
import { describeProcess, ended, hold, query, release, releaseAll } from './holder.ts'
import { install, nobody } from './installation.ts'

const isRoot = process.getuid?.() === 0
let folder: string
let dataDir: string
const servers: EmbeddedPostgres[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rh-pg-'))
  dataDir = join(folder, 'data')
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await releaseAll()
  for (const server of servers.splice(0)) await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function started(options: Partial<Parameters<typeof startEmbedded>[0]> = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbedded({ dataDir, durable: false, ...options })
  servers.push(server)
  return server
}

test('the first start makes a database whose role is no superuser, and a second start finds its rows', async () => {
  const first = await started()
  expect(
    await query(
      first.url,
      'select current_user as role, current_database() as name, rolsuper, rolcreaterole, rolcreatedb from pg_roles where rolname = current_user',
    ),
  ).toEqual([{ role: 'rowhouse', name: 'rowhouse', rolsuper: false, rolcreaterole: false, rolcreatedb: false }])
  await query(first.url, 'create table kept as select 42 as answer')
  await first.stop()
  expect(existsSync(join(dataDir, 'owner.json'))).toBe(false)
  expect(await first.exited).toMatchObject({ code: 0, asked: true })
  expect(isAlive(first.pid)).toBe(false)
  const second = await started()
  expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }])
})

test('text sorts by code point and is UTF-8, whatever the locale of the machine', async () => {
  const { url } = await started()
  expect(
    await query(
      url,
      `select string_agg(x, '' order by x) as sorted, lower('ÄÖ') as lower from unnest(array['b', 'B', 'ä', 'a']) as x`,
    ),
  ).toEqual([{ sorted: 'Babä', lower: 'äö' }])
})

test.runIf(isRoot)('root starts it under another uid, also below a folder closed to that uid', async () => {
  chmodSync(folder, 0o700)
  const server = await started()
  expect(describeProcess(server.pid).uid).not.toBe(0)
  expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test.runIf(isRoot)(
  'an ordinary user starts it; root goes on with the same folder and then the user again',
  async () => {
    chmodSync(folder, 0o755)
    const asNobody = { ...install(folder), ...nobody }
    mkdirSync(dataDir)
    chownSync(dataDir, nobody.uid, nobody.gid)
    const { holder, said } = await hold(dataDir, asNobody)
    expect(said).toMatchObject({ uid: 65534, url: expect.any(String) })
    await query(said.url, 'create table kept as select 1 as one')
    await release(holder)
    const asRoot = await started()
    expect(await query(asRoot.url, 'select one from kept')).toEqual([{ one: 1 }])
    await asRoot.stop()
    expect((await hold(dataDir, asNobody)).said.error).toBeUndefined()
  },
)

test.runIf(isRoot)('a folder of another user is refused with what to do', async () => {
  await (await started()).stop()
  chmodSync(folder, 0o755)
  chownSync(dataDir, 65534, 65534)
  const { said } = await hold(dataDir, { ...install(folder), ...nobody })
  expect(said.error).toMatch(/belongs to uid \d+, and you are uid 65534\. Start as that user/)
})

test.runIf(isRoot)('a user without a name, as in a container, starts it or is told what to do', async () => {
  const nameless = { uid: 4_000_001, gid: 4_000_001 }
  chmodSync(folder, 0o755)
  mkdirSync(dataDir)
  chownSync(dataDir, nameless.uid, nameless.gid)
  const { said } = await hold(dataDir, { ...install(folder), ...nameless })
  if (said.error === undefined) expect(await query(said.url, 'select 1 as one')).toEqual([{ one: 1 }])
  else expect(said.error).toMatch(/uid 4000001 has none in \/etc\/passwd\. Start as another user.*--database-url/)
})

test('after our process was killed the next start goes on with every committed row', async () => {
  const { holder, said } = await hold(dataDir)
  await query(said.url, 'create table kept as select 7 as n')
  await ended(holder, () => holder.kill('SIGKILL'))
  const next = await started()
  expect(await query(next.url, 'select n from kept')).toEqual([{ n: 7 }])
  expect(isAlive(said.pid)).toBe(false)
})

test('a server left running by a killed process is stopped before another starts: never two on one folder', async () => {
  for (const open of [folder, dataDir]) {
    mkdirSync(open, { recursive: true })
    chmodSync(open, 0o755)
  }
  const { holder, said } = await hold(dataDir, { env: { ...process.env, PATH: '/nowhere' } })
  await query(said.url, 'create table kept as select 8 as n')
  await ended(holder, () => holder.kill('SIGKILL'))
  expect(isAlive(said.pid)).toBe(true)
  const lines: string[] = []
  const next = await started({ log: (line) => lines.push(line) })
  expect(lines.join('\n')).toContain(`(process ${said.pid}) was left running`)
  expect(isAlive(said.pid)).toBe(false)
  expect(await query(next.url, 'select n from kept')).toEqual([{ n: 8 }])
})

test('a killed PostgreSQL that its parent never collects, as in many containers, does not keep the next start away', async () => {
  const { holder, said } = await hold(dataDir)
  await query(said.url, 'create table kept as select 10 as n')
  holder.kill('SIGSTOP')
  process.kill(said.pid, 'SIGKILL')
  rmSync(join(dataDir, 'owner.json'))
  try {
    const next = await started()
    expect(await query(next.url, 'select n from kept')).toEqual([{ n: 10 }])
  } finally {
    await ended(holder, () => holder.kill('SIGKILL'))
  }
})

test('notes of a killed PostgreSQL whose number another program has got by now do not keep the next start away', async () => {
  const first = await started({ durable: true })
  process.kill(first.pid, 'SIGKILL')
  await first.exited
  const notes = [join(dataDir, 'cluster', 'postmaster.pid'), join(dataDir, 'socket', '.s.PGSQL.5432.lock')]
  // below a temporary folder of a long name there is no socket
  for (const note of notes.filter((path) => existsSync(path))) {
    const [, ...rest] = readFileSync(note, 'utf8').split('\n')
    writeFileSync(note, [process.pid, ...rest].join('\n'))
  }
  const lines: string[] = []
  await started({ log: (line) => lines.push(line) })
  expect(lines.join('\n')).toContain(`postmaster.pid names process ${process.pid}, which is not PostgreSQL: removed`)
})

test('a killed PostgreSQL is told, and started again it has every committed row', async () => {
  const first = await started({ durable: true })
  await query(first.url, 'create table kept as select 9 as n')
  process.kill(first.pid, 'SIGKILL')
  expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL', asked: false })
  const second = await started({ durable: true })
  expect(await query(second.url, 'select n from kept')).toEqual([{ n: 9 }])
})

test('a second program on the same folder is refused with the pid of the first', async () => {
  await started()
  await expect(startEmbedded({ dataDir })).rejects.toThrow(
    new RegExp(`in use by another Rowhouse \\(process ${process.pid}\\).*--data`),
  )
})

test('the database of another PostgreSQL major is refused with the way to migrate, and stays as it is', async () => {
  await (await started()).stop()
  const version = join(dataDir, 'cluster', 'PG_VERSION')
  const before = readdirSync(join(dataDir, 'cluster'))
  writeFileSync(version, '14\n')
  await expect(startEmbedded({ dataDir })).rejects.toThrow(
    /made by PostgreSQL 14; this Rowhouse brings PostgreSQL 18.*Nothing was changed.*pg_dump.*--database-url/s,
  )
  expect(readdirSync(join(dataDir, 'cluster'))).toEqual(before)
})

test('a path too long for a socket is served over loopback with a password', async () => {
  dataDir = join(folder, 'd'.repeat(90))
  const { url } = await started()
  expect(new URL(url).hostname).toBe('127.0.0.1')
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
  const wrong = new URL(url)
  wrong.password = 'wrong'
  await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/)
})

test('its address is whole: what a user has set for another server leads nobody astray', async () => {
  vi.stubEnv('PGPORT', '1')
  vi.stubEnv('PGSSLMODE', 'require')
  for (const dir of [dataDir, join(folder, 'd'.repeat(90))]) {
    const { url } = await started({ dataDir: dir })
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
  }
})

test('what an interrupted first start left behind is made again', async () => {
  mkdirSync(join(dataDir, 'cluster.new'), { recursive: true })
  writeFileSync(join(dataDir, 'cluster.new', 'PG_VERSION'), '18\n')
  const { url } = await started()
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect(existsSync(join(dataDir, 'cluster.new'))).toBe(false)
})

test('a note about a server whose pid is another program by now does not stop the start', async () => {
  await (await started()).stop()
  writeFileSync(
    join(dataDir, 'cluster', 'postmaster.pid'),
    `${process.pid}\n${join(dataDir, 'cluster')}\n1\n5432\n\n\n\nready\n`,
  )
  const { url } = await started()
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('lost credentials are told with the file they were in', async () => {
  await (await started()).stop()
  rmSync(join(dataDir, 'credentials.json'))
  await expect(startEmbedded({ dataDir })).rejects.toThrow(/credentials\.json cannot be read .*backup/)
})

test('passwords are in a file only its owner reads', async () => {
  await started()
  const { mode } = await import('node:fs/promises').then((fs) => fs.stat(join(dataDir, 'credentials.json')))
  expect(mode & 0o777).toBe(0o600)
})

test('library links that the package could not make are made, beside the libraries or else in the data folder', async () => {
  mkdirSync(join(folder, 'native', 'lib'), { recursive: true })
  writeFileSync(join(folder, 'native', 'lib', 'libx.so.60.2'), 'x')
  const links = [{ source: 'native/lib/libx.so.60.2', target: 'native/lib/libx.so.60' }]
  writeFileSync(join(folder, 'native', 'pg-symlinks.json'), JSON.stringify(links))
  expect(await linkLibraries(folder, join(folder, 'spare'))).toEqual({})
  expect(readlinkSync(join(folder, 'native', 'lib', 'libx.so.60'))).toBe('libx.so.60.2')

  const closed = [{ source: 'native/lib/libx.so.60.2', target: 'closed/libx.so.61' }]
  writeFileSync(join(folder, 'native', 'pg-symlinks.json'), JSON.stringify(closed))
  const env = await linkLibraries(folder, join(folder, 'spare'))
  expect(Object.values(env)).toEqual([join(folder, 'spare')])
  expect(readFileSync(join(folder, 'spare', 'libx.so.61'), 'utf8')).toBe('x')
})
