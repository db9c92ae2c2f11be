import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { delegateTask, diagram, expressionTask, onSignal, userTask } from './diagram.ts'
import { definition, rest, startMlc, until } from './mlc-server.ts'

const startTimer = (kind: string, text: string) =>
  diagram(
    'p',
    `<bpmn:startEvent id="s"><bpmn:timerEventDefinition><bpmn:${kind}>${text}</bpmn:${kind}></bpmn:timerEventDefinition></bpmn:startEvent><bpmn:endEvent id="e"/><bpmn:sequenceFlow id="f" sourceRef="s" targetRef="e"/>`,
  )

describe('shipped definitions', () => {
  it('are deployed once, however often and by however many servers they are started', async () => {
    const shipped = [{ file: 'RunBatchJob.bpmn', xml: await definition('RunBatchJob.bpmn') }]
    const server = await startMlc({ shipped })
    await Promise.all([server.second(), server.second()])
    const { body } = await server.call('GET', '/process-definition?key=RunBatchJob')
    expect(body.map((one: { version: number }) => one.version)).toEqual([1])
  })

  it('supersede an older one of ours, never the version of a user', async () => {
    const xml = onSignal('RunBatchJob', 'go', [userTask('t')])
    const shipped = [{ file: 'RunBatchJob.bpmn', xml }]
    const server = await startMlc({ shipped })
    shipped[0] = { file: 'RunBatchJob.bpmn', xml: xml.replace('name="t"', 'name="newer"') }
    await server.second()
    const latest = async () => (await server.call('GET', '/process-definition/key/RunBatchJob')).body.version
    expect(await latest()).toBe(2)
    await server.deploy({ 'mine.bpmn': xml })
    expect(await latest()).toBe(3)
    shipped[0] = { file: 'RunBatchJob.bpmn', xml: xml.replace('name="t"', 'name="newest"') }
    await server.second()
    expect(await latest()).toBe(3)
  })
})

describe('deployment', () => {
  it('of an unknown delegate warns; reaching it is an incident that names the known ones', async () => {
    const server = await startMlc()
    const { status, body } = await server.deploy({
      'p.bpmn': onSignal('p', 'go', [delegateTask('x', 'CreateJiraTicket')]),
    })
    expect(status).toBe(200)
    expect(body.warnings).toEqual([expect.stringContaining('CreateJiraTicket')])
    await server.call('POST', '/signalResponsive', { name: 'go' })
    const incident = await until(async () => (await server.call('GET', '/incident')).body[0])
    expect(incident).toMatchObject({ activityId: 'x', incidentType: 'failedJob' })
    expect(incident.incidentMessage).toMatch(/CreateJiraTicket.*CreateModelBatchJob/s)
  })

  it('of broken XML is refused with what is wrong and stores nothing', async () => {
    const server = await startMlc()
    const broken = await server.deploy({
      'good.bpmn': onSignal('p', 'go', [userTask('t')]),
      'bad.bpmn': '<bpmn:definitions',
    })
    expect(broken.status).toBe(500)
    expect(broken.body.type).toBe('ProcessEngineException')
    const unknown = await server.deploy({
      'bad.bpmn': diagram(
        'q',
        '<bpmn:startEvent id="s"/><bpmn:sequenceFlow id="f" sourceRef="s" targetRef="nowhere"/>',
      ),
    })
    expect(unknown).toMatchObject({
      status: 400,
      body: { type: 'ParseException', details: { 'bad.bpmn': { errors: expect.any(Array) } } },
    })
    expect((await server.call('GET', '/deployment/count')).body.count).toBe(0)
    expect((await server.call('GET', '/process-definition/count')).body.count).toBe(0)
  })

  it('with a mistake in an expression names the element, beside the sentence of the reference engine', async () => {
    const server = await startMlc()
    const { status, body } = await server.deploy({ 'p.bpmn': onSignal('p', 'go', [expressionTask('wrong', '${a +}')]) })
    expect(status).toBe(500)
    expect(body).toMatchObject({
      type: 'ProcessEngineException',
      message: expect.stringContaining('| resource p.bpmn'),
    })
    const [error] = body.details['p.bpmn'].errors
    expect(error).toMatchObject({ mainElementId: 'wrong', elementIds: ['wrong'], line: expect.any(Number) })
    expect(body.message).toContain(error.message)
  })

  it('of something that was not refused then does not stop its instances; what can no longer be read says so', async () => {
    const server = await startMlc()
    const plain = onSignal('p', 'go', [userTask('t')])
    await server.deploy({ 'p.bpmn': plain })
    await server.call('POST', '/signal', { name: 'go' })
    const [task] = (await server.call('GET', '/task')).body
    const completeWith = async (stored: string) => {
      await sql`update mlc.resource set content = ${Buffer.from(stored)}`.execute(server.database.kysely)
      const url = `${rest}/task/${task.id}/complete`
      return (await server.second()).inject({
        method: 'POST',
        url,
        headers: { authorization: 'Bearer user' },
        payload: {},
      })
    }
    const unreadable = await completeWith('<no/>')
    expect(unreadable.statusCode).toBe(500)
    expect(unreadable.json().message).toMatch(/The stored diagram of p:1:.* cannot be read any more: ENGINE-09003/)
    const forZeebe = 'xmlns:modeler="http://camunda.org/schema/modeler/1.0" modeler:executionPlatform="Camunda Cloud"'
    const refused = plain.replace('id="d"', `id="d" ${forZeebe}`)
    expect((await server.deploy({ 'p.bpmn': refused })).status).toBe(400)
    expect((await completeWith(refused.replace('UTF-8', 'x-mine'))).statusCode).toBe(204)
  })

  it('without files, and sent as JSON, is 400', async () => {
    const server = await startMlc()
    expect((await server.deploy({}, { 'deployment-name': 'x' })).body.message).toBe(
      'No deployment resources contained in the form upload.',
    )
    expect((await server.call('POST', '/deployment/create', {})).status).toBe(400)
  })

  it('with one key in two files is refused in the words of the reference engine', async () => {
    const server = await startMlc()
    const file = onSignal('p', 'go', [userTask('t')])
    expect(await server.deploy({ 'p.bpmn': file, 'q.bpmn': file })).toMatchObject({
      status: 500,
      body: {
        type: 'ProcessEngineException',
        message: "The deployment contains definitions with the same key 'p' (id attribute), this is not allowed",
      },
    })
  })

  it.each(['version=1', 'deploymentId=d', 'processDefinitionId=x'])(
    'is asked for its latest version by key or name, not by %s',
    async (filter) => {
      const server = await startMlc()
      expect(await server.call('GET', `/process-definition?latestVersion=true&${filter}`)).toMatchObject({
        status: 500,
        body: { type: 'ProcessEngineException', message: expect.stringContaining('Calling latest() can only be used') },
      })
      expect((await server.call('GET', `/process-definition?latestVersion=false&${filter}`)).status).toBe(200)
    },
  )

  it('takes what upgrade scripts send: a part named data, the latest versions, and a suspended one stays suspended', async () => {
    const server = await startMlc()
    const fields = { 'deployment-name': 'p', 'enable-duplicate-filtering': 'true' }
    await server.deploy({ 'p.bpmn': onSignal('p', 'go', [userTask('t')]) }, fields)
    await server.call('PUT', '/process-definition/key/p/suspended', { suspended: true })
    const [latest] = (await server.call('GET', '/process-definition?latestVersion=true')).body
    const { body } = await server.call('GET', `/process-definition/${encodeURIComponent(latest.id)}/xml`)
    expect(body.bpmn20Xml).toContain('id="t"')
    const changed = await server.deploy({ 'p.bpmn': body.bpmn20Xml.replace('name="t"', 'name="changed"') }, fields)
    expect(changed.status).toBe(200)
    const now = await server.call('GET', '/process-definition?latestVersion=true')
    expect(now.body).toMatchObject([{ key: 'p', version: 2, suspended: true }])
  })

  it('counts versions without gaps when two come at once', async () => {
    const server = await startMlc()
    const xml = onSignal('p', 'go', [userTask('t')])
    await Promise.all([1, 2, 3].map(() => server.deploy({ 'p.bpmn': xml })))
    const { body } = await server.call('GET', '/process-definition?sortBy=version&sortOrder=asc')
    expect(body.map((one: { version: number }) => one.version)).toEqual([1, 2, 3])
  })

  it('that is deleted with its instances cancels the jobs they waited for', async () => {
    const server = await startMlc({
      shipped: [{ file: 'RunBatchJob.bpmn', xml: await definition('RunBatchJob.bpmn') }],
    })
    const variables = { TAG: { value: 'cc-fraud' }, MODEL_STAGE: { value: 'DEV' } }
    await server.call('POST', '/signalResponsive', {
      name: 'com.modelop.mlc.definitions.Signals_DEPLOYED_BATCH_JOB',
      variables,
    })
    const job = await until(async () => server.modelManage.jobs[0])
    const [deployment] = (await server.call('GET', '/deployment')).body
    expect((await server.call('DELETE', `/deployment/${deployment.id}`)).status).toBe(500)
    expect((await server.call('DELETE', `/deployment/${deployment.id}?cascade=true`)).status).toBe(204)
    await until(async () => server.modelManage.cancelled.some((one) => one.jobId === job.id))
  })
})

describe('start timers', () => {
  it('start an instance each time they are due, and are replaced by the next version', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': startTimer('timeCycle', 'R/PT0.2S') })
    const started = async () => (await server.call('GET', '/history/process-instance/count?finished=true')).body.count
    await until(async () => (await started()) >= 2)
    await server.deploy({ 'p.bpmn': startTimer('timeDuration', 'PT1H') })
    const { body } = await server.call('GET', '/job')
    expect(body).toMatchObject([{ processInstanceId: null, processDefinitionKey: 'p', retries: 3 }])
    const { body: definitions } = await server.call('GET', `/job-definition/${body[0].jobDefinitionId}`)
    expect(definitions).toMatchObject({ jobType: 'timer-start-event', activityId: 's' })
  })

  it('are suspended with their definition', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': startTimer('timeDuration', 'PT1H') })
    await server.call('PUT', '/process-definition/key/p/suspended', { suspended: true })
    expect((await server.call('GET', '/job')).body).toMatchObject([{ suspended: true }])
  })
})

it('every path is there under engine/default too', async () => {
  const server = await startMlc()
  await server.deploy({ 'p.bpmn': onSignal('p', 'go', [userTask('t')]) })
  expect((await server.call('GET', '/engine/default/process-definition/count')).body).toEqual({ count: 1 })
  expect((await server.call('GET', '/engine')).body).toEqual([{ name: 'default' }])
  expect((await server.call('GET', '/version')).body.version).toMatch(/^7\./)
  expect((await server.call('GET', '/no-such')).body).toMatchObject({ type: 'InvalidRequestException' })
  expect((await server.call('GET', '/incident', undefined, { as: 'runtime' })).status).toBe(403)
})
