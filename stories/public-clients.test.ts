/** What public scripts send and read: must work unchanged. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ended, writeRows } from './deploy.ts'
import { lastWord, type Rowhouse, root, runCommand, startRowhouse } from './rowhouse.ts'

let rowhouse: Rowhouse
let input: string

beforeAll(async () => {
  rowhouse = await startRowhouse()
  input = writeRows(rowhouse, 'rows.csv', 10)
})
afterAll(() => rowhouse?.remove())

const request = async (
  method: string,
  path: string,
  init: { body?: string | FormData; headers?: Record<string, string> } = {},
) => {
  const response = await fetch(rowhouse.url + path, {
    method,
    ...init,
    headers: { authorization: `Bearer ${rowhouse.token}`, ...init.headers },
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}

describe('a scheduler script that picks the youngest snapshot by tag and calls moc', () => {
  it('finds tags on every snapshot of the first page and dates that Python 3.7 parses', async () => {
    await rowhouse.moc('model', 'import', join(root, 'stories/models/counts-records'))
    await rowhouse.moc('snapshot', 'create', 'counts-records', '--tag', 'cc-fraud')
    const { body } = await request('GET', '/model-manage/api/deployableModels')
    for (const snapshot of body._embedded.deployableModels) {
      expect(Array.isArray(snapshot.storedModel.modelMetaData.tags)).toBe(true)
      expect(snapshot.createdDate).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      expect(snapshot.storedModel.id).toEqual(expect.any(String))
    }
  })

  it('creates a batchjob on the stored model with the region as last word of the call, and polls its status by tabs', async () => {
    const { body } = await request('GET', '/model-manage/api/deployableModels')
    const modelId = body._embedded.deployableModels[0].storedModel.id
    const created = await rowhouse.moc(
      'job',
      'create',
      'batchjob',
      modelId,
      `file://${input}`,
      `file://${rowhouse.folder}/scores.csv`,
      '--region=us-east-2',
    )
    expect(created.code).toBe(0)
    const jobId = created.stdout.trim().slice(created.stdout.trim().lastIndexOf(' ') + 1)
    expect(jobId).toBe(lastWord(created.stdout))
    await ended(rowhouse, jobId)
    const status = await rowhouse.moc('job', 'status', jobId)
    const cells = status.stdout.split('\n')[1]?.split('\t') ?? []
    expect(cells[cells.length - 2]?.trim()).toBe('COMPLETE')
  })
})

describe('a submit script that signs in by form and posts an inline model', () => {
  it('reads four members of the token and a message on failure', async () => {
    const ask = (password: string) =>
      fetch(`${rowhouse.url}/gocli/token`, {
        method: 'POST',
        body: new URLSearchParams({ username: 'admin', password }),
      })
    const token = (await (await ask('a-password-of-the-stories')).json()) as Record<string, unknown>
    for (const member of ['access_token', 'refresh_token', 'expires_in', 'token_type'])
      expect(token[member]).toBeDefined()
    const refused = await ask('wrong')
    expect(refused.status).toBe(401)
    expect(await refused.json()).toMatchObject({ message: expect.any(String) })
  })

  it('posts a full old job with foreign ids for an engine that is not there yet: accepted, kept as CREATED with the reason', async () => {
    const body = {
      id: 'e0a1b2c3',
      version: 12,
      lastModifiedBy: 'SYSTEM',
      _links: { self: { href: 'http://elsewhere/api/modelBatchJob/e0a1b2c3' } },
      jobType: 'MODEL_BATCH_JOB',
      jobStatus: 'CREATED',
      model: {
        id: 'f00',
        storedModel: {
          id: 'b4r',
          modelAssets: [
            {
              name: 'm.py',
              assetType: 'SOURCE_CODE',
              primaryModelSource: true,
              initFunction: 'init',
              scoreFunction: 'score',
              sourceCode: 'def score(a, b, c): pass',
            },
          ],
          modelMetaData: { type: 'PYSPARK' },
        },
      },
      jobParameters: { '--executor-memory': '512MB', '-v': '' },
      inputData: [
        {
          name: 'in',
          assetType: 'EXTERNAL_FILE',
          fileUrl: 'hdfs:///data/in.csv',
          fileFormat: 'CSV',
          repositoryInfo: { repositoryType: 'HDFS_REPOSITORY', host: '', port: 0 },
        },
      ],
      outputData: [
        {
          name: 'out',
          assetType: 'EXTERNAL_FILE',
          fileUrl: 'hdfs:///data/out.csv',
          fileFormat: 'CSV',
          repositoryInfo: { repositoryType: 'HDFS_REPOSITORY', host: '', port: 0 },
        },
      ],
      targetEngine: { engineType: 'SPARK_RUNTIME', name: 'spark-runtime-1' },
    }
    const created = await request('POST', '/model-manage/api/jobs', {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    })
    expect(created.status).toBe(201)
    expect(created.body.id).not.toBe('e0a1b2c3')
    const job = (await request('GET', `/model-manage/api/jobs/${created.body.id}`)).body
    expect(job.jobStatus).toBe('CREATED')
    expect(job.jobMessages.join('\n')).toContain('spark-runtime-1')
  })
})

describe('a migration script for diagrams', () => {
  it('lists the newest definitions, reads their XML and deploys it again', async () => {
    const listed = await request('GET', '/mlc-service/rest/process-definition?latestVersion=true')
    expect(listed.status).toBe(200)
    const run = listed.body.find((definition: { key: string }) => /RunBatchJob/i.test(definition.key))
    expect(run).toMatchObject({ id: expect.any(String), name: expect.any(String) })
    const xml = await request('GET', `/mlc-service/rest/process-definition/${encodeURIComponent(run.id)}/xml`)
    expect(xml.body.bpmn20Xml).toContain('<bpmn:definitions')
    const form = new FormData()
    form.set('deployment-name', run.key)
    form.set('enable-duplicate-filtering', 'true')
    form.set('data', new Blob([xml.body.bpmn20Xml], { type: 'application/octet-stream' }), `${run.key}.bpmn`)
    const deployed = await request('POST', '/mlc-service/rest/deployment/create', { body: form })
    expect(deployed.status).toBe(200)
  })

  it.each(['/mlc-service/rest/signal', '/rest/signal', '/mlc-service/api/signal'])(
    'sends a signal whose variable is an untyped object to %s',
    async (path) => {
      const body = {
        name: 'com.modelop.mlc.definitions.Signals_MODEL_DATA_DRIFT_TEST',
        variables: {
          MODEL_ID: { value: 'x' },
          OUTPUT_FILE: { value: { assetType: 'EXTERNAL_FILE', fileUrl: 's3://b/k' } },
        },
      }
      const sent = await request('POST', path, {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      })
      expect(sent.status).toBe(204)
    },
  )
})

it('a notification is deleted with a bare token', async () => {
  const made = await rowhouse.client.notifications.create({ message: 'hello' })
  const deleted = await request('DELETE', `/model-manage/api/notifications/${made.id}`)
  expect(deleted.status).toBeGreaterThanOrEqual(200)
  expect(deleted.status).toBeLessThan(300)
})

describe('moc from its packed tarball', () => {
  it('installs alone in an empty folder and talks to the gateway', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'moc-alone-'))
    try {
      const npm = (args: string[], cwd: string) => runCommand('npm', args, { cwd, shell: process.platform === 'win32' })
      const packed = await npm(['pack', '--pack-destination', folder, '--loglevel=error'], join(root, 'packages/moc'))
      expect(packed.code, packed.stderr).toBe(0)
      const installed = await npm(
        ['install', '--no-audit', '--no-fund', '--prefix', folder, join(folder, lastWord(packed.stdout))],
        folder,
      )
      expect(installed.code, installed.stderr).toBe(0)
      const env = {
        ROWHOUSE_MOC_CONFIG: join(folder, 'config.json'),
        ROWHOUSE_MOC_USER: 'admin',
        ROWHOUSE_MOC_PASSWORD: 'a-password-of-the-stories',
      }
      const moc = (...args: string[]) => runCommand(join(folder, 'node_modules/.bin/moc'), args, { cwd: folder, env })
      expect((await moc('init', rowhouse.url)).code).toBe(0)
      const runtime = (await moc('runtime', 'ls', '-q')).stdout.trim()
      expect((await moc('show')).stdout).toMatch(/^gatewayUrl: http:/m)
      expect((await moc('runtime', 'get', runtime)).stdout).toContain(`id: ${runtime}`)
      const listed = JSON.parse((await moc('runtime', 'ls', '-o', 'json')).stdout)
      expect(listed).toEqual([expect.objectContaining({ id: runtime })])
      expect(statSync(env.ROWHOUSE_MOC_CONFIG).mode & 0o777).toBe(0o600)
      expect(readFileSync(env.ROWHOUSE_MOC_CONFIG, 'utf8')).not.toContain('a-password-of-the-stories')
      expect(existsSync(join(folder, 'node_modules/@rowhouse/contract'))).toBe(false)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
