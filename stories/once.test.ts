/** A trigger that is sent twice runs once: by header, by variable, through every door. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { deploy, ended, fileAsset, writeRows } from './deploy.ts'
import { eventually, lastWord, type Rowhouse, startRowhouse } from './rowhouse.ts'

let rowhouse: Rowhouse
let deploymentId: string
let input: string
const signal = 'com.modelop.mlc.definitions.Signals_DEPLOYED_BATCH_JOB'

beforeAll(async () => {
  rowhouse = await startRowhouse()
  deploymentId = await deploy(rowhouse, 'counts-records')
  input = writeRows(rowhouse, 'rows.csv', 10)
})
afterAll(() => rowhouse?.remove())

async function post(path: string, body: unknown, key?: string) {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    authorization: `Bearer ${rowhouse.token}`,
  }
  if (key !== undefined) headers['idempotency-key'] = key
  const response = await fetch(rowhouse.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  return {
    status: response.status,
    replayed: response.headers.get('idempotency-replayed'),
    body: (await response.json()) as Record<string, unknown>,
  }
}

const jobBody = (name: string) => ({
  deployedModel: { id: deploymentId },
  inputData: [fileAsset(input)],
  outputData: [fileAsset(join(rowhouse.folder, name))],
})
const signalBody = (more: Record<string, unknown> = {}) => ({
  name: signal,
  variables: {
    TAG: { value: 'cc-fraud' },
    MODEL_STAGE: { value: 'DEV' },
    INPUT_FILE: { value: input },
    OUTPUT_FILE: { value: join(rowhouse.folder, 'by-signal.csv') },
    ...more,
  },
})

it('the same job twice with one key is one job, the second answer marked as replayed', async () => {
  const first = await post('/model-manage/api/jobs', jobBody('a.csv'), 'job-1')
  const second = await post('/model-manage/api/jobs', jobBody('a.csv'), 'job-1')
  expect(first).toMatchObject({ status: 201, replayed: null })
  expect(second).toMatchObject({ status: 201, replayed: 'true' })
  expect(second.body.id).toBe(first.body.id)
})

it('another body with the same key is 409 and says why', async () => {
  await post('/model-manage/api/jobs', jobBody('b.csv'), 'job-2')
  const other = await post('/model-manage/api/jobs', jobBody('c.csv'), 'job-2')
  expect(other.status).toBe(409)
  expect(other.body.message).toContain('job-2')
})

it('twenty clients at once with one key start one process and one job', async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => post('/mlc-service/rest/signalResponsive', signalBody(), 'signal-1')),
  )
  expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]))
  const [id, ...others] = new Set(answers.map((answer) => String(answer.body.processInstanceId)))
  expect(others).toEqual([])
  const jobs = await eventually('the job', async () => {
    const found = await rowhouse.client.jobHistories.findByRootProcessInstanceId(id ?? '')
    return found._embedded.jobHistories?.length ? found._embedded.jobHistories : undefined
  })
  expect(jobs).toHaveLength(1)
  expect(await ended(rowhouse, jobs[0]?.jobId ?? '')).toMatchObject({ jobStatus: 'COMPLETE' })
})

it('a scheduler that can only edit the JSON uses the variable IDEMPOTENCY_KEY', async () => {
  const body = signalBody({ IDEMPOTENCY_KEY: { value: '2026-01-01' } })
  const first = await post('/mlc-service/rest/signalResponsive', body)
  const second = await post('/mlc-service/rest/signalResponsive', body)
  expect(second.body.processInstanceId).toBe(first.body.processInstanceId)
  expect(second.replayed).toBe('true')
})

it('moc takes --idempotency-key', async () => {
  const args = [
    'job',
    'create',
    'deployedbatch',
    deploymentId,
    input,
    join(rowhouse.folder, 'moc.csv'),
    '--idempotency-key',
    'moc-1',
  ]
  const [first, second] = [await rowhouse.moc(...args), await rowhouse.moc(...args)]
  expect(lastWord(second.stdout)).toBe(lastWord(first.stdout))
  expect(first).toMatchObject({ stdout: expect.stringMatching(/^Created job /), stderr: '' })
  expect(second).toMatchObject({ stdout: expect.stringMatching(/^Job /) })
  expect(second.stderr).toContain('nothing new was made')
})
