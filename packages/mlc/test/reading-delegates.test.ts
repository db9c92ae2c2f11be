import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { chain, delegateTask, diagram, flow, onSignal, userTask } from './diagram.ts'
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
    expect(server.modelManage.deploymentsAsked).toBeGreaterThan(1)
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

describe('steps that were tried', () => {
  it('are made by another way where time has closed the first one', async () => {
    let shiftMs = 0
    const server = await startMlc({ now: () => new Date(Date.now() + shiftMs) })
    const again = delegateTask('again', 'FindMostRecentBatchDeployedModels')
    const make = delegateTask('make', 'CreateModelBatchJob')
    const inTime = '<bpmn:conditionExpression>${now().getTime() &lt; DEADLINE}</bpmn:conditionExpression>'
    const body =
      `<bpmn:startEvent id="s"/>${find.xml}<bpmn:exclusiveGateway id="g" default="g_make"/>${again.xml}${make.xml}` +
      `<bpmn:userTask id="t"/>${chain('s', 'find', 'g')}${flow('g', 'make')}${flow('make', 't')}${flow('again', 't')}` +
      `<bpmn:sequenceFlow id="g_again" sourceRef="g" targetRef="again">${inTime}</bpmn:sequenceFlow>`
    await server.deploy({ 'p.bpmn': diagram('p', body) })
    // given a second call during which the deadline passes
    const second = Promise.withResolvers<void>()
    let asked = 0
    Object.defineProperty(server.modelManage, 'holdDeployments', {
      get: () => (++asked > 1 ? second.promise : null),
    })
    const DEADLINE = { value: Date.now() + 3_600_000, type: 'Long' }
    const started = await server.call('POST', '/process-definition/key/p/start', {
      variables: { ...variables, DEADLINE },
    })
    await until(async () => asked > 1)
    shiftMs = 7_200_000
    second.resolve()
    // then the job is made, by its own delegate
    await taskOf(server, started.body.id)
    expect(server.modelManage.jobs).toHaveLength(1)
    expect((await variablesOf(server, started.body.id)).JOB_ID).toMatchObject({ value: 'job-1' })
  })

  it('and that the database refuses are told at the one that it refuses', async () => {
    const server = await startMlc()
    const correlation = '<rowhouse:correlation key="${KEY}"/>'
    const receive = `<bpmn:receiveTask id="r" messageRef="m"><bpmn:extensionElements>${correlation}</bpmn:extensionElements></bpmn:receiveTask>`
    const body =
      `<bpmn:startEvent id="s"/>${find.xml}${assets.xml}${receive}<bpmn:endEvent id="e"/>` +
      chain('s', 'find', 'assets', 'r', 'e')
    await server.deploy({ 'p.bpmn': diagram('p', body, '<bpmn:message id="m" name="x"/>') })
    // more than an index of PostgreSQL takes
    const KEY = { value: randomBytes(20_000).toString('base64') }
    const { body: started } = await server.call('POST', '/process-definition/key/p/start', {
      variables: { ...variables, KEY },
    })
    const incidents = () => server.call('GET', `/incident?processInstanceId=${started.id}`)
    expect(await until(async () => (await incidents()).body[0])).toMatchObject({ activityId: 'assets' })
    expect((await variablesOf(server, started.id)).DEPLOYED_MODEL).toBeDefined()
  })

  it('are each asked once while a job definition of another process is suspended', async () => {
    const server = await startMlc()
    const held = { id: 'x', xml: '<bpmn:userTask id="x" camunda:asyncBefore="true"/>' }
    const reads = [1, 2, 3, 4].map((n) => delegateTask(`find${n}`, 'FindMostRecentBatchDeployedModels'))
    await server.deploy({
      'p.bpmn': onSignal('p', 'go', [...reads, userTask('t')]),
      'o.bpmn': onSignal('o', 'never', [held]),
    })
    await server.call('PUT', '/job-definition/suspended', { processDefinitionKey: 'o', suspended: true })
    await taskOf(server, await trigger(server))
    expect(server.modelManage.deploymentsAsked).toBe(4)
  })

  it('stand in the history in their order, also from the newest back', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': readTwice })
    const id = await trigger(server)
    await taskOf(server, id)
    const newestFirst = `/history/activity-instance?processInstanceId=${id}&sortBy=startTime&sortOrder=desc`
    const { body } = await server.call('GET', newestFirst)
    expect(body.map((each: { activityId: string }) => each.activityId)).toEqual(['t', 'assets', 'find', 's'])
  })
})

describe('the first work of started instances', () => {
  it('is done as well where the search for work met it first, newer than what it reads beside it', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': readTwice })
    const release = hold(server)
    // given a search that has begun, and waits for another server's
    const other = await server.database.pool.connect()
    await other.query('begin')
    await other.query(`select pg_advisory_xact_lock(hashtext('mlc.take_due_work'))`)
    await server.call('PUT', '/job-definition/suspended', { processDefinitionKey: 'p', suspended: false })
    const waits = `select 1 from pg_locks where locktype = 'advisory' and not granted
      and database = (select oid from pg_database where datname = current_database())`
    await until(async () => (await server.database.pool.query(waits)).rowCount)
    // when more is started than there are hands for
    const ids = await Promise.all(Array.from({ length: 12 }, () => trigger(server)))
    await until(async () => server.modelManage.deploymentsAsked >= 8)
    await other.query('commit')
    other.release()
    // then what the search found is begun, too
    await until(async () => server.modelManage.deploymentsAsked === 12)
    release()
    for (const id of ids) await taskOf(server, id)
  })

  it('leaves no hand behind where it could not be stored', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': readTwice })
    const refuse = `create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
      create constraint trigger refuse after insert on mlc.instance deferrable initially deferred for each row execute function refuse()`
    await server.database.pool.query(refuse)
    for (let n = 0; n < 10; n += 1)
      expect((await server.call('POST', '/signalResponsive', { name: 'go', variables })).status).toBe(500)
    await server.database.pool.query('drop trigger refuse on mlc.instance')
    const release = hold(server)
    const ids = await Promise.all(Array.from({ length: 10 }, () => trigger(server)))
    await until(async () => server.modelManage.deploymentsAsked === 8)
    release()
    for (const id of ids) await taskOf(server, id)
  })

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
