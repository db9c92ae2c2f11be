import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it, test } from 'vitest'
import { callHttp, isLinkLocal } from './inputs-http.ts'

const open: { close(): unknown }[] = []
afterEach(() => {
  for (const server of open.splice(0)) server.close()
})

async function serve(listener: RequestListener): Promise<URL> {
  return begin(createServer(listener))
}
async function begin(server: Server | ReturnType<typeof createTcpServer>): Promise<URL> {
  open.push(server)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
}
const get = (url: URL, more: Partial<Parameters<typeof callHttp>[0]> = {}) =>
  callHttp({ method: 'GET', url, headers: {}, signal: AbortSignal.timeout(20_000), allowLinkLocal: false, ...more })

test.each([
  ['169.254.169.254', true],
  ['169.254.0.1', true],
  ['::ffff:169.254.169.254', true],
  ['fe80::1', true],
  ['64:ff9b::a9fe:a9fe', true],
  ['fd00:ec2::254', true],
  ['169.253.1.1', false],
  ['127.0.0.1', false],
  ['::1', false],
  ['10.0.0.1', false],
])('%s is link-local: %s', (address, expected) => {
  expect(isLinkLocal(address)).toBe(expected)
})

describe('a link-local address', () => {
  const refusal = { code: 'LinkLocalAddress', message: expect.stringContaining('--allow-link-local') }

  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://2852039166/',
    'http://[::ffff:a9fe:a9fe]/',
    'https://[fe80::1]/',
  ])('%s is not opened', async (url) => {
    await expect(get(new URL(url))).rejects.toMatchObject(refusal)
  })

  it('is not opened by way of a redirect', async () => {
    const url = await serve((_request, response) =>
      response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
    )
    await expect(get(url)).rejects.toMatchObject(refusal)
  })
})

describe('redirects', () => {
  const hops = (count: number) =>
    serve((request, response) => {
      const n = Number(request.url?.slice(1) || 0)
      if (n < count) response.writeHead(307, { location: `/${n + 1}` }).end()
      else response.end('there')
    })

  it('are followed five times', async () => {
    expect(await text((await get(await hops(5))).body)).toBe('there')
  })

  it('are not followed six times', async () => {
    await expect(get(await hops(6))).rejects.toThrow('redirects more than 5 times')
  })

  it('to another host or port are followed without the credentials', async () => {
    const seen: (string | undefined)[] = []
    const other = await serve((request, response) => {
      seen.push(request.headers.authorization)
      response.end('there')
    })
    const first = await serve((request, response) => {
      seen.push(request.headers.authorization)
      if (request.url === '/') response.writeHead(302, { location: '/same' }).end()
      else response.writeHead(302, { location: other.href }).end()
    })
    expect(await text((await get(first, { headers: { authorization: 'Basic x' } })).body)).toBe('there')
    expect(seen).toEqual(['Basic x', 'Basic x', undefined])
  })

  it('to what is no http URL are refused', async () => {
    const url = await serve((_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end())
    await expect(get(url)).rejects.toThrow('not an http URL')
  })
})

describe('a server that', () => {
  it('takes the connection and says nothing is given up', async () => {
    const url = await serve(() => {})
    await expect(get(url, { idleMs: 50 })).rejects.toThrow('it said nothing for 0.05 s')
  })

  it('stops in the middle of its answer is given up', async () => {
    const url = await serve((_request, response) => void response.writeHead(200).write('half'))
    // the first half is to come in time
    const { body } = await get(url, { idleMs: 2_000 })
    await expect(text(body)).rejects.toThrow()
  })

  it('never comes to a secure connection is given up', async () => {
    const url = await begin(createTcpServer(() => {}))
    const secure = new URL(url.href.replace('http:', 'https:'))
    await expect(get(secure, { connectMs: 50 })).rejects.toThrow('no connection within 0.05 s')
  })

  it('compresses is read as it was before', async () => {
    const url = await serve((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'text/csv' }).end(gzipSync('a,b\n1,2\n')),
    )
    const { status, mediaType, body } = await get(url)
    expect([status, mediaType, await text(body)]).toEqual([200, 'text/csv', 'a,b\n1,2\n'])
  })
})

describe('what is sent', () => {
  const endless = () => {
    const content = new Readable({ read: () => {} })
    content.push('the first rows')
    return content
  }

  const put = (url: URL, content: Readable) => get(url, { method: 'PUT', body: () => content })

  const closed = async (content: Readable) => {
    while (!content.closed) await sleep(5)
  }

  it('is let go when there is no connection', async () => {
    const server = createServer()
    const url = await begin(server)
    await new Promise((done) => server.close(done))
    const content = endless()
    await expect(put(url, content)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await closed(content)
  })

  it('and cannot be read is told as it is, not as a fault of the server', async () => {
    const url = await serve((request) => void request.resume())
    const content = endless()
    const answer = put(url, content)
    content.destroy(new Error('EIO: i/o error, read'))
    await expect(answer).rejects.toThrow('EIO: i/o error, read')
  })

  it('is let go when the server refuses it before it has all', async () => {
    const url = await serve((_request, response) => response.writeHead(403).end())
    const content = endless()
    const answer = await put(url, content)
    answer.body.destroy()
    expect(answer.status).toBe(403)
    await closed(content)
  })
})
