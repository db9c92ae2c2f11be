import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeClient } from '@rowhouse/contract'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fetchOutput } from './job-wait.ts'

let folder: string
let server: Server
let isWhole = true

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moc-output-'))
  server = createServer((_request, response) => {
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
  const client = makeClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
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
