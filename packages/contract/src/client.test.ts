import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, expect, it } from 'vitest'
import { makeClient } from './client.ts'

const servers: { close(): void }[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

type Answer = { status: number; body?: unknown }

/** A real HTTP server that answers by the function given and remembers what it was asked. */
async function serve(answer: (request: IncomingMessage, text: string) => Answer) {
  const asked: {
    method: string
    url: string
    authorization: string | undefined
    key: string | undefined
    text: string
  }[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk) => {
      text += chunk
    })
    request.on('end', () => {
      const { authorization } = request.headers
      asked.push({
        method: request.method ?? '',
        url: request.url ?? '',
        authorization,
        key: request.headers['idempotency-key'] as string | undefined,
        text,
      })
      const { status, body } = answer(request, text)
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(body === undefined ? undefined : JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push(server)
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

/** A client whose token is outdated until it renews it. */
async function serveAfterRenewal(answer: { status: number; body: unknown }) {
  const { url, asked } = await serve((request) =>
    request.headers.authorization === 'Bearer new' ? answer : { status: 401, body: { message: 'expired' } },
  )
  let token = 'old'
  const client = makeClient({
    baseUrl: url,
    token: () => token,
    renewToken: async () => {
      token = 'new'
    },
  })
  return { client, asked }
}

it('an outdated token is renewed once and the request repeated', async () => {
  const { client, asked } = await serveAfterRenewal({ status: 200, body: { id: 'j' } })
  expect(await client.jobs.get('j')).toEqual({ id: 'j' })
  expect(asked.map((one) => one.authorization)).toEqual(['Bearer old', 'Bearer new'])
})

it('an upload is made anew where its token was outdated', async () => {
  const { client, asked } = await serveAfterRenewal({ status: 201, body: { sha256: 's', size: 3 } })
  const content = () => ReadableStream.from([new TextEncoder().encode('a,b')])
  expect(await client.files.upload(content)).toEqual({ sha256: 's', size: 3 })
  expect(asked.map((one) => one.text)).toEqual(['a,b', 'a,b'])
})

/** What is left after it is still in use. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

it('an upload holds a part of its content in memory, not all of it', async () => {
  // given a server that counts and keeps nothing
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => response.writeHead(201, { 'content-type': 'application/json' }).end('{}'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push(server)
  const chunks = 256
  const sent: WeakRef<Uint8Array>[] = []
  let heldMost = 0
  const content = new ReadableStream({
    pull: (controller) => {
      if (sent.length % 32 === 31) {
        collectGarbage()
        heldMost = Math.max(heldMost, sent.filter((chunk) => chunk.deref() !== undefined).length)
      }
      if (sent.length === chunks) return controller.close()
      const chunk = new Uint8Array(1024 * 1024)
      sent.push(new WeakRef(chunk))
      controller.enqueue(chunk)
    },
  })
  // when
  await makeClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }).files.upload(content)
  // then
  expect(heldMost).toBeGreaterThan(0)
  expect(heldMost).toBeLessThan(chunks / 4)
})

it('a token that stays wrong is one Denied error, not a loop', async () => {
  const { url, asked } = await serve(() => ({ status: 401, body: { message: 'no' } }))
  const client = makeClient({ baseUrl: url, token: () => 'x', renewToken: async () => undefined })
  await expect(client.jobs.get('j')).rejects.toMatchObject({ kind: 'Denied', code: 'Unauthenticated', message: 'no' })
  expect(asked).toHaveLength(2)
})

it('an idempotency key travels as a header, and ids are escaped', async () => {
  const { url, asked } = await serve(() => ({ status: 201, body: {} }))
  const client = makeClient({ baseUrl: url })
  await client.jobs.create({}, { idempotencyKey: 'k 1' })
  await client.jobs.cancel('a/b')
  expect(asked[0]).toMatchObject({ method: 'POST', url: '/model-manage/api/jobs', key: 'k 1' })
  expect(asked[1]?.url).toBe('/model-manage/api/jobs/a%2Fb/cancel')
})

it('an answer without a body is undefined', async () => {
  const { url } = await serve(() => ({ status: 204 }))
  expect(await makeClient({ baseUrl: url }).engines.lease('e', { session: 1 })).toBeUndefined()
})

it('a server that is not there is Unavailable and says so', async () => {
  // the near end of a connection: nobody listens there, and no other program is given its port meanwhile
  const caller = connect(Number(new URL((await serve(() => ({ status: 200 }))).url).port), '127.0.0.1')
  await once(caller, 'connect')
  const url = `http://127.0.0.1:${caller.localPort}`
  await expect(makeClient({ baseUrl: url }).jobs.get('j')).rejects.toMatchObject({
    kind: 'Unavailable',
    message: `${url} does not answer (connection refused: is the server running?)`,
  })
  caller.destroy()
})

it.each([
  ['a page of a proxy', { 'content-type': 'text/html' }, '<html></html>', /answered text\/html where JSON is due/],
  ['JSON that breaks off', { 'content-type': 'application/json' }, '{"id":', /broke off in the middle of its answer/],
  [
    'fewer bytes than were promised',
    { 'content-type': 'application/json', 'content-length': '99' },
    '{"id":1}',
    /broke off/,
  ],
])(
  '%s with status 200 is no answer: Unavailable, so that the call is made again',
  async (_title, headers, text, message) => {
    const server = createServer((_request, response) => {
      response
        .writeHead(200, headers)
        .write(text, () => ('content-length' in headers ? response.destroy() : response.end()))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    servers.push(server)
    const client = makeClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
    await expect(client.jobs.get('j')).rejects.toMatchObject({
      kind: 'Unavailable',
      code: 'UnreadableAnswer',
      message: expect.stringMatching(message),
    })
  },
)

it('a server that is too slow is Unavailable; a call that the caller gave up is not', async () => {
  const server = createServer(() => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push(server)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { jobs } = makeClient({ baseUrl: url })
  await expect(jobs.get('j', { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
    kind: 'Unavailable',
    message: `${url} does not answer (not in time)`,
  })
  const caller = new AbortController()
  const call = jobs.get('j', { signal: caller.signal })
  caller.abort(new Error('never mind'))
  await expect(call).rejects.toThrow('never mind')
  server.closeAllConnections()
})

it.each([
  ['idempotency-key', 'nächtlich-…'],
  ['idempotency-key', 'a\nb'],
])('a header that cannot be sent is the mistake of who gave it: %s %j', async (field, idempotencyKey) => {
  const { url, asked } = await serve(() => ({ status: 201, body: {} }))
  const created = makeClient({ baseUrl: url }).jobs.create({}, { idempotencyKey })
  await expect(created).rejects.toMatchObject({ kind: 'InputError', data: { field } })
  expect(asked).toEqual([])
})

it('a token that cannot be sent is not shown', async () => {
  const { url } = await serve(() => ({ status: 200, body: {} }))
  const asked = makeClient({ baseUrl: url, token: () => 'secret…' }).jobs.get('j')
  await expect(asked).rejects.toThrow('authorization must be printable ASCII characters on one line')
})
