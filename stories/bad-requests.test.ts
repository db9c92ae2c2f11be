/** Requests with something wrong in them: the status and one sentence in the dialect of the door, and nothing is changed by them. */
import { createPrivateKey, randomBytes, sign } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, call, incidentOf, startBySignal } from './calls.ts'
import { createJob, deploy, ended, running, writeRows } from './deploy.ts'
import { eventually, type Rowhouse, startRowhouse } from './rowhouse.ts'

let rowhouse: Rowhouse
let deployment: string
let input: string
const api = '/model-manage/api'
const rest = '/mlc-service/rest'
const responsive = `${rest}/signalResponsive`

beforeAll(async () => {
  rowhouse = await startRowhouse()
  deployment = await deploy(rowhouse, 'counts-records')
  input = writeRows(rowhouse, 'rows.csv', 3)
})
afterAll(() => rowhouse?.remove())

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  call(rowhouse, 'POST', path, { body, headers })
const get = (path: string) => call(rowhouse, 'GET', path)
const jobCount = async () => (await get(`${api}/jobs?size=1`)).body.page.totalElements

/** RFC 9457 with the names that Spring clients read. */
function expectProblem(answer: Answer, status: number, message: RegExp): void {
  expect(answer.body.message).toMatch(message)
  expect(answer.status).toBe(status)
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  expect(answer.body).toMatchObject({ status, message: expect.stringMatching(message), path: expect.any(String) })
}

/** Camunda's. */
function expectCamunda(answer: Answer, status: number, message: RegExp): void {
  expect(answer.status).toBe(status)
  expect(Object.keys(answer.body).slice(0, 3)).toEqual(['type', 'message', 'code'])
  expect(answer.body.message).toMatch(message)
}

describe('a token that', () => {
  function expired(): string {
    const key = JSON.parse(readFileSync(join(rowhouse.dataFolder, 'keys', 'signing-key.json'), 'utf8'))
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const past = Math.floor(Date.now() / 1000) - 3600
    const claims = {
      scope: 'user',
      groups: ['admin'],
      iss: 'rowhouse',
      aud: 'rowhouse',
      sub: 'admin',
      iat: past,
      exp: past + 60,
    }
    const text = `${part({ alg: 'EdDSA', kid: key.kid, typ: 'JWT' })}.${part(claims)}`
    return `${text}.${sign(null, Buffer.from(text), createPrivateKey({ key, format: 'jwk' })).toString('base64url')}`
  }

  it.each([
    ['is missing', () => null, /^No token/],
    ['has expired', expired, /^The token has expired: get a new one with POST \/gocli\/token$/],
    ['is garbage', () => 'garbage', /^The token is not valid here: get a new one/],
    ['was changed', () => `${rowhouse.token.slice(0, -4)}AAAA`, /^The token is not valid here/],
  ])('%s opens no door, in either dialect', async (_title, token, message) => {
    expectProblem(await call(rowhouse, 'GET', `${api}/jobs`, { token: token() }), 401, message)
    expectCamunda(await call(rowhouse, 'GET', `${rest}/incident`, { token: token() }), 401, message)
    expectCamunda(await call(rowhouse, 'POST', responsive, { token: token(), body: {} }), 401, message)
  })

  it("is a runtime's opens the doors of runtimes only", async () => {
    const token = readFileSync(join(rowhouse.dataFolder, 'runtime-token'), 'utf8').trim()
    expectProblem(await call(rowhouse, 'POST', `${api}/jobs`, { token, body: {} }), 403, /runtime/)
    expectCamunda(await call(rowhouse, 'POST', responsive, { token, body: {} }), 403, /runtime/)
  })

  it('another scheme than Bearer is told what is wanted', async () => {
    const answer = await call(rowhouse, 'GET', `${api}/jobs`, { token: null, headers: { authorization: 'Basic YTpi' } })
    expectProblem(answer, 401, /not `Bearer <token>`: get one with POST \/gocli\/token/)
  })

  it('is not handed out for a wrong password, and says so', async () => {
    const ask = (form: Record<string, string>) =>
      fetch(`${rowhouse.url}/gocli/token`, { method: 'POST', body: new URLSearchParams(form) })
    const wrong = await ask({ username: 'admin', password: 'guess' })
    expect(wrong.status).toBe(401)
    expect(await wrong.json()).toMatchObject({ message: 'Wrong user name or password' })
    const none = await ask({})
    expect(none.status).toBeGreaterThanOrEqual(400)
    expect(await none.json()).toMatchObject({ message: expect.stringMatching(/username|password/) })
  })
})

describe('an id nobody has', () => {
  const ids = ['nope', '00000000-0000-4000-8000-000000000000', 'Größe ✓', 'a'.repeat(300), "'; drop table job; --"]
  it.each(['storedModels', 'deployableModels', 'deployedModels', 'engines', 'jobs', 'jobHistories', 'notifications'])(
    'of %s is 404 as a problem',
    async (collection) => {
      for (const id of ids) expectProblem(await get(`${api}/${collection}/${encodeURIComponent(id)}`), 404, /^\{|No /)
    },
  )

  it.each([
    'process-definition',
    'process-instance',
    'incident',
    'job',
    'external-task',
    'task',
    'deployment',
    'history/process-instance',
    'history/activity-instance',
    'history/variable-instance',
    'process-definition/key',
  ])('of %s is 404 as Camunda says it', async (collection) => {
    for (const id of ids) expectCamunda(await get(`${rest}/${collection}/${encodeURIComponent(id)}`), 404, /./)
  })

  it('in a body is 404 and names it', async () => {
    expectProblem(await post(`${api}/jobs`, { deployedModel: { id: 'nope' } }), 404, /No deployed model with id 'nope'/)
    expectProblem(await post(`${api}/jobs`, { storedModel: { id: 'nope' } }), 404, /No stored model with id 'nope'/)
    const wish = { deployableModel: { id: 'nope' }, stage: 'DEV' }
    expectProblem(await post(`${api}/deployedModels`, wish), 404, /No deployable model with id 'nope'/)
  })

  it('a path nobody answers is 404 and says where to look', async () => {
    expectProblem(await get(`${api}/nothing`), 404, /Nothing answers GET .*openapi\.json/)
    expectCamunda(await get(`${rest}/nothing`), 404, /Nothing answers GET .*openapi\.json/)
    expectProblem(await get(`${api}/%zz`), 400, /% must be followed by two hexadecimal digits/)
  })
})

describe('a body that', () => {
  it.each([
    ['is cut off', '{"name": "a",', /not valid JSON: line 1, column 14: the text ends where/],
    ['has a comma too many', '{\n"a": 1,\n}', /not valid JSON: line 3, column 1/],
    ['is nested beyond measure', `${'['.repeat(9000)}${']'.repeat(9000)}`, /nested more than 500 levels/],
  ])('%s is 400 with the place, in either dialect', async (_title, body, message) => {
    expectProblem(await post(`${api}/jobs`, body), 400, message)
    expectCamunda(await post(responsive, body), 400, message)
  })

  it.each([
    ['is a list', [], /body: expected object, received array/],
    ['names no model', {}, /The job names no model: give deployedModel\.id/],
    [
      'has a text for an object',
      { deployedModel: 'x' },
      /'deployedModel' of the body: expected object, received string/,
    ],
    ['has a number for an id', { deployedModel: { id: 5 } }, /'deployedModel\.id' of the body: expected string/],
    ['has a text for a list', { deployedModel: { id: '' }, inputData: 'x' }, /'inputData' of the body: expected array/],
    [
      'has a job type nobody knows',
      { deployedModel: { id: '' }, jobType: 'X' },
      /'jobType' of the body: expected one of "MODEL_BATCH_JOB"/,
    ],
    [
      'embeds what is not base64',
      () => ({ deployedModel: { id: deployment }, inputData: [{ assetType: 'FILE', fileContent: '%%' }] }),
      /'inputData\[0\]\.fileContent' is not base64: text goes into 'fileContentString'/,
    ],
    [
      'names a file that was never uploaded',
      () => ({
        deployedModel: { id: deployment },
        inputData: [{ assetType: 'FILE', contentHash: { hashType: 'SHA-256', hexString: '0'.repeat(64) } }],
      }),
      /which is not there: upload it first with POST \/model-manage\/api\/files/,
    ],
  ])('%s is 400 with the field, and makes no job', async (_title, body, message) => {
    const before = await jobCount()
    expectProblem(await post(`${api}/jobs`, typeof body === 'function' ? body() : body), 400, message)
    expect(await jobCount()).toBe(before)
  })

  it('lacks what must be there is told each', async () => {
    const answer = await post(`${api}/deployedModels`, {})
    expectProblem(answer, 400, /'deployableModel' of the body: is missing .*'stage' of the body: is missing/)
  })

  it('holds a character that cannot be stored is 400', async () => {
    const body = { modelMetaData: { name: 'a\u0000b', type: 'PYTHON' } }
    expectProblem(await post(`${api}/storedModels`, body), 400, /U\+0000/)
  })

  it('is of another kind than JSON is 415', async () => {
    const headers = { 'content-type': 'text/plain' }
    expectProblem(
      await post(`${api}/jobs`, 'x', headers),
      415,
      /does not take Content-Type 'text\/plain': most calls take/,
    )
    expectCamunda(await post(responsive, 'x', headers), 415, /does not take Content-Type/)
  })

  it('embeds 11 MB is 413 with the way to upload, and that way works', async () => {
    const bytes = randomBytes(11 * 1024 * 1024)
    const inputData = [{ assetType: 'FILE', filename: 'big.csv', fileContent: bytes.toString('base64') }]
    const refused = await post(`${api}/jobs`, { deployedModel: { id: deployment }, inputData })
    expectProblem(refused, 413, /'inputData\[0\]' \(big\.csv\) embeds 11534336 bytes.*POST \/model-manage\/api\/files/)
    const model = { modelMetaData: { name: 'big', type: 'PYTHON' }, modelAssets: inputData }
    expectProblem(await post(`${api}/storedModels`, model), 413, /'modelAssets\[0\]' \(big\.csv\)/)
    // when it goes up as the sentence says
    expect(await rowhouse.client.files.upload(new Uint8Array(bytes))).toMatchObject({ size: bytes.length })
  })

  it('is larger than any is 413 at either door', async () => {
    const body = ' '.repeat(65 * 1024 * 1024)
    expectProblem(await post(`${api}/jobs`, body), 413, /larger than 64 MiB.*POST \/model-manage\/api\/files/)
    expectCamunda(await post(responsive, body), 413, /larger than 64 MiB/)
  })
})

describe('a list asked for', () => {
  it.each([
    ['page=-1', /'page' is '-1': it must be a whole number from 0/],
    ['size=many', /'size' is 'many': it must be a whole number from 1/],
    ['size=0', /'size' is '0'/],
    ['sort=colour', /Cannot sort by 'colour': sort by one of createdDate/],
    ['sort=createdDate,sideways', /Cannot sort by 'sideways': sort by one of createdDate/],
    ['sort=id%3Bdrop%20table', /'id;drop table': write a field/],
  ])('with %s is 400 and says what there is', async (query, message) => {
    expectProblem(await get(`${api}/jobs?${query}`), 400, message)
  })

  it('past its end is empty, not an error', async () => {
    expect((await get(`${api}/jobs?page=9999`)).body).toMatchObject({ _embedded: { jobs: [] }, page: { number: 9999 } })
  })

  it.each([
    ['incident?sortBy=colour&sortOrder=asc', 400, /sortBy/],
    ['incident?sortBy=incidentId', 400, /sortBy and sortOrder required/],
    ['history/process-instance?startedAfter=yesterday', 400, /startedAfter.*yesterday/],
    ['incident?maxResults=many', 404, /404 Not Found/],
  ])('as %s is what the reference engine answers', async (path, status, message) => {
    expectCamunda(await get(`${rest}/${path}`), status, message)
  })
})

describe('a change that comes too late', () => {
  it('by an old version is 412 and changes nothing', async () => {
    const path = `${api}/deployedModels/${deployment}`
    const patch = (tag: string) =>
      call(rowhouse, 'PATCH', path, { body: { state: 'UNDEPLOYED' }, headers: { 'if-match': tag } })
    expectProblem(
      await patch('"99"'),
      412,
      /If-Match says .*99.*it is at version 0\. Read it again and repeat the change/,
    )
    expectProblem(await patch('nonsense'), 400, /If-Match is 'nonsense': it must be a version in double quotes/)
    expect((await get(path)).body).toMatchObject({ state: 'DEPLOYED', version: 0 })
  })

  it('to a deployment that was undeployed is 409, and jobs on it are 422 with the way back', async () => {
    const other = await deploy(rowhouse, 'yields-nan')
    const path = `${api}/deployedModels/${other}`
    const state = (to: string) => call(rowhouse, 'PATCH', path, { body: { state: to } })
    expectProblem(await state('RUNNING'), 400, /'state' is 'RUNNING': it must be UNDEPLOYED/)
    expect((await state('UNDEPLOYED')).status).toBe(200)
    expectProblem(await state('DEPLOYED'), 409, /is UNDEPLOYED; deploy the snapshot anew: moc deployment create/)
    const job = await post(`${api}/jobs`, { deployedModel: { id: other } })
    expectProblem(job, 422, /is UNDEPLOYED since .*To mend: moc deployment create .* --stage DEV/)
  })

  it('cancelling an ended job and running a running one again are 409', async () => {
    const done = await createJob(rowhouse, deployment, input, join(rowhouse.folder, 'late.csv'))
    await ended(rowhouse, done.id)
    expectProblem(await post(`${api}/jobs/${done.id}/cancel`, {}), 409, /has already ended \(COMPLETE\)/)
    const many = writeRows(rowhouse, 'many.csv', 10_000)
    const slow = await createJob(rowhouse, await deploy(rowhouse, 'slow'), many, join(rowhouse.folder, 'slow.csv'))
    await running(rowhouse, slow.id, 0)
    expectProblem(await post(`${api}/jobs/${slow.id}/rerun`, {}), 409, /can be run again once it has ended/)
    await post(`${api}/jobs/${slow.id}/cancel`, {})
    expect(await ended(rowhouse, slow.id)).toMatchObject({ jobStatus: 'CANCELLED' })
    const patch = await call(rowhouse, 'PATCH', `${api}/jobs/${done.id}`, { body: { jobStatus: 'RUNNING' } })
    expectProblem(patch, 400, /'jobStatus' cannot be set to RUNNING/)
  })
})

describe('a name', () => {
  it('in any script, and of any length, comes back as it went in', async () => {
    for (const name of ['Bonität ✓ 日本 🚀 العربية', 'n'.repeat(5000), randomBytes(3000).toString('hex')]) {
      const made = await post(`${api}/storedModels`, { modelMetaData: { name, type: 'PYTHON' }, modelAssets: [] })
      expect(made.status).toBe(201)
      const found = await get(`${api}/storedModels/search/findAllByName?name=${encodeURIComponent(name)}`)
      expect(found.body._embedded.storedModels[0].modelMetaData.name).toBe(name)
    }
  })

  it.each(['../../evil.py', '/tmp/rowhouse-evil.py', 'a/../../../evil.py', '..\\..\\evil.py'])(
    'of an asset that climbs (%s) writes nowhere',
    async (filename) => {
      const source = { assetType: 'SOURCE_CODE', name: 'model.py', sourceCode: 'def score(x):\n    yield x\n' }
      const evil = { assetType: 'FILE', filename, name: filename, fileContentString: 'x' }
      const model = {
        storedModel: {
          modelMetaData: { name: 'evil', type: 'PYTHON' },
          modelAssets: [{ ...source, primaryModelSource: true }, evil],
        },
      }
      const inputData = [{ assetType: 'EXTERNAL_FILE', fileUrl: `file://${input}` }]
      const made = await post(`${api}/jobs`, { model, inputData })
      const job = made.status === 201 ? await ended(rowhouse, made.body.id) : undefined
      if (filename.startsWith('/')) expect(job?.outcome).toMatch(/is absolute/)
      else expectProblem(made, 400, /'model\.storedModel\.modelAssets\[1\]\.filename' is '.*': it holds '\.\.'/)
      expect(existsSync('/tmp/rowhouse-evil.py')).toBe(false)
      const strays = readdirSync(rowhouse.folder, { recursive: true, encoding: 'utf8' })
      expect(strays.filter((path) => /(^|\/)evil\.py$/.test(path))).toEqual([])
    },
  )
})

describe('a password in a URL', () => {
  const [key, secret] = ['AKIAEXAMPLE', 'wJalr/XUtn+FEMI']
  let store: Server
  let host: string
  const asked: string[] = []
  beforeAll(async () => {
    store = createServer((request, response) => {
      asked.push(request.headers.authorization ?? '')
      request.resume().on('end', () => response.end(request.method === 'GET' ? 'id,x\n1,1\n' : ''))
    })
    await new Promise<void>((done) => store.listen(0, '127.0.0.1', done))
    host = `127.0.0.1:${(store.address() as AddressInfo).port}`
  })
  afterAll(() => store.close())
  const withSecret = (name: string) => `http://${key}:${encodeURIComponent(secret)}@${host}/${name}`
  const secretForms = () => [secret, encodeURIComponent(secret), Buffer.from(`${key}:${secret}`).toString('base64')]

  it('reaches the store and is shown nowhere: documents, lists, variables, incidents, logs', async () => {
    // given a model, a deployment, jobs by both doors and a trigger that ends in an incident, all with the secret in a URL
    const file = (name: string) => ({ assetType: 'EXTERNAL_FILE', filename: name, fileUrl: withSecret(name) })
    const model = { modelMetaData: { name: 'secretive', type: 'PYTHON' }, modelAssets: [file('weights.bin')] }
    const texts = [(await post(`${api}/storedModels`, model)).text]
    const snapshot = (await rowhouse.client.deployedModels.get(deployment)).deployableModel.id
    const kept = await rowhouse.moc(
      ...['deployment', 'create', snapshot, '--stage', 'DEV', '--input', withSecret('k.csv')],
    )
    texts.push(kept.stdout, kept.stderr)
    const made = await post(`${api}/jobs`, {
      ...{ deployedModel: { id: deployment } },
      ...{ inputData: [file('in.csv')], outputData: [file('out.csv')] },
    })
    const failing = await post(`${api}/jobs`, {
      ...{ deployedModel: { id: deployment } },
      ...{ inputData: [{ ...file('x'), fileUrl: withSecret('x').replace(host, 'no-such-host.invalid') }] },
    })
    const files = { INPUT_FILE: withSecret('in.csv'), OUTPUT_FILE: file('out.csv') }
    const instance = await startBySignal(rowhouse, { TAG: 'cc-fraud', MODEL_STAGE: 'DEV', ...files })
    const stuck = await startBySignal(rowhouse, { TAG: 'nobody', MODEL_STAGE: 'DEV', ...files })
    // when all have come to their ends
    expect(await ended(rowhouse, made.body.id)).toMatchObject({ jobStatus: 'COMPLETE' })
    expect(await ended(rowhouse, failing.body.id)).toMatchObject({ jobStatus: 'ERROR' })
    await incidentOf(rowhouse, stuck)
    await eventually('the end of the instance', async () => {
      const answer = await get(`${rest}/history/process-instance/${instance}`)
      return answer.body.state === 'COMPLETED' ? true : undefined
    })
    // then the store was asked with it
    expect(asked).toContain(`Basic ${Buffer.from(`${key}:${secret}`).toString('base64')}`)
    // and nobody else can read it
    const paths = [
      ...['storedModels', 'deployableModels', 'deployedModels', 'jobs', 'jobHistories', 'notifications', 'engines'].map(
        (collection) => `${api}/${collection}?size=200`,
      ),
      ...[made, failing].map((each) => `${api}/jobs/${each.body.id}`),
      `${api}/deployedModels/${deployment}`,
      ...[
        `${rest}/incident`,
        `${rest}/history/incident`,
        `${rest}/variable-instance`,
        `${rest}/history/variable-instance`,
      ],
      `${rest}/history/variable-instance?deserializeValues=false`,
      ...[`${rest}/process-instance/${stuck}/variables`, `${rest}/process-instance/${stuck}/variables/INPUT_FILE`],
    ]
    for (const path of paths) texts.push((await get(path)).text)
    texts.push(made.text, failing.text, rowhouse.said())
    const log = await rowhouse.moc('job', 'logs', made.body.id)
    texts.push(log.stdout, log.stderr)
    for (const form of secretForms()) for (const text of texts) expect(text).not.toContain(form)
  })

  it('in the address of the gateway is refused by moc and by a runtime', async () => {
    const ran = await rowhouse.moc('init', `http://${key}:pass@${host}`)
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringMatching(/Leave user and password out/) })
    expect(ran.stderr).not.toContain('pass@')
  })

  it('the configuration of moc holds no password', async () => {
    expect(readFileSync(join(rowhouse.folder, 'moc-config.json'), 'utf8')).not.toContain('a-password-of-the-stories')
    expect(rowhouse.said()).not.toContain('a-password-of-the-stories')
  })
})
