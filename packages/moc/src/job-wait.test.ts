import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeClient } from '@rowhouse/contract'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { awaitOutput, fetchOutput } from './job-wait.ts'
import { makeOutput } from './output.ts'

let folder: string
let server: Server
let isWhole = true
let isAway = false
const gateway = () => makeClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moc-output-'))
  server = createServer((_request, response) => {
    if (isAway) return void response.writeHead(503).end()
    response.writeHead(200, { 'content-length': 8 })
    response.write('a,b\n', () => (isWhole ? response.end('1,2\n') : response.destroy()))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
})
afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

it('an output that breaks off leaves no half of it, and the former file as it was', async () => {
  const client = gateway()
  const path = join(folder, 'scores.csv')
  await fetchOutput(client, 'j', path)
  expect(readFileSync(path, 'utf8')).toBe('a,b\n1,2\n')
  isWhole = false
  await expect(fetchOutput(client, 'j', path)).rejects.toMatchObject({
    kind: 'Unmet',
    message: expect.stringContaining(`broke off half-way. Fetch it again: moc job output j ${path}`),
  })
  expect(readFileSync(path, 'utf8')).toBe('a,b\n1,2\n')
  expect(readdirSync(folder)).toEqual(['scores.csv'])
})

it('an output goes where a link points, with the rights of the former file', async () => {
  isWhole = true
  const [target, link] = [join(folder, 'target.csv'), join(folder, 'latest.csv')]
  writeFileSync(target, 'old')
  chmodSync(target, 0o600)
  symlinkSync(target, link)
  await fetchOutput(gateway(), 'j', link)
  expect(lstatSync(link).isSymbolicLink()).toBe(true)
  expect(readFileSync(target, 'utf8')).toBe('a,b\n1,2\n')
  expect(lstatSync(target).mode & 0o777).toBe(0o600)
})

it('a pipe takes an output and stays a pipe', async () => {
  isWhole = true
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const [read] = await Promise.all([readFile(pipe, 'utf8'), fetchOutput(gateway(), 'j', pipe)])
  expect(read).toBe('a,b\n1,2\n')
  expect(lstatSync(pipe).isFIFO()).toBe(true)
})

it('an output whose server is away just after the wait is fetched when it is back', async () => {
  isWhole = isAway = true
  const said: string[] = []
  const say = (text: string) => {
    said.push(text)
    isAway = false
  }
  const path = join(folder, 'later.csv')
  await awaitOutput({ output: { ...makeOutput({}), say }, client: gateway }, 'j', path)
  expect(readFileSync(path, 'utf8')).toBe('a,b\n1,2\n')
  expect(said).toEqual([expect.stringContaining('looking again for 5 minutes'), 'The server answers again'])
})
