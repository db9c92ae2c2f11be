import { describe, expect, it } from 'vitest'
import { delegateTask, onSignal, userTask } from './diagram.ts'
import { type MlcServer, startMlc, until } from './mlc-server.ts'

const find = delegateTask('find', 'FindMostRecentBatchDeployedModels')
const assets = delegateTask('assets', 'GetModelRequiredAssets')
const readTwice = onSignal('p', 'go', [find, assets, userTask('t')])
/** With job definitions, which an operator may suspend. */
const asyncTwice = readTwice.replaceAll('camunda:class', 'camunda:asyncBefore="true" camunda:class')
const variables = { TAG: { value: 'cc-fraud' }, MODEL_STAGE: { value: 'DEV' } }

async function trigger(server: MlcServer, more: object = {}): Promise<string> {
  const { body } = await server.call('POST', '/signalResponsive', {
    name: 'go',
    variables: { ...variables, ...more },
  })
  return body.processInstanceId
}

function hold(server: MlcServer): () => void {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.modelManage.holdDeployments = promise
  return resolve
}

const variablesOf = async (server: MlcServer, id: string) =>
  (await server.call('GET', `/process-instance/${id}/variables`)).body

const taskOf = (server: MlcServer, id: string) =>
  until(async () => (await server.call('GET', `/task?processInstanceId=${id}`)).body[0])

const activitiesOf = async (server: MlcServer, id: string) => {
  const { body } = await server.call(
    'GET',
    `/history/activity-instance?processInstanceId=${id}&sortBy=startTime&sortOrder=asc`,
  )
  return body.map((each: { activityId: string; endTime: string | null }) => [each.activityId, each.endTime !== null])
}

describe('delegates that only read, one after the other', () => {
  it('are each in the history with what they answered, and asked once', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': readTwice })
    const id = await trigger(server)
    await taskOf(server, id)
    expect(await variablesOf(server, id)).toMatchObject({
      DEPLOYED_MODEL: { value: { id: 'deployed-1' } },
      INPUT_ASSETS: { value: [{ name: 'in.csv' }] },
    })
    expect(await activitiesOf(server, id)).toEqual([
      ['s', true],
      ['find', true],
      ['assets', true],
      ['t', false],
    ])
    expect(server.modelManage.deploymentsAsked).toBe(1)
  })

  it('end in an incident at the one that fails; what came before it stands', async () => {
    const server = await startMlc()
    await server.deploy({
      'p.bpmn': onSignal('p', 'go', [{ ...assets, id: 'assets' }, find, userTask('t')]),
    })
    const id = await trigger(server, {
      TAG: { value: 'no-such' },
      DEPLOYED_MODEL: { value: { id: 'deployed-1', inputData: [{ name: 'mine.csv' }] } },
    })
    const incident = await until(async () => (await server.call('GET', `/incident?processInstanceId=${id}`)).body[0])
    expect(incident).toMatchObject({ activityId: 'find', incidentMessage: expect.stringContaining("'no-such'") })
    expect(await variablesOf(server, id)).toMatchObject({ INPUT_ASSETS: { value: [{ name: 'mine.csv' }] } })
  })

  it('keep what was written beside them while one was asked', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': readTwice })
    const release = hold(server)
    const id = await trigger(server)
    await until(async () => server.modelManage.deploymentsAsked === 1)
    await server.call('PUT', `/process-instance/${id}/variables/note`, { value: 'written meanwhile', type: 'String' })
    release()
    await taskOf(server, id)
    expect(await variablesOf(server, id)).toMatchObject({
      note: { value: 'written meanwhile' },
      DEPLOYED_MODEL: { value: { id: 'deployed-1' } },
      INPUT_ASSETS: { value: [{ name: 'in.csv' }] },
    })
  })

  it('are asked again where the instance was suspended meanwhile', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': readTwice })
    const release = hold(server)
    const id = await trigger(server)
    await until(async () => server.modelManage.deploymentsAsked === 1)
    await server.call('PUT', `/process-instance/${id}/suspended`, { suspended: true })
    release()
    await server.call('PUT', `/process-instance/${id}/suspended`, { suspended: false })
    await taskOf(server, id)
    expect((await variablesOf(server, id)).INPUT_ASSETS).toBeDefined()
    expect(server.modelManage.deploymentsAsked).toBe(2)
  })

  it('are held where the job definition of one is suspended', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': asyncTwice })
    const { body: definitions } = await server.call('GET', '/job-definition?activityIdIn=assets')
    const suspend = (suspended: boolean) =>
      server.call('PUT', `/job-definition/${definitions[0].id}/suspended`, { suspended, includeJobs: true })
    await suspend(true)
    const id = await trigger(server)
    const job = await until(
      async () => (await server.call('GET', `/job?processInstanceId=${id}&activityId=assets`)).body[0],
    )
    expect(job).toMatchObject({ suspended: true, retries: 3 })
    expect((await variablesOf(server, id)).INPUT_ASSETS).toBeUndefined()
    await suspend(false)
    await taskOf(server, id)
  })
})

describe('the first work of started instances', () => {
  it('is begun by the server that started them as far as it has hands free, and all of it is done', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': readTwice })
    const release = hold(server)
    const ids = await Promise.all(Array.from({ length: 20 }, () => trigger(server)))
    await until(async () => server.modelManage.deploymentsAsked === 8)
    expect((await server.call('GET', '/job/count')).body.count).toBe(20)
    release()
    for (const id of ids) await taskOf(server, id)
    expect(server.modelManage.deploymentsAsked).toBe(20)
  })

  it('is held where its job definition is suspended', async () => {
    const server = await startMlc()
    const start = '<bpmn:startEvent id="s"/>'
    await server.deploy({
      'p.bpmn': asyncTwice.replace(/<bpmn:startEvent .*<\/bpmn:startEvent>/, start),
    })
    const suspend = (suspended: boolean) =>
      server.call('PUT', '/job-definition/suspended', { processDefinitionKey: 'p', suspended, includeJobs: true })
    await suspend(true)
    const { id } = (await server.call('POST', '/process-definition/key/p/start', { variables })).body
    const { body: jobs } = await server.call('GET', `/job?processInstanceId=${id}`)
    expect(jobs).toMatchObject([{ suspended: true }])
    await suspend(false)
    await taskOf(server, id)
  })
})
