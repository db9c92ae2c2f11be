import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, makeClient } from '@rowhouse/contract'
import { whoIs } from '@rowhouse/http'
import { openDatabase } from '@rowhouse/postgres'
import { type FreshDatabase, freshDatabase } from '@rowhouse/postgres/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  loadKeys,
  makeTokens,
  parseServerConfig,
  type RunningServer,
  runtimeTokenFile,
  startServer,
} from '../src/index.ts'

let fresh: FreshDatabase
let folder: string
let servers: RunningServer[]
let insideClient: Client | undefined
const password = 'correct horse'

beforeEach(async () => {
  fresh = await freshDatabase()
  folder = mkdtempSync(join(tmpdir(), 'rh-gateway-'))
  servers = []
})

afterEach(async () => {
  for (const server of servers) await server.stop(100)
  await fresh.drop()
  rmSync(folder, { recursive: true })
})

async function started(env: Record<string, string> = {}, args: string[] = []): Promise<RunningServer> {
  const config = parseServerConfig(['--port', '0', '--data', folder, ...args], env)
  const server = await startServer({
    config,
    databaseUrl: Promise.resolve(fresh.url),
    version: '0.0.0',
    openWings: async () => [
      {
        prefix: '/wing',
        mount: async (app, client) => {
          insideClient = client
          app.get('/who', { config: { access: ['user', 'runtime', 'internal'] } }, async (request) => ({
            who: whoIs(request),
            groups: request.principal.groups,
          }))
          app.post('/form', async (request) => request.body)
        },
      },
    ],
  })
  servers.push(server)
  return server
}

const withPassword = (own: Record<string, string> = {}) => started({ ROWHOUSE_ADMIN_PASSWORD: password, ...own })
const askToken = (server: RunningServer, form: Record<string, string>) =>
  fetch(`${server.url}/gocli/token`, { method: 'POST', body: new URLSearchParams(form) })
function formOf(fields: Record<string, string | Blob>): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields))
    if (typeof value === 'string') form.set(name, value)
    else form.set(name, value)
  return form
}
const who = (server: RunningServer, token?: string) =>
  fetch(`${server.url}/wing/who`, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })

async function tokensOf(server: RunningServer): Promise<Record<string, string>> {
  return (await (await askToken(server, { username: 'admin', password })).json()) as Record<string, string>
}

test('a name and a password get tokens that are believed', async () => {
  const server = await withPassword()
  const answer = await askToken(server, { username: 'admin', password })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  const body = (await answer.json()) as Record<string, string>
  expect(body).toEqual({
    access_token: expect.any(String),
    refresh_token: expect.any(String),
    expires_in: 3600,
    token_type: 'Bearer',
  })
  expect(await (await who(server, body.access_token)).json()).toEqual({ who: 'user:admin', groups: ['ADMIN'] })
})

test.each<[string, RequestInit]>([
  [
    'a form with fields of other products, the refresh token left blank',
    {
      body: new URLSearchParams({
        grant_type: 'password',
        client_id: 'go-cli',
        username: 'admin',
        password,
        refresh_token: '',
      }),
    },
  ],
  ['a form in parts, as curl -F sends it', { body: formOf({ username: 'admin', password }) }],
  ['JSON', { body: JSON.stringify({ username: 'admin', password }), headers: { 'content-type': 'application/json' } }],
])('name and password may come as %s', async (_, init) => {
  const server = await withPassword()
  const answer = await fetch(`${server.url}/gocli/token`, { method: 'POST', ...init })
  expect(answer.status).toBe(200)
  expect(await answer.json()).toMatchObject({ token_type: 'Bearer' })
})

test.each<[string, RequestInit]>([
  ['nothing', {}],
  ['a name alone', { body: new URLSearchParams({ username: 'admin' }) }],
  ['parts without them', { body: formOf({ other: 'x' }) }],
  ['a file in place of the password', { body: formOf({ username: 'admin', password: new Blob(['x']) }) }],
  ['fields in the path alone', { body: new URLSearchParams() }],
])('a sign-in with %s is 400 and says which fields to send', async (_, init) => {
  const server = await withPassword()
  const answer = await fetch(`${server.url}/gocli/token?username=admin&password=x`, { method: 'POST', ...init })
  expect(answer.status).toBe(400)
  expect(await answer.json()).toMatchObject({
    message: 'Send the form fields username and password, or refresh_token',
  })
})

test('a sign-in of 100 kB is 413 and says what this call takes', async () => {
  const server = await withPassword()
  const answer = await askToken(server, { username: 'admin', password: 'x'.repeat(100_000) })
  expect(answer.status).toBe(413)
  expect(await answer.json()).toMatchObject({ message: 'The body is larger than 65536 bytes', limitBytes: 65_536 })
})

test('the page of the API finds its document with a slash behind its path, too', async () => {
  const server = await withPassword()
  const page = await fetch(`${server.url}/docs/`)
  expect(page.headers.get('content-type')).toMatch(/^text\/html/)
  expect((await fetch(new URL('openapi.json', page.url))).status).toBe(200)
})

test('a wrong password and an unknown user are the same 401 with a message', async () => {
  const server = await withPassword()
  for (const form of [
    { username: 'admin', password: 'wrong' },
    { username: 'nobody', password },
  ]) {
    const answer = await askToken(server, form)
    expect(answer.status).toBe(401)
    expect(await answer.json()).toMatchObject({ message: 'Wrong user name or password' })
  }
  expect((await askToken(server, { username: 'admin' })).status).toBe(400)
})

test('repeated failures slow down: 429 with Retry-After, for that name only', async () => {
  const server = await withPassword()
  const answers: Response[] = []
  // the pauses double: a machine slower than the first ones meets a later one
  while (answers.at(-1)?.status !== 429) answers.push(await askToken(server, { username: 'bob', password: 'guess' }))
  const statuses = answers.map(({ status }) => status)
  expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401])
  const slowed = answers.at(-1)
  expect(Number(slowed?.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await slowed?.json()).toMatchObject({
    message: expect.stringMatching(/^Too many failed sign-ins: try again in \d+ s$/),
  })
  expect((await askToken(server, { username: 'admin', password })).status).toBe(200)
})

test('a refresh token gets new tokens, and is not taken as an access token', async () => {
  const server = await withPassword()
  const { refresh_token, access_token } = await tokensOf(server)
  const renewed = (await (await askToken(server, { refresh_token: refresh_token ?? '' })).json()) as Record<
    string,
    string
  >
  expect((await who(server, renewed.access_token)).status).toBe(200)
  expect((await who(server, refresh_token)).status).toBe(401)
  expect((await askToken(server, { refresh_token: access_token ?? '' })).status).toBe(401)
})

test('an expired token, a forged one and one of another server are 401', async () => {
  const server = await withPassword({ ROWHOUSE_TOKEN_ACCESS_SECONDS: '1' })
  const { access_token } = await tokensOf(server)
  const [head, body, signature] = (access_token ?? '').split('.')
  const elsewhere = makeTokens(await loadKeys(join(folder, 'elsewhere')))
  const foreign = await elsewhere.issueAccess({ name: 'admin', groups: ['ADMIN'], passwordChangedAt: new Date() }, 3600)
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`
  for (const token of [`${head}.${body}x.${signature}`, foreign, unsigned, 'rubbish']) {
    const answer = await who(server, token)
    expect(answer.status).toBe(401)
    expect(((await answer.json()) as { message: string }).message).toMatch(/not valid here.*\/gocli\/token/)
  }
  await expect.poll(async () => (await who(server, access_token)).status).toBe(401)
  expect(((await (await who(server, access_token)).json()) as { message: string }).message).toMatch(/expired/)
})

test('the first start makes an admin whose password is told once; a second start keeps it', async () => {
  const first = await started()
  expect(first.firstPassword).toMatchObject({ user: 'admin', password: expect.stringMatching(/^[\w-]{20}$/) })
  const form = { username: 'admin', password: first.firstPassword?.password ?? '' }
  expect((await askToken(first, form)).status).toBe(200)
  await first.stop()
  const second = await started()
  expect(second.firstPassword).toBeNull()
  expect((await askToken(second, form)).status).toBe(200)
})

test('tokens outlive a restart; a password given at a later start ends those of the former one', async () => {
  const first = await withPassword()
  const before = await tokensOf(first)
  await first.stop()
  const second = await withPassword()
  expect((await who(second, before.access_token)).status).toBe(200)
  expect((await askToken(second, { refresh_token: before.refresh_token ?? '' })).status).toBe(200)
  await second.stop()
  await new Promise((settle) => setTimeout(settle, 2100))
  const third = await withPassword({ ROWHOUSE_ADMIN_PASSWORD: 'another' })
  expect((await askToken(third, { username: 'admin', password })).status).toBe(401)
  expect((await askToken(third, { username: 'admin', password: 'another' })).status).toBe(200)
  expect((await askToken(third, { refresh_token: before.refresh_token ?? '' })).status).toBe(401)
})

test('keys and the token of runtimes are files only their owner reads; the password is stored as a memory-hard hash', async () => {
  const server = await withPassword()
  for (const file of ['keys/signing-key.json', 'keys/secret-key', 'runtime-token'])
    expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600)
  const token = readFileSync(runtimeTokenFile(folder), 'utf8').trim()
  expect(await (await who(server, token)).json()).toEqual({ who: 'runtime:runtime', groups: [] })
  const database = openDatabase<never>(fresh.url, { max: 1 })
  const { rows } = await database.pool.query('select password_hash from gateway.user_account')
  await database.close()
  expect(rows).toEqual([{ password_hash: expect.stringMatching(/^scrypt\$32768\$8\$1\$/) }])
})

test('a wing calls the others as the server itself', async () => {
  await withPassword()
  expect(await insideClient?.call('GET', '/wing/who')).toEqual({ who: 'internal:SYSTEM', groups: ['ADMIN'] })
})

test('health, the API document and its page, and sign-in need no token; everything else does', async () => {
  const server = await withPassword()
  const status = async (path: string) => (await fetch(server.url + path)).status
  expect(await status('/health/live')).toBe(200)
  expect(await status('/health/ready')).toBe(200)
  expect(await status('/docs')).toBe(200)
  expect(await status('/api/oauth2/.well-known-configuration/jupyter')).toBe(404)
  expect(await status('/wing/who')).toBe(401)
  expect(await status('/nowhere')).toBe(401)
  const document = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
    openapi: string
    paths: Record<string, unknown>
  }
  expect(document.openapi).toBe('3.1.0')
  expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/gocli/token', '/health/ready', '/wing/who']))
})

test('without its database the server is alive but not ready, and is ready again when the database is back', async () => {
  const server = await withPassword()
  const superuser = openDatabase<never>(process.env.ROWHOUSE_TEST_POSTGRES_URL ?? '', { max: 1 })
  const name = new URL(fresh.url).pathname.slice(1)
  await superuser.pool.query(`alter database ${name} allow_connections false`)
  await superuser.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`)
  const away = await fetch(`${server.url}/health/ready`)
  expect((await fetch(`${server.url}/health/live`)).status).toBe(200)
  await superuser.pool.query(`alter database ${name} allow_connections true`)
  await superuser.close()
  expect(away.status).toBe(503)
  expect(away.headers.get('retry-after')).not.toBeNull()
  await expect.poll(async () => (await fetch(`${server.url}/health/ready`)).status).toBe(200)
})

test('an unsecured server takes everyone, but no page of another site', async () => {
  const server = await started({}, ['--unsecured'])
  expect(server.firstPassword).toBeNull()
  expect(await (await who(server)).json()).toEqual({ who: 'anonymous:anonymous', groups: ['ADMIN'] })
  const foreign = await fetch(`${server.url}/wing/who`, { headers: { origin: 'https://evil.example' } })
  expect(foreign.status).toBe(403)
  const rebound = await server.app.inject({ url: '/wing/who', headers: { host: 'evil.example:8090' } })
  expect(rebound.statusCode).toBe(403)
  const form = await fetch(`${server.url}/wing/form`, { method: 'POST', body: new URLSearchParams({ a: '1' }) })
  expect(form.status).toBe(415)
})

test('an unsecured server gives a token to whoever asks, which opens no other server', async () => {
  const server = await started({}, ['--unsecured'])
  const answer = await askToken(server, { username: 'admin', password: 'anything' })
  expect(answer.status).toBe(200)
  const { access_token, refresh_token, ...rest } = (await answer.json()) as Record<string, string>
  expect(rest).toEqual({ expires_in: 3600, token_type: 'Bearer' })
  expect((await askToken(server, { refresh_token: refresh_token ?? '' })).status).toBe(200)
  expect((await who(server, access_token)).status).toBe(200)
  const secured = await withPassword()
  expect((await who(secured, access_token)).status).toBe(401)
  expect((await askToken(secured, { refresh_token: refresh_token ?? '' })).status).toBe(401)
})

test('a taken port is one sentence that names the port and the option', async () => {
  const other = createServer()
  const port = await new Promise<number>((settle) =>
    other.listen(0, '127.0.0.1', () => settle((other.address() as { port: number }).port)),
  )
  await expect(started({}, ['--port', String(port)])).rejects.toThrow(
    `Port ${port} on 127.0.0.1 is taken by another program. Stop it, or choose another port with --port`,
  )
  await new Promise((settle) => other.close(settle))
})

test('a request that runs while the server stops is answered', async () => {
  const server = await withPassword()
  const client = makeClient({ baseUrl: server.url, token: async () => (await tokensOf(server)).access_token })
  expect(await client.call('GET', '/wing/who')).toMatchObject({ who: 'user:admin' })
  const signingIn = askToken(server, { username: 'admin', password })
  while (server.app.drainState.running === 0) await new Promise((settle) => setImmediate(settle))
  await server.stop()
  expect((await signingIn).status).toBe(200)
  servers = []
})
