import { makeClient } from '@rowhouse/contract'
import { afterEach, expect, test } from 'vitest'
import { checkIfMatch, fetchThrough, halList, onDrain, parsePage, sendVersioned, stopApp } from '../src/index.ts'
import { as, closeApps, started } from './example-app.ts'

afterEach(closeApps)

test('lists have pages with their neighbours, and keep the filters in the links', async () => {
  const app = await started({}, (a) => {
    a.get('/jobs', async (request) => {
      const page = parsePage(request.query)
      return halList({ rel: 'jobs', items: [page.sort], page, total: 45, path: '/jobs', query: request.query })
    })
  })
  const answer = await app.inject({
    url: '/jobs?page=1&size=20&sort=createdDate,desc&state=RUNNING',
    headers: as('ann'),
  })
  const link = (page: number) => ({ href: `/jobs?sort=createdDate%2Cdesc&state=RUNNING&page=${page}&size=20` })
  expect(answer.json()).toEqual({
    _embedded: { jobs: [[{ field: 'createdDate', direction: 'desc' }]] },
    _links: { self: link(1), first: link(0), prev: link(0), next: link(2), last: link(2) },
    page: { size: 20, totalElements: 45, totalPages: 3, number: 1 },
  })
  for (const query of ['page=-1', 'size=x', 'size=0', 'sort=a;drop', 'sort=desc', 'sort=,asc']) {
    const refused = await app.inject({ url: `/jobs?${query}`, headers: as('ann') })
    expect(refused.statusCode).toBe(400)
    expect(refused.json().message).toMatch(new RegExp(`'${query.split('=')[0]}'`))
  }
})

test('a list is sorted by several fields, the direction at the end holding for all before it', () => {
  const sortOf = (...sort: string[]) => parsePage({ sort }).sort.map(({ field, direction }) => `${field} ${direction}`)
  expect(sortOf('name,createdDate,desc', 'id')).toEqual(['name desc', 'createdDate desc', 'id asc'])
  expect(sortOf('name,ASC')).toEqual(['name asc'])
})

test('a document has its version as ETag; a stale If-Match is 412, a known If-None-Match 304', async () => {
  const app = await started({}, (a) => {
    a.get('/doc', async (request, reply) => sendVersioned(request, reply, { version: 3 }))
    a.patch('/doc', async (request, reply) => {
      checkIfMatch(request, 'job', 3)
      return sendVersioned(request, reply, { version: 4 })
    })
  })
  const call = (method: 'GET' | 'PATCH', headers: Record<string, string> = {}) =>
    app.inject({ method, url: '/doc', headers: { ...as('ann'), ...headers } })
  expect((await call('GET')).headers.etag).toBe('"3"')
  expect((await call('GET', { 'if-none-match': 'W/"3"' })).statusCode).toBe(304)
  expect((await call('GET', { 'if-none-match': '"2"' })).statusCode).toBe(200)
  expect((await call('PATCH', { 'if-match': '"3"' })).headers.etag).toBe('"4"')
  expect((await call('PATCH')).statusCode).toBe(200)
  expect((await call('PATCH', { 'if-match': 'abc' })).statusCode).toBe(400)
  expect((await call('PATCH', { 'if-match': '"abc"' })).statusCode).toBe(412)
  const stale = await call('PATCH', { 'if-match': '"2"' })
  expect(stale.statusCode).toBe(412)
  expect(stale.json()).toMatchObject({ code: 'StaleRevision', version: 3 })
})

test('stopping tells long polls, waits for running requests and turns new ones away', async () => {
  const order: string[] = []
  const polling = Promise.withResolvers<void>()
  const working = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  const app = await started({}, (a) => {
    onDrain(a as never, () => void order.push('loops ended'))
    a.get('/poll', { config: { access: 'public' } }, async (request) => {
      polling.resolve()
      await new Promise<void>((settle) => request.server.draining.addEventListener('abort', () => settle()))
      order.push('poll told')
      return { work: null }
    })
    a.get('/slow', { config: { access: 'public' } }, async () => {
      working.resolve()
      await released.promise
      order.push('slow answered')
      return { ok: true }
    })
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const poll = fetch(`${url}/poll`)
  const slow = fetch(`${url}/slow`)
  await Promise.all([polling.promise, working.promise])
  const stopped = stopApp(app as never).then(() => order.push('stopped'))
  expect((await poll).status).toBe(200)
  const late = await fetch(`${url}/who`, { headers: as('ann') })
  expect(late.status).toBe(503)
  expect(((await late.json()) as { message: string }).message).toMatch(/stopping/)
  released.resolve()
  expect((await slow).status).toBe(200)
  await stopped
  expect(order).toEqual(['loops ended', 'poll told', 'slow answered', 'stopped'])
})

test('the client calls an app in the same process as it would over the network', async () => {
  const app = await started()
  const client = makeClient({
    baseUrl: 'http://in-process',
    fetch: fetchThrough(() => app as never),
    token: () => 'ann',
  })
  expect(await client.call('GET', '/who')).toEqual({ who: 'user:ann' })
  expect(await client.call('POST', '/any', { a: 1 })).toEqual({ body: { a: 1 } })
  await expect(client.call('GET', '/fails/unmet')).rejects.toMatchObject({
    kind: 'Unmet',
    code: 'NoMatchingRuntime',
    data: { seen: [] },
  })
})

test('routes of plugins are in the OpenAPI document, with their schemas', async () => {
  const app = await started()
  const document = app.swagger() as { openapi: string; paths: Record<string, { post: { requestBody: unknown } }> }
  expect(document.openapi).toBe('3.1.0')
  expect(JSON.stringify(document.paths['/things']?.post.requestBody)).toMatch(/"count":\{"type":"number"\}/)
})
