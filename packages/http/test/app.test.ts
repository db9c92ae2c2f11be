import { Bug, Unmet } from '@rowhouse/contract'
import { afterEach, expect, test } from 'vitest'
import { toRequestError } from '../src/request-errors.ts'
import { as, closeApps, started } from './example-app.ts'

afterEach(closeApps)

test('a call without a token is 401 in the problem dialect, and says how to get one', async () => {
  const app = await started()
  const answer = await app.inject('/who?x=1')
  expect(answer.statusCode).toBe(401)
  expect(answer.headers['www-authenticate']).toMatch(/^Bearer/)
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
  expect(answer.json()).toMatchObject({
    type: 'urn:rowhouse:problem:Unauthenticated',
    title: 'Unauthorized',
    status: 401,
    error: 'Unauthorized',
    path: '/who',
    timestamp: '2026-01-02T03:04:05.678Z',
    message: expect.stringMatching(/POST \/gocli\/token/),
    requestId: answer.headers['x-request-id'],
  })
})

test('a call without a token is 401 in the Camunda dialect below the engine, known path or not', async () => {
  const app = await started()
  for (const url of ['/mlc-service/rest/x', '/mlc-service/rest/nowhere']) {
    const answer = await app.inject(url)
    expect(answer.statusCode).toBe(401)
    expect(answer.json()).toEqual({
      type: 'InvalidRequestException',
      message: expect.stringMatching(/^No token/),
      code: null,
    })
  }
})

test('a wrong token is 401', async () => {
  const app = await started()
  const answer = await app.inject({ url: '/who', headers: as('forged') })
  expect(answer.statusCode).toBe(401)
  expect(answer.json().message).toBe('The token is not valid')
})

test('a token is believed, whatever the case of the word Bearer', async () => {
  const app = await started()
  const answer = await app.inject({ url: '/who', headers: { authorization: 'bearer ann' } })
  expect(answer.json()).toEqual({ who: 'user:ann' })
})

test.each([
  ['ann', '/admins', 403],
  ['root', '/admins', 200],
  ['ann', '/runtimes', 403],
  ['agent', '/runtimes', 200],
  ['agent', '/who', 403],
  ['agent', '/nowhere', 404],
  ['ann', '/nowhere', 404],
])('%s asking %s gets %i', async (who, url, status) => {
  const app = await started()
  const answer = await app.inject({ url, headers: as(who) })
  expect(answer.statusCode).toBe(status)
})

test('what is public needs no token', async () => {
  const app = await started()
  expect((await app.inject('/open')).json()).toEqual({ ok: true })
})

test('an unsecured app takes everyone for an admin, and still knows who shows a valid token', async () => {
  const app = await started({ unsecured: true })
  expect((await app.inject('/who')).json()).toEqual({ who: 'anonymous:anonymous' })
  expect((await app.inject('/runtimes')).statusCode).toBe(200)
  expect((await app.inject({ url: '/who', headers: as('ann') })).json()).toEqual({ who: 'user:ann' })
  expect((await app.inject({ url: '/who', headers: as('stale') })).json()).toEqual({ who: 'anonymous:anonymous' })
})

test('an unknown path is 404 in the dialect of its place', async () => {
  const app = await started()
  expect((await app.inject({ url: '/nowhere', headers: as('ann') })).json()).toMatchObject({
    status: 404,
    code: 'NotFound',
    message: 'Nothing answers GET /nowhere; /openapi.json lists what does',
  })
  expect((await app.inject({ url: '/mlc-service/rest/nowhere', headers: as('ann') })).json()).toEqual({
    type: 'InvalidRequestException',
    message: 'Nothing answers GET /mlc-service/rest/nowhere; /openapi.json lists what does',
    code: null,
  })
})

test('a method that a path does not take is 405 in each dialect, and Allow names those it takes', async () => {
  const app = await started({}, (a) => {
    a.get('/jobs/:id', async () => ({}))
    a.patch('/jobs/:id', async () => ({}))
    a.post('/jobs/:id/cancel', async () => ({}))
    a.get('/list.json', async () => ({}))
  })
  const call = (method: 'DELETE' | 'GET' | 'PUT', url: string) => app.inject({ method, url, headers: as('ann') })
  const refused = await call('DELETE', '/jobs/1/')
  expect([refused.statusCode, refused.headers.allow]).toEqual([405, 'GET, HEAD, PATCH'])
  expect(refused.json()).toMatchObject({
    code: 'MethodNotAllowed',
    error: 'Method Not Allowed',
    message: '/jobs/1/ does not take DELETE, but GET, HEAD, PATCH',
  })
  expect((await call('GET', '/jobs/1/cancel')).headers.allow).toBe('POST')
  expect((await call('PUT', '/list.json')).headers.allow).toBe('GET, HEAD')
  for (const path of ['/jobs/1/cancel/2', '/listxjson']) expect((await call('PUT', path)).statusCode).toBe(404)
  const asked = await app.inject({ method: 'OPTIONS', url: '/jobs/1', headers: as('ann') })
  expect([asked.statusCode, asked.headers.allow, asked.body]).toEqual([200, 'GET, HEAD, OPTIONS, PATCH', ''])
  expect((await app.inject({ method: 'OPTIONS', url: '/nowhere', headers: as('ann') })).statusCode).toBe(404)
  const camunda = await call('GET', '/mlc-service/rest/y')
  expect([camunda.statusCode, camunda.headers.allow]).toEqual([405, 'POST'])
  expect(camunda.json()).toMatchObject({ type: 'InvalidRequestException', code: null })
})

test('a path with a part longer than any id is 414', async () => {
  const app = await started({}, (a) => a.get('/jobs/:id', async () => ({})))
  const answer = await app.inject({ url: `/jobs/${'x'.repeat(600)}`, headers: as('ann') })
  expect(answer.statusCode).toBe(414)
  expect(answer.json()).toMatchObject({ code: 'BadUrl', error: 'URI Too Long' })
})

test('JSON is read in the encoding it names, UTF-8 unless it does; what is no text in it is refused', async () => {
  const app = await started()
  const post = (payload: Buffer, contentType = 'application/json') =>
    app.inject({ method: 'POST', url: '/any', headers: { ...as('ann'), 'content-type': contentType }, payload })
  const latin = Buffer.from('{"a": "\u00e9"}', 'latin1')
  expect((await post(Buffer.from('\ufeff{"a": "\u00e9"}'))).json()).toEqual({ body: { a: '\u00e9' } })
  expect((await post(latin, 'application/json; charset=ISO-8859-1')).json()).toEqual({ body: { a: '\u00e9' } })
  const refused = await post(latin)
  expect(refused.statusCode).toBe(400)
  expect(refused.json().message).toBe('The body is not text in UTF-8: JSON is sent in UTF-8')
})

test('the type of JSON is told without a charset, in answers and errors of both dialects', async () => {
  const app = await started()
  const typeOf = async (url: string, headers: Record<string, string> = as('ann')) =>
    (await app.inject({ url, headers })).headers['content-type']
  expect(await typeOf('/who')).toBe('application/json')
  expect(await typeOf('/nowhere')).toBe('application/problem+json')
  expect(await typeOf('/who', {})).toBe('application/problem+json')
  expect(await typeOf('/mlc-service/rest/y')).toBe('application/json')
})

test('a body of nothing is none, whatever it says it is', async () => {
  const app = await started()
  const headers = { ...as('ann'), 'content-type': 'text/csv', 'content-length': '0' }
  expect((await app.inject({ method: 'POST', url: '/any', headers })).json()).toEqual({ body: null })
})

test('broken JSON is 400 and says where', async () => {
  const app = await started()
  const headers = { ...as('ann'), 'content-type': 'application/json' }
  const problem = await app.inject({ method: 'POST', url: '/any', headers, payload: '{\n  "a": 1,\n  b: 2\n}' })
  expect(problem.statusCode).toBe(400)
  expect(problem.json()).toMatchObject({
    code: 'MalformedJson',
    line: 3,
    column: 3,
    message: expect.stringMatching(/line 3, column 3: found "b: 2"/),
  })
  const camunda = await app.inject({ method: 'POST', url: '/mlc-service/rest/y', headers, payload: '{' })
  expect(camunda.statusCode).toBe(400)
  expect(camunda.json()).toMatchObject({
    type: 'InvalidRequestException',
    message: expect.stringMatching(/line 1, column 2: the text ends/),
  })
})

test('a body that would change prototypes is 400', async () => {
  const app = await started()
  const answer = await app.inject({
    method: 'POST',
    url: '/any',
    headers: { ...as('ann'), 'content-type': 'application/json' },
    payload: '{"__proto__": {"x": 1}}',
  })
  expect(answer.statusCode).toBe(400)
  expect(answer.json().message).toMatch(/__proto__/)
})

test('an empty JSON body is no body; JSON kinds and forms are read', async () => {
  const app = await started()
  const post = async (type: string, payload: string) =>
    (await app.inject({ method: 'POST', url: '/any', headers: { ...as('ann'), 'content-type': type }, payload })).json()
  expect(await post('application/json', '')).toEqual({ body: null })
  expect(await post('application/merge-patch+json', '{"a":1}')).toEqual({ body: { a: 1 } })
  expect(await post('application/json; charset=UTF-8', '{"a":1}')).toEqual({ body: { a: 1 } })
  expect(await post('application/x-www-form-urlencoded', 'username=a%20b&password=%26')).toEqual({
    body: { username: 'a b', password: '&' },
  })
})

test('an invalid body is 400 and names each field', async () => {
  const app = await started()
  const answer = await app.inject({
    method: 'POST',
    url: '/things',
    headers: as('ann'),
    payload: { deep: { count: 'x' } },
  })
  expect(answer.statusCode).toBe(400)
  expect(answer.json()).toMatchObject({
    code: 'InvalidField',
    message:
      "Field 'name' of the body: is missing (string expected); field 'deep.count' of the body: expected number, received string",
    violations: [
      { field: 'name', message: 'is missing (string expected)' },
      { field: 'deep.count', message: 'expected number, received string' },
    ],
  })
})

test('a text that the database cannot store is the caller’s to mend', async () => {
  for (const code of ['22021', '22P05']) {
    const error = toRequestError(Object.assign(new Error('unsupported Unicode escape'), { code }), null as never, 0)
    expect([error.kind, error.message]).toEqual(['InputError', expect.stringContaining('U+0000')])
  }
})

test('JSON nested beyond all measure is refused before anything reads it', async () => {
  const app = await started()
  const payload = `${'['.repeat(2000)}${']'.repeat(2000)}`
  const headers = { ...as('ann'), 'content-type': 'application/json' }
  const answer = await app.inject({ method: 'POST', url: '/any', headers, payload })
  expect(answer.statusCode).toBe(400)
  expect(answer.json().message).toContain('nested more than 500 levels')
})

test('a packed body is 415, of whatever type it is', async () => {
  const app = await started({}, (a) => a.post('/echo', async (request) => request.body))
  const send = (encoding: string) =>
    app.inject({
      ...{ method: 'POST', url: '/echo', payload: '{"a":1}' },
      headers: { ...as('ann'), 'content-type': 'application/json', 'content-encoding': encoding },
    })
  expect((await send('identity')).json()).toEqual({ a: 1 })
  const refused = await send('gzip')
  expect(refused.statusCode).toBe(415)
  expect(refused.json()).toMatchObject({ message: 'The body is packed by gzip: send it as it is' })
})

test('a media type nobody reads is 415', async () => {
  const app = await started()
  const answer = await app.inject({
    method: 'POST',
    url: '/any',
    headers: { ...as('ann'), 'content-type': 'text/csv' },
    payload: 'a,b',
  })
  expect(answer.statusCode).toBe(415)
  expect(answer.json().message).toBe(
    "POST /any does not take Content-Type 'text/csv': most calls take application/json, /openapi.json tells for each",
  )
})

test('a body over the limit is 413 and says where larger files go', async () => {
  const app = await started({ bodyLimitBytes: 100 })
  const answer = await app.inject({
    method: 'POST',
    url: '/any',
    headers: as('ann'),
    payload: { text: 'x'.repeat(200) },
  })
  expect(answer.statusCode).toBe(413)
  expect(answer.json()).toMatchObject({
    status: 413,
    limitBytes: 100,
    message: expect.stringMatching(/larger than 100 bytes.*POST \/model-manage\/api\/files/),
  })
})

test('a badly written path is 400 in the problem dialect', async () => {
  const app = await started()
  const answer = await app.inject({ url: '/a%zz', headers: as('ann') })
  expect(answer.statusCode).toBe(400)
  expect(answer.json().message).toMatch(/'\/a%zz' is not a valid URL/)
})

test('what nothing can serve now is 422 with its data', async () => {
  const app = await started()
  const answer = await app.inject({ url: '/fails/unmet', headers: as('ann') })
  expect(answer.statusCode).toBe(422)
  expect(answer.json()).toMatchObject({ code: 'NoMatchingRuntime', seen: [] })
})

test.each([
  ['upgraded', /^Another server has just upgraded the database\. Nothing was changed; try again in a moment/],
  ['full', /^The disk of the database is full\. Nothing was changed; make room there/],
  ['late', /^The database is too busy just now and gave this up\. Nothing was changed; try again/],
])('a database that cannot just now (%s) is 503 and says what to do', async (how, message) => {
  const app = await started()
  const answer = await app.inject({ url: `/fails/${how}`, headers: as('ann') })
  expect(answer.statusCode).toBe(503)
  expect(answer.headers['retry-after']).toBeDefined()
  expect(answer.json().message).toMatch(message)
})

test.each(['away', 'refused', 'without an address of ours', 'nameless', 'cut', 'terminated'])(
  'a database that is %s is 503 with Retry-After',
  async (how) => {
    const app = await started()
    const answer = await app.inject({ url: `/fails/${encodeURIComponent(how)}`, headers: as('ann') })
    expect(answer.statusCode).toBe(503)
    expect(answer.headers['retry-after']).toBe('2')
    expect(answer.json().message).toMatch(/database does not answer/)
  },
)

test('a mistake of ours is 500 with the request id and nothing of the inside; the log has the stack', async () => {
  const lines: string[] = []
  const app = await started({ logger: { stream: { write: (line) => lines.push(line) } } })
  const answer = await app.inject({ url: '/fails/else', headers: { ...as('ann'), 'x-request-id': 'req-7' } })
  expect(answer.statusCode).toBe(500)
  expect(answer.headers['x-request-id']).toBe('req-7')
  expect(answer.json()).toMatchObject({ message: 'internal error (request id req-7)', requestId: 'req-7' })
  expect(answer.body).not.toMatch(/secret inner/)
  expect(lines.map((line) => JSON.parse(line)).find((line) => line.err)).toMatchObject({
    reqId: 'req-7',
    err: { message: 'secret inner detail', stack: expect.stringMatching(/example-app/) },
  })
})

test('the log has no stack of an error that was foreseen, and that of a mistake of ours', async () => {
  const lines: string[] = []
  const app = await started({ logger: { stream: { write: (line) => lines.push(line) } } })
  app.log.warn({ err: new Unmet('NoMatchingRuntime', 'Nobody matches') }, 'refused')
  app.log.warn({ err: new Bug('one too many') }, 'broken')
  expect(lines.map((line) => JSON.parse(line).err)).toEqual([
    { type: 'NoMatchingRuntime', code: 'NoMatchingRuntime', message: 'Nobody matches', stack: '' },
    expect.objectContaining({ message: 'one too many', stack: expect.stringMatching(/app\.test/) }),
  ])
})

test('a request id that is no plain word is replaced', async () => {
  const app = await started()
  const answer = await app.inject({ url: '/open', headers: { 'x-request-id': 'a\tb"c' } })
  expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
})

test('log lines name method, path, status and caller, and no secret', async () => {
  const lines: string[] = []
  const app = await started({ logger: { stream: { write: (line) => lines.push(line) } } })
  await app.inject({
    url: '/who?token=hush1&source=http://key:hush2@store/x',
    headers: { authorization: 'Bearer root' },
  })
  app.log.info({ headers: { authorization: 'hush3' }, password: 'hush4' }, 'x')
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    method: 'GET',
    status: 200,
    caller: 'root',
    url: '/who?token=[removed]&source=http://store/x',
  })
  expect(lines.join('')).not.toMatch(/hush/)
})
