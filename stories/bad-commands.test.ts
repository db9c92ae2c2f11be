/** What moc says and how it ends when something is wrong: one sentence on stderr, nothing on stdout, and an exit code a script can read. */
import { randomUUID } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deploy, writeRows } from './deploy.ts'
import { freePort, lastWord, makeFolder, type Ran, type Rowhouse, root, runProgram, startRowhouse } from './rowhouse.ts'

let rowhouse: Rowhouse
let deployment: string
let somebodyElse: Server

beforeAll(async () => {
  rowhouse = await startRowhouse()
  deployment = await deploy(rowhouse, 'counts-records')
  writeRows(rowhouse, 'rows.csv', 3)
  makeFolder(rowhouse, 'folder')
  somebodyElse = createServer((_request, response) => response.end('<html>Welcome</html>'))
  await new Promise<void>((done) => somebodyElse.listen(0, '127.0.0.1', done))
})
afterAll(async () => {
  somebodyElse?.close()
  await rowhouse?.remove()
})

const file = (name: string, content = '') => {
  const path = join(rowhouse.folder, name)
  writeFileSync(path, content)
  return path
}

/** moc with another configuration and environment than the stories' usual. */
function mocAs(env: Record<string, string>, ...args: string[]): Promise<Ran> {
  const usual = {
    ROWHOUSE_MOC_CONFIG: join(rowhouse.folder, 'another.json'),
    ROWHOUSE_MOC_USER: '',
    ROWHOUSE_MOC_PASSWORD: '',
  }
  return runProgram('moc', args, { cwd: rowhouse.folder, env: { ...usual, ...env } })
}

function expectRefused(ran: Ran, code: number, sentence: RegExp): void {
  expect(ran.stderr).toMatch(sentence)
  expect(ran.stderr).not.toMatch(/\n\s+at .*\.(ts|js|mjs):\d+/)
  expect(ran).toMatchObject({ code, stdout: '' })
}

describe('moc init', () => {
  it.each([
    ['nothing', 2, /'nothing' is not an http or https URL\. Give it with its scheme/],
    ['localhost:8090', 2, /Give it with its scheme, for instance http:\/\/localhost:8090/],
    [
      'http://host/model-manage/api/',
      2,
      /'\/model-manage\/api' is a path below the gateway\. The gateway itself is http:\/\/host/,
    ],
    ['http://name:secret@host', 2, /Leave user and password out of the gateway URL/],
    ['ftp://host', 2, /not an http or https URL/],
    ['http://no-such-host.invalid', 1, /does not answer \(no such host: check the URL\)/],
  ])('with %s', async (url, code, sentence) => {
    expectRefused(await mocAs({}, 'init', url), code, sentence)
  })

  it('where nobody listens', async () => {
    expectRefused(
      await mocAs({}, 'init', `http://127.0.0.1:${await freePort()}`),
      1,
      /connection refused: is the server running\?/,
    )
  })

  it('where somebody else answers is not taken for an unsecured gateway', async () => {
    const url = `http://127.0.0.1:${(somebodyElse.address() as AddressInfo).port}`
    expectRefused(
      await mocAs({}, 'init', url),
      2,
      /answers, but not as a Rowhouse gateway does: check host, port and path/,
    )
  })

  it('with a wrong password is 4, without advice to sign in', async () => {
    const ran = await mocAs({}, 'init', rowhouse.url, '--user', 'admin', '--password', 'guess')
    expectRefused(ran, 4, /^moc: Wrong user name or password\s*$/)
  })

  it('with nobody to ask says how to give the password', async () => {
    expectRefused(await mocAs({}, 'init', rowhouse.url), 4, /--user and --password-stdin/)
  })
})

describe('moc that is not signed in', () => {
  it('knows no gateway: 2, and how to name one', async () => {
    expectRefused(await mocAs({}, 'job', 'ls'), 2, /Run: moc init <gateway URL>/)
  })

  it('has a broken configuration: 2, and what to remove', async () => {
    const config = file('broken-config.json', '{')
    expectRefused(await mocAs({ ROWHOUSE_MOC_CONFIG: config }, 'job', 'ls'), 2, /Remove it, then run: moc init/)
  })

  it('has a token that is not valid: 4, and how to get another', async () => {
    const env = { ROWHOUSE_MOC_GATEWAY: rowhouse.url, ROWHOUSE_MOC_TOKEN: 'garbage' }
    expectRefused(
      await mocAs(env, 'job', 'ls'),
      4,
      /The token is not valid here.*\nSign in again with: moc credentials/,
    )
  })

  it('has a gateway in its environment that is no URL: 2', async () => {
    expectRefused(await mocAs({ ROWHOUSE_MOC_GATEWAY: 'rowhouse:x' }, 'job', 'ls'), 2, /'rowhouse:x' is not an http/)
  })

  it('has an outdated access token: it is renewed without a word', async () => {
    const config = JSON.parse(readFileSync(join(rowhouse.folder, 'moc-config.json'), 'utf8'))
    const path = file('outdated.json', JSON.stringify({ ...config, accessToken: 'outdated' }))
    expect(await mocAs({ ROWHOUSE_MOC_CONFIG: path }, 'runtime', 'ls')).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(readFileSync(path, 'utf8')).accessToken).not.toBe('outdated')
  })
})

describe('wrong usage is 2', () => {
  it.each([
    [['nonsense'], /unknown command 'nonsense'/],
    [['job', 'ls', '--nonsense'], /unknown option '--nonsense'/],
    [['job', 'create', 'deployedbatch', 'x'], /missing required argument 'input-file'/],
    [['job', 'ls', '--limit', 'many'], /--limit takes a whole number from 1, not 'many'/],
    [['job', 'ls', '--status', 'nonsense'], /'jobStatus' is 'NONSENSE': it must be CREATED, WAITING/],
    [['job', 'ls', '-o', 'xml'], /It is one of table, json, yaml/],
    [['deployment', 'create', 'x'], /required option '--stage <stage>' not specified/],
    [['deployment', 'ls', '--state', 'deplyed'], /--state takes one of deployed, undeployed, error, not 'deplyed'/],
    [
      ['job', 'create', 'deployedbatch', 'rows.csv', 'out.csv', randomUUID()],
      /in this order: <deployment-id> <input-file> <output-file>/,
    ],
    [
      ['job', 'create', 'batchjob', 'file:///rows.csv', 'out.csv', 'counts-records'],
      /in this order: <model-id> <input-file> <output-file>/,
    ],
    [['runtime', 'tag', 'add', 'local', ''], /argument 'tags' is empty/],
    [['model', 'import', 'rows.csv'], /is not a folder; give the folder that holds the model/],
    [['model', 'import', 'folder'], /holds no file/],
    [['asset', 'add', 'counts-records', 'folder'], /is not a file/],
  ])('moc %j', async (args, sentence) => {
    expectRefused(await rowhouse.moc(...args), 2, sentence)
  })

  it('in the files of a job', async () => {
    const create = (...args: string[]) => rowhouse.moc('job', 'create', 'deployedbatch', deployment, ...args)
    expectRefused(await create('folder', 'out.csv'), 2, /folder is not a file/)
    expectRefused(
      await create('rows.csv', 'nowhere/out.csv'),
      2,
      /nowhere for the output does not exist; make it first/,
    )
    expectRefused(await create('rows.csv', 'folder'), 2, /is a folder; name a file/)
    expectRefused(await create('rows.csv', 'out.csv', '--wait', '--timeout', 'soon'), 2, /seconds above 0, not 'soon'/)
    expectRefused(
      await create('rows.csv', 'out.csv', '--file', file('fields.json', '{')),
      2,
      /fields\.json is not JSON/,
    )
    const fields = file('shape.json', JSON.stringify({ jobParameters: 'many' }))
    expectRefused(
      await create('rows.csv', 'out.csv', '--file', fields),
      2,
      /'jobParameters' of the body: expected record/,
    )
  })

  it('in the metadata of a model', async () => {
    mkdirSync(join(rowhouse.folder, 'model'))
    file('model/model.py', 'def score(x):\n    yield x\n')
    file('model/metadata.json', '{"name":')
    expectRefused(await rowhouse.moc('model', 'import', 'model'), 2, /metadata\.json is not JSON/)
  })
})

describe('what is not there is 3', () => {
  it.each([
    [['model', 'get', 'nobody'], /There is no model named 'nobody'\. See: moc model ls/],
    [['model', 'import', 'nowhere'], /There is no folder .*nowhere/],
    [['snapshot', 'create', 'nobody'], /no model named 'nobody'/],
    [['deployment', 'create', 'nobody', '--stage', 'DEV'], /No deployable model with id 'nobody'/],
    [['deployment', 'rm', 'nobody'], /No deployed model with id 'nobody'/],
    [['runtime', 'get', 'nobody'], /no runtime named 'nobody'\. See: moc runtime ls/],
    [['runtime', 'tag', 'rm', 'local', 'nothing'], /local has no tag 'nothing'; it has: DEV, cc-fraud/],
    [['job', 'get', 'nobody'], /No job with id 'nobody'/],
    [['job', 'cancel', 'nobody'], /No job with id 'nobody'/],
    [['job', 'rerun', 'nobody'], /No job with id 'nobody'/],
    [['job', 'output', 'nobody'], /No job with id 'nobody'/],
    [['job', 'status', 'nobody'], /No job with id 'nobody'/],
    [
      ['job', 'create', 'batchjob', 'nobody', 'rows.csv', 'out.csv'],
      /There is no model named 'nobody'\. See: moc model ls/,
    ],
    [
      ['job', 'create', 'deployedbatch', 'nobody', 'rows.csv', 'out.csv'],
      /No deployed model with id 'nobody'\n.*See: moc deployment ls/,
    ],
    [['deployment', 'ls', 'nobody'], /There is no model named 'nobody'\. See: moc model ls/],
    [['snapshot', 'ls', 'nobody'], /There is no model named 'nobody'/],
    [['job', 'create', 'deployedbatch', 'nobody', 'nowhere.csv', 'out.csv'], /There is no file .*nowhere\.csv/],
    [
      ['job', 'create', 'deployedbatch', 'nobody', 'rows.csv', 'out.csv', '--file', 'no.json'],
      /There is no file .*no\.json/,
    ],
    [['asset', 'add', 'counts-records', 'nowhere.bin'], /There is no file .*nowhere\.bin/],
    [['mlc', 'incidents', 'nobody'], /There is no process instance nobody/],
    [['follow', 'nobody'], /There is no process instance nobody/],
  ])('moc %j', async (args, sentence) => {
    expectRefused(await rowhouse.moc(...args), 3, sentence)
  })
})

describe('the exit code of', () => {
  const create = (deploymentId: string, input: string, ...more: string[]) =>
    rowhouse.moc('job', 'create', 'deployedbatch', deploymentId, input, 'out.csv', ...more)

  it('a job that ends well is 0', async () => {
    expect(await create(deployment, 'rows.csv', '--wait')).toMatchObject({ code: 0 })
  })

  it('a deployment no runtime matches is 1, with what each lacks and the command that mends it', async () => {
    const snapshots = await rowhouse.moc('snapshot', 'ls', '-q')
    const ran = await rowhouse.moc('deployment', 'create', lastWord(snapshots.stdout), '--stage', 'PRD')
    expectRefused(ran, 1, /To mend: moc runtime tag add local PRD\n {2}local: lacks tag 'PRD'\n$/)
  })

  it('what the state forbids is 5', async () => {
    const done = lastWord((await create(deployment, 'rows.csv', '--wait')).stdout)
    expectRefused(await rowhouse.moc('job', 'cancel', done), 5, /has already ended \(COMPLETE\)/)
    await create(deployment, 'rows.csv', '--idempotency-key', 'once')
    const other = file('others.csv', 'id,x\n9,9\n')
    const reused = await create(deployment, other, '--idempotency-key', 'once')
    expectRefused(reused, 5, /'once' was used with another body .* use a new key for a new request/)
  })

  it('a job that ends in ERROR is 6, with its sentence', async () => {
    const ran = await create(deployment, file('empty.csv'), '--wait')
    expect(ran).toMatchObject({ code: 6, stderr: expect.stringMatching(/ERROR UNKNOWN.*'empty\.csv' is empty/) })
  })

  it('a job that rejects records is 7, with the good rows written', async () => {
    const ran = await create(deployment, file('ragged.csv', 'id,x\n1,1\n2,2,2\n'), '--wait')
    expect(ran).toMatchObject({ code: 7, stderr: expect.stringMatching(/1 record was rejected/) })
    expect(readFileSync(join(rowhouse.folder, 'out.csv'), 'utf8').trim().split(/\r?\n/)).toHaveLength(2)
  })

  it('a wait that takes too long is 124; the job goes on and says how to look', async () => {
    const slow = await deploy(rowhouse, 'sleeps-forever')
    const ran = await create(slow, 'rows.csv', '--wait', '--timeout', '1')
    expect(ran).toMatchObject({ code: 124, stderr: expect.stringMatching(/it goes on\. See: moc job status/) })
    const [jobId = ''] = (await rowhouse.moc('job', 'ls', '-q', '--limit', '1')).stdout.split('\n')
    expectRefused(await rowhouse.moc('job', 'rerun', jobId), 5, /once it has ended \(moc job cancel/)
    expectRefused(await rowhouse.moc('job', 'output', jobId), 3, /has no content yet/)
    expect(await rowhouse.moc('job', 'cancel', jobId)).toMatchObject({ code: 0 })
  })

  it('an undeployed deployment is 1, with the command that deploys it anew', async () => {
    const other = await deploy(rowhouse, 'yields-nan')
    expect(await rowhouse.moc('deployment', 'rm', other)).toMatchObject({ code: 0 })
    expectRefused(
      await create(other, 'rows.csv'),
      1,
      /is UNDEPLOYED since .* To mend: moc deployment create .* --stage DEV\n$/,
    )
  })
})

it('an output that cannot be saved is 1; it is kept and can be fetched elsewhere', async () => {
  // given a finished job, and a place where not even root can make a file
  const made = await rowhouse.moc('job', 'create', 'deployedbatch', deployment, 'rows.csv', 'kept.csv', '--wait')
  const jobId = lastWord(made.stdout)
  const place = process.platform === 'linux' ? '/proc/kept.csv' : join(rowhouse.folder, 'locked', 'kept.csv')
  if (process.platform !== 'linux') chmodSync(makeFolder(rowhouse, 'locked'), 0o555)
  // when
  const ran = await rowhouse.moc('job', 'output', jobId, place)
  // then
  expectRefused(
    ran,
    1,
    /is kept, but it cannot be written to .*kept\.csv \(E[A-Z]+\)\. Fetch it to another place: moc job output/,
  )
  expect(await rowhouse.moc('job', 'output', jobId, 'elsewhere.csv')).toMatchObject({ code: 0 })
  expect(readFileSync(join(rowhouse.folder, 'elsewhere.csv'), 'utf8')).toMatch(/^id,seen/)
})

it('names in any script and of any length are taken and printed as they are', async () => {
  const name = 'Bonität ✓ 日本 🚀'
  const source = join(root, 'stories/models/counts-records')
  expect(await rowhouse.moc('model', 'import', source, '--name', name)).toMatchObject({ code: 0 })
  expect((await rowhouse.moc('model', 'ls')).stdout).toContain(name)
  const snapshot = lastWord((await rowhouse.moc('snapshot', 'create', name, '--tag', 'cc-fraud')).stdout)
  expect(await rowhouse.moc('deployment', 'create', snapshot, '--stage', 'DEV')).toMatchObject({ code: 0 })
  expect((await rowhouse.moc('deployment', 'ls', name)).stdout).toContain(name)
  const long = 'n'.repeat(3000)
  expect(await rowhouse.moc('model', 'import', source, '--name', long)).toMatchObject({ code: 0 })
  expect((await rowhouse.moc('model', 'get', long, '-o', 'json')).stdout).toContain(long)
})
