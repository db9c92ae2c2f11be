import { answerOf, failureOf } from '@rowhouse/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Call, call, incidentOf, startBySignal } from './calls.ts'
import { ended } from './deploy.ts'
import { type Rowhouse, startRowhouse } from './rowhouse.ts'

let rowhouse: Rowhouse
const api = '/model-manage/api'
const rest = '/mlc-service/rest'

beforeAll(async () => {
  rowhouse = await startRowhouse()
})
afterAll(() => rowhouse.remove())

interface Operation {
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>
}

async function operations(): Promise<[route: string, Operation][]> {
  const { body } = await call(rowhouse, 'GET', '/openapi.json', { token: null })
  const paths: [string, Record<string, Operation>][] = Object.entries(body.paths)
  return paths.flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation]),
  )
}

describe('/openapi.json', () => {
  it('tells of each call how it answers, and how it fails in the dialect of its wing', async () => {
    const all = await operations()
    expect(all.length).toBeGreaterThan(150)
    for (const [route, { responses }] of all) {
      const [success, failure, ...others] = Object.keys(responses)
      expect({ route, success, failure, others }).toEqual({
        ...{ route, failure: 'default', others: [] },
        success: expect.stringMatching(/^2(\d\d|XX)$/),
      })
      const dialect = route.includes(rest)
        ? { 'application/json': { schema: { $ref: '#/components/schemas/CamundaErrorBody' } } }
        : { 'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemBody' } } }
      expect(responses.default?.content, route).toEqual(dialect)
    }
  })

  it('tells the truth: what is answered has the status and the shape told', async () => {
    const model = await made('POST', `${api}/storedModels`, { modelMetaData: { name: 'told' } })
    const snapshot = await made('POST', `${api}/deployableModels`, {
      storedModel: { id: model.id },
      metaData: { tags: ['cc-fraud'] },
    })
    const deployment = { deployableModel: { id: snapshot.id }, stage: 'DEV' }
    const deployed = await made('POST', `${api}/deployedModels`, deployment)
    const [{ id: deploymentId }] = deployed._embedded.deployedModels
    const inputData = [{ assetType: 'FILE', filename: 'in.csv', fileContentString: 'a\n1\n' }]
    await made('POST', `${api}/jobs`, { deployedModel: { id: deploymentId }, inputData })
    // for a runtime that is not there yet: it cannot end before it is cancelled
    const later = { storedModel: { id: model.id }, targetEngine: { name: 'later' }, inputData }
    const job = await made('POST', `${api}/jobs`, later)
    await made('POST', `${api}/jobs/:id/cancel`, {}, job.id)
    await ended(rowhouse, job.id)
    await made('POST', `${api}/jobs/:id/rerun`, {}, job.id)
    await made('POST', `${api}/notifications`, { message: 'told' })
    for (const name of ['storedModels', 'deployableModels', 'deployedModels', 'engines', 'jobs', 'jobHistories']) {
      const list = await made('GET', `${api}/${name}`)
      await made('GET', `${api}/${name}/:id`, undefined, list._embedded[name][0].id)
    }
    await made('GET', `${api}/deployedModels/search/findMostRecentBatch?tag=cc-fraud&stage=DEV`)
    const signal = { name: 'com.modelop.mlc.definitions.Signals_DEPLOYED_BATCH_JOB', variables: {} }
    await made('POST', `${rest}/signalResponsive`, signal)
    const instance = await startBySignal(rowhouse, { TAG: 'nobody', MODEL_STAGE: 'DEV' })
    await incidentOf(rowhouse, instance)
    for (const name of ['process-definition', 'process-instance', 'incident']) {
      const list = await made('GET', `${rest}/${name}`)
      await made('GET', `${rest}/${name}/:id`, undefined, list[0].id)
      await made('GET', `${rest}/${name}/count`)
    }
    await made('GET', `${rest}/process-definition/key/:key`, undefined, 'RunBatchJob')
    await made('POST', `${rest}/process-definition/key/:key/start`, {}, 'RunBatchJob')
    await made('PUT', `${rest}/process-instance/:id/suspended`, { suspended: true }, instance)
    await made('DELETE', `${rest}/process-instance/:id`, undefined, instance)
    await made('POST', `${rest}/signal`, { name: 'nobody waits for this' })
    await made('GET', '/health/ready')
    await failed('GET', `${api}/jobs/:id`, 'no-such-id')
    await failed('GET', `${rest}/process-instance/:id`, 'no-such-id')
    await failed('GET', `${rest}/process-instance`, '', { token: null })
  })
})

/** `path` as the route is written. */
async function made(method: string, path: string, body?: unknown, id = '') {
  const answer = await call(rowhouse, method, path.replace(/:\w+/, id), { body })
  const told = answerOf(method, path.split('?')[0] ?? path)
  expect(String(answer.status), `${method} ${path}: ${answer.text}`).toMatch(
    new RegExp(`^${told.status.replaceAll('X', '\\d')}$`),
  )
  if (told.shape === undefined) expect(answer.text).toBe('')
  else expect(told.shape.safeParse(answer.body).error?.message, `${method} ${path}`).toBeUndefined()
  return answer.body
}

async function failed(method: string, path: string, id: string, options: Call = {}) {
  const answer = await call(rowhouse, method, path.replace(/:\w+/, id), options)
  expect(answer.status).toBeGreaterThanOrEqual(400)
  const { contentType, shape } = failureOf(path)
  expect(answer.headers.get('content-type')).toBe(contentType)
  expect(shape.safeParse(answer.body).error?.message, path).toBeUndefined()
}
