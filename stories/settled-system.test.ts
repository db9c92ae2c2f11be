/** What was settled about the parts together: the shipped diagrams, the record of a job, the document of the interface. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, startBySignal } from './calls.ts'
import { deploy, ended, writeRows } from './deploy.ts'
import { eventually, lastWord, type Rowhouse, root, startRowhouse } from './rowhouse.ts'

let rowhouse: Rowhouse
let input: string
const api = '/model-manage/api'
const rest = '/mlc-service/rest'

beforeAll(async () => {
  rowhouse = await startRowhouse()
  input = writeRows(rowhouse, 'rows.csv', 3)
})
afterAll(() => rowhouse?.remove())

const get = async (path: string) => (await call(rowhouse, 'GET', path)).body

describe('a snapshot', () => {
  const finished = (count: number) =>
    eventually(`${count} deployments by diagram`, async () => {
      const query = 'processDefinitionKey=DeployBatchModel&completed=true'
      const answer = await get(`${rest}/history/process-instance/count?${query}`)
      return answer.count >= count ? true : undefined
    })

  it('that names stages is deployed there by the shipped diagram; one that names none is deployed nowhere', async () => {
    const imported = await rowhouse.moc('model', 'import', join(root, 'stories', 'models', 'yields-nan'))
    const model = lastWord(imported.stdout)
    await rowhouse.moc('snapshot', 'create', model, '--tag', 'cc-fraud')
    await finished(1)
    const none = await get(`${api}/deployedModels`)
    expect(none._embedded.deployedModels).toEqual([])
    const staged = await rowhouse.moc('snapshot', 'create', model, '--tag', 'cc-fraud', '--stage', 'DEV')
    await finished(2)
    const { _embedded } = await get(`${api}/deployedModels`)
    expect(_embedded.deployedModels).toMatchObject([
      { state: 'DEPLOYED', stage: 'DEV', serviceTags: ['cc-fraud'], deployableModel: { id: lastWord(staged.stdout) } },
    ])
  })
})

describe('a job of a process', () => {
  it('has one history, with its events and all that is known of its process', async () => {
    await deploy(rowhouse, 'counts-records')
    const files = { INPUT_FILE: input, OUTPUT_FILE: join(rowhouse.folder, 'out.csv') }
    const id = await startBySignal(rowhouse, { TAG: 'cc-fraud', MODEL_STAGE: 'DEV', ...files })
    const search = `${api}/jobHistories/search/findAllByJobMLCS_ProcessInstanceRootProcessInstanceId?processInstanceId=${id}`
    const histories = await eventually('the end of the process in the history', async () => {
      const found = (await get(search))._embedded.jobHistories
      return found[0]?.jobMLCS[0]?.processInstance.state === 'COMPLETED' ? found : undefined
    })
    const job = await ended(rowhouse, histories[0].jobId)
    const instance = await get(`${rest}/history/process-instance/${id}`)
    expect(histories).toHaveLength(1)
    expect(histories[0]).toMatchObject({ jobId: job.id, jobStatus: 'COMPLETE' })
    expect(
      histories[0].events.map((each: { event: string; jobStatus: string }) => [each.event, each.jobStatus]),
    ).toEqual([
      ...[
        ['job.created', 'CREATED'],
        ['job.queued', 'WAITING'],
        ['job.leased', 'RUNNING'],
        ['job.completed', 'COMPLETE'],
      ],
    ])
    expect(histories[0].jobMLCS).toEqual([
      {
        processInstance: {
          id,
          rootProcessInstanceId: id,
          processDefinitionId: instance.processDefinitionId,
          processDefinitionKey: 'RunBatchJob',
          processDefinitionName: instance.processDefinitionName,
          startTime: expect.stringMatching(/Z$/),
          endTime: expect.stringMatching(/Z$/),
          durationInMillis: instance.durationInMillis,
          state: 'COMPLETED',
        },
      },
    ])
    expect(new Date(histories[0].jobMLCS[0].processInstance.endTime)).toEqual(new Date(instance.endTime))
  })
})

describe('/openapi.json', () => {
  const routes: [string, string[]][] = [
    ...(['storedModels', 'deployableModels', 'deployedModels', 'jobs', 'notifications'].map((name) => [
      `${api}/${name}`,
      ['get', 'post'],
    ]) as [string, string[]][]),
    ...(['storedModels', 'deployableModels', 'deployedModels', 'engines', 'jobs', 'notifications'].map((name) => [
      `${api}/${name}/{id}`,
      ['get', 'patch'],
    ]) as [string, string[]][]),
    [`${api}/engines`, ['get']],
    [`${api}/jobHistories`, ['get']],
    [`${api}/jobHistories/{id}`, ['get']],
    [`${api}/jobHistories/search/findAllByJobMLCS_ProcessInstanceRootProcessInstanceId`, ['get']],
    [`${api}/engines/search/findAllByTags`, ['get']],
    [`${api}/jobs/{id}/cancel`, ['post']],
    [`${api}/jobs/{id}/rerun`, ['post']],
    [`${api}/files`, ['post']],
    ...[
      'deployment process-definition incident job external-task task history/process-instance',
      'history/activity-instance history/variable-instance history/incident process-instance version engine',
    ].flatMap((names) => names.split(' ').map((name): [string, string[]] => [`${rest}/${name}`, ['get']])),
    ...[
      'deployment/create signal signalResponsive message external-task/fetchAndLock external-task/{id}/complete',
      'external-task/{id}/failure external-task/{id}/bpmnError external-task/{id}/extendLock task/{id}/complete',
      'process-definition/key/{key}/start',
    ].flatMap((names) => names.split(' ').map((name): [string, string[]] => [`${rest}/${name}`, ['post']])),
    [`${rest}/process-definition/{id}/xml`, ['get']],
    [`${rest}/process-definition/{id}/suspended`, ['put']],
    [`${rest}/process-instance/{id}`, ['get', 'delete']],
    [`${rest}/process-instance/{id}/variables`, ['get']],
    [`${rest}/process-instance/{id}/activity-instances`, ['get']],
    [`${rest}/incident/count`, ['get']],
    [`${rest}/job/{id}/retries`, ['put']],
  ]

  it('needs no token and tells every route that was promised', async () => {
    const answer = await call(rowhouse, 'GET', '/openapi.json', { token: null })
    expect(answer.status).toBe(200)
    const missing = routes.flatMap(([path, methods]) =>
      methods.filter((method) => !(method in (answer.body.paths[path] ?? {}))).map((method) => `${method} ${path}`),
    )
    expect(missing).toEqual([])
  })

  it('names the shapes of requests, and every name leads to its shape', async () => {
    const { text, body } = await call(rowhouse, 'GET', '/openapi.json', { token: null })
    const named = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, path]) => path ?? '')
    expect(named).toContain('#/components/schemas/JobInput')
    const lost = named.filter(
      (path) =>
        path
          .slice(2)
          .split('/')
          .reduce((at, part) => at?.[part], body) === undefined,
    )
    expect(lost).toEqual([])
  })
})
