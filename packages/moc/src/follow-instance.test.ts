import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { makeClient } from '@rowhouse/contract'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { exitCode } from './exit.ts'
import { followInstance } from './follow-instance.ts'

/** A process that has ended; its first job of 25 ended in error. Lists are newest first, 20 to a page unless told. */
const ids = Array.from({ length: 25 }, (_, n) => `job-${25 - n}`)
const answers: [RegExp, (query: URLSearchParams, id: string) => unknown][] = [
  [/history\/process-instance\/(.+)/, () => ({ state: 'COMPLETED' })],
  [/\/incident/, () => []],
  [/\/jobHistories\//, (query) => pageOf(Number(query.get('page') ?? 0), Number(query.get('size') ?? 20))],
  [/\/jobs\/(.+)/, (_, id) => ({ id, jobStatus: id === 'job-1' ? 'ERROR' : 'COMPLETE', jobResult: 'UNKNOWN' })],
]

function pageOf(number: number, size: number) {
  const jobHistories = ids.slice(number * size, (number + 1) * size).map((jobId) => ({ jobId }))
  return { _embedded: { jobHistories }, page: { number, size, totalElements: 25, totalPages: Math.ceil(25 / size) } }
}

let server: Server
beforeAll(async () => {
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://gateway')
    for (const [path, answer] of answers) {
      const [found, id = ''] = path.exec(pathname) ?? []
      if (found === undefined) continue
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer(searchParams, id)))
      return
    }
    response.writeHead(404).end()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
})
afterAll(() => server.close())

it('a process is followed to the end of each of its jobs, however many they are', async () => {
  const said: string[] = []
  const client = makeClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
  const output = {
    format: 'table',
    quiet: false,
    isTerminal: false,
    print: () => {},
    say: (text: string) => void said.push(text),
  } as const
  await expect(followInstance({ output, client: () => client }, 'p-1')).rejects.toMatchObject({
    code: exitCode.jobFailed,
  })
  expect(said.filter((line) => /^Job job-\d+$/.test(line))).toEqual([...ids].reverse().map((id) => `Job ${id}`))
})
