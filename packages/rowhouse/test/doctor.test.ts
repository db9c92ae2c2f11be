import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { freshDatabase } from '@rowhouse/postgres/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { clean, makeFolder, run } from './program.ts'

let folder: string

beforeEach(() => {
  folder = makeFolder()
})

afterEach(() => clean(folder))

test('doctor finds what Rowhouse needs and exits with 0', async () => {
  const { code, stdout } = await run(folder, ['doctor', '--port', '0'])
  expect(stdout).toMatch(/^ok {5}Node \d+/m)
  expect(stdout).toMatch(/^ok {5}Python 3\.\d+/m)
  expect(stdout).toMatch(/^(ok {3}|note ) {2}(R \d|no R )/m)
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

test('doctor takes a web server that answers every path for another program', async () => {
  const other = createHttpServer((_request, response) => response.end('<!doctype html>'))
  const port = await new Promise<number>((settle) =>
    other.listen(0, '127.0.0.1', () => settle((other.address() as { port: number }).port)),
  )
  const { code, stdout } = await run(folder, ['doctor', '--port', String(port)])
  await new Promise((settle) => other.close(settle))
  expect(stdout).toMatch(new RegExp(`^fault {2}port ${port} on 127.0.0.1 is taken by another program`, 'm'))
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

test.each([
  ['that is there', '#!/bin/sh\nprintf 4.3.1', /^ok {5}R 4\.3\.1 \(Rscript\)/m],
  ['that does not run', '#!/bin/sh\nexit 1', /^note {3}no R \(Rscript\): nothing needs it/m],
])('doctor tells of an R %s, and can start either way', async (_, script, line) => {
  writeFileSync(join(folder, 'Rscript'), script, { mode: 0o755 })
  const path = `${folder}${delimiter}${process.env.PATH ?? ''}`
  const { code, stdout } = await run(folder, ['doctor', '--port', '0'], { env: { PATH: path } })
  expect(stdout).toMatch(line)
  expect(code).toBe(0)
})
