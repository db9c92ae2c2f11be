/** Lists by their filters: each is asked over HTTP, GET and POST alike where Camunda has both. */
import { describe, expect, it } from 'vitest'
import { chain, diagram, userTask } from './diagram.ts'
import { type MlcServer, startMlc, until } from './mlc-server.ts'

const waiting = `<bpmn:startEvent id="s"/>${userTask('u').xml}${chain('s', 'u')}`
const quick = `<bpmn:startEvent id="s"/><bpmn:endEvent id="e"/>${chain('s', 'e')}`
const failing = `<bpmn:startEvent id="s"/><bpmn:serviceTask id="f" camunda:asyncBefore="true" camunda:expression="\${amount.x + 1}">
  <bpmn:extensionElements><camunda:failedJobRetryTimeCycle>R1/PT1S</camunda:failedJobRetryTimeCycle></bpmn:extensionElements>
  </bpmn:serviceTask><bpmn:endEvent id="e"/>${chain('s', 'f', 'e')}`

const count = async (server: MlcServer, path: string) => (await server.call('GET', path)).body.count
const start = async (server: MlcServer, key: string, body: object = {}) =>
  (await server.call('POST', `/process-definition/key/${key}/start`, body)).body

describe('tenants', () => {
  it.each([
    ['/deployment', 'includeDeploymentsWithoutTenantId'],
    ['/process-definition', 'includeProcessDefinitionsWithoutTenantId'],
  ])('%s knows those of a tenant, those of none, and both', async (path, both) => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': diagram('p', waiting) }, { 'tenant-id': 'north' })
    await server.deploy({ 'p.bpmn': diagram('p', waiting) }, { 'tenant-id': 'south' })
    await server.deploy({ 'p.bpmn': diagram('p', waiting) })
    expect(await count(server, `${path}/count?tenantIdIn=north`)).toBe(1)
    expect(await count(server, `${path}/count?tenantIdIn=north,south`)).toBe(2)
    expect(await count(server, `${path}/count?withoutTenantId=true`)).toBe(1)
    expect(await count(server, `${path}/count?tenantIdIn=north&${both}=true`)).toBe(2)
  })
})

describe('incidents', () => {
  async function withIncident() {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': diagram('p', failing), 'q.bpmn': diagram('q', waiting) })
    const { id } = await start(server, 'p')
    await start(server, 'q')
    const incidents = await until(async () => {
      const { body } = await server.call('GET', `/incident?processInstanceId=${id}`)
      return body.length > 0 && body
    })
    return { server, id, incident: incidents[0] }
  }

  it.each(['/incident', '/history/incident', '/process-instance', '/history/process-instance', '/process-definition'])(
    '%s is found by what the incident is',
    async (path) => {
      const { server, incident } = await withIncident()
      const message = encodeURIComponent(incident.incidentMessage)
      for (const filter of [
        'incidentType=failedJob',
        `incidentMessage=${message}`,
        'incidentMessageLike=Unknown%25',
        `incidentId=${incident.id}`,
      ]) {
        expect([filter, await count(server, `${path}/count?${filter}`)]).toEqual([filter, 1])
      }
      expect(await count(server, `${path}/count?incidentType=failedExternalTask`)).toBe(0)
    },
  )

  it("are nobody's for an id of nothing, elsewhere nothing asks for nothing", async () => {
    const { server } = await withIncident()
    for (const path of ['/incident', '/job', '/history/incident', '/history/activity-instance'])
      expect([path, await count(server, `${path}/count?processInstanceId=`)]).toEqual([path, 0])
    expect((await server.call('GET', '/incident?processInstanceId=')).body).toEqual([])
    expect((await server.call('POST', '/process-instance/count', { superProcessInstance: '' })).body.count).toBe(2)
    expect(await count(server, '/incident/count?incidentType=&processDefinitionKeyIn=')).toBe(1)
  })

  it('of history are those of today, with their job definition, after they were resolved too', async () => {
    const { server, id, incident } = await withIncident()
    await server.call('POST', `/process-instance/${id}/variables`, { modifications: { amount: { value: { x: 1 } } } })
    const answer = await server.call('POST', '/job/retries', { jobQuery: { processInstanceId: id }, retries: 1 })
    expect(answer).toMatchObject({ status: 200, body: { type: 'set-job-retries', totalJobs: 1, jobsCreated: 1 } })
    await until(async () => (await count(server, '/history/process-instance/count?completed=true')) === 1)
    const { body } = await server.call('GET', `/history/incident?jobDefinitionIdIn=${incident.jobDefinitionId}`)
    expect(body).toMatchObject([
      { id: incident.id, jobDefinitionId: incident.jobDefinitionId, resolved: true, open: false },
    ])
  })
})

describe('jobs', () => {
  it('are timers or messages: to ask for both is told', async () => {
    const { call } = await startMlc()
    const { status, body } = await call('GET', '/job?timers=true&messages=true')
    expect([status, body.message]).toEqual([400, 'Parameter timers cannot be used together with parameter messages.'])
  })

  it.each([
    [{ jobIds: ['x'], retries: 'many' }, 400, `'retries' must be a whole number, not "many"`],
    [{ jobIds: ['x'] }, 400, 'The number of job retries cannot be null.'],
    [{ retries: 1 }, 400, 'jobIds is empty'],
    [{ jobIds: ['x'], retries: 2 ** 31 }, 400, /must lie between/],
    [{ jobIds: ['x'], retries: -1 }, 500, /must be a non-negative Integer, but '-1'/],
    [{ jobIds: ['x'], retries: 1 }, 500, "No job found with id 'x'."],
  ])('given retries by %j are told what is wrong', async (body, status, message) => {
    const { call } = await startMlc()
    const answer = await call('POST', '/job/retries', body)
    expect([answer.status, answer.body.message]).toEqual([status, expect.stringMatching(message)])
  })
})

describe('history', () => {
  it('finds instances by variables, when they have ended too, and by moments, these included', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': diagram('p', quick) })
    const { id } = await start(server, 'p', { variables: { amount: { value: 7 } } })
    await start(server, 'p', { variables: { amount: { value: 8 } } })
    const { body } = await server.call('GET', '/history/process-instance?variables=amount_lt_8')
    expect(body).toMatchObject([{ id, state: 'COMPLETED' }])
    const at = encodeURIComponent(body[0].startTime)
    for (const path of ['process-instance', 'activity-instance']) {
      const found = await server.call('GET', `/history/${path}?startedAfter=${at}&startedBefore=${at}`)
      expect(found.body.length).toBeGreaterThan(0)
    }
    const executed = `executedActivityAfter=${at}&executedActivityBefore=${at}`
    expect(await count(server, `/history/process-instance/count?${executed}&processInstanceId=${id}`)).toBe(1)
  })
})

describe('tasks', () => {
  it('are found by the day they are due, and by a state that exists', async () => {
    const server = await startMlc()
    const task = '<bpmn:userTask id="u" camunda:dueDate="2030-05-05T00:00:00Z"/>'
    await server.deploy({ 'p.bpmn': diagram('p', `<bpmn:startEvent id="s"/>${task}${chain('s', 'u')}`) })
    await start(server, 'p')
    const due = encodeURIComponent('2030-05-05T02:00:00.000+0200')
    expect(await count(server, `/task/count?dueDate=${due}`)).toBe(1)
    expect(await count(server, '/task/count?withoutDueDate=true')).toBe(0)
    expect(await count(server, `/task/count?followUpDate=${due}`)).toBe(0)
    expect((await server.call('GET', '/task?delegationState=DONE')).body.message).toBe(
      "Valid values for property 'delegationState' are 'PENDING' or 'RESOLVED', but was 'DONE'",
    )
  })
})

it.each(['%25%5C', '%5C', 'a%5C%5C', '%5C%25'])('a pattern with backslashes, %s, is a pattern', async (pattern) => {
  const server = await startMlc()
  await server.deploy({ 'p.bpmn': diagram('p', waiting) })
  await start(server, 'p', { businessKey: 'a\\', variables: { v: { value: 'a\\' } } })
  const found = await count(server, `/process-instance/count?businessKeyLike=${pattern}`)
  expect(found).toBe(['%25%5C', 'a%5C%5C'].includes(pattern) ? 1 : 0)
  expect(await count(server, `/process-instance/count?variables=v_like_${pattern}`)).toBe(found)
})

describe('conditions on variables', () => {
  const filters = (operator: string, value: unknown) => ({ variables: [{ name: 'x', operator, value }] })
  it.each(['/process-instance', '/history/process-instance'])('that %s cannot ask are refused', async (path) => {
    const server = await startMlc()
    const noOrder = "Booleans and null cannot be used in 'greater than or equal' condition"
    for (const value of [true, null]) {
      const answer = await server.call('POST', `${path}/count`, filters('gteq', value))
      expect(answer).toMatchObject({ status: 400, body: { type: 'NotValidException', message: noOrder } })
    }
    expect((await server.call('POST', path, filters('is', 1))).body.message).toBe(
      'Invalid variable comparator specified: is',
    )
    expect((await server.call('GET', `${path}?variables=x_is_1`)).body.message).toBe(
      'Invalid variable comparator specified: is',
    )
    expect((await server.call('GET', `${path}?variables=x`)).body.message).toBe(
      "Cannot set query parameter 'variables' to value 'x': variable query parameter has to have format KEY_OPERATOR_VALUE.",
    )
  })

  it('in history go with a name, and types are named in either case', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': diagram('p', waiting) })
    await start(server, 'p', { variables: { n: { value: 1 }, s: { value: 'a' } } })
    expect(await server.call('GET', '/history/variable-instance?variableValue=a')).toMatchObject({
      status: 400,
      body: {
        type: 'InvalidRequestException',
        message: expect.stringContaining('variable name and value are required'),
      },
    })
    expect(await count(server, '/history/variable-instance/count?variableName=s&variableValue=a')).toBe(1)
    expect(await count(server, '/history/variable-instance/count?variableTypeIn=integer,STRING')).toBe(2)
  })
})
