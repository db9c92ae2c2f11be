import { runBatchJobSignal } from '@rowhouse/contract'
import { describe, expect, it } from 'vitest'
import { diagram, expressionTask, onSignal, userTask } from './diagram.ts'
import { startMlc, until } from './mlc-server.ts'

const waits = (key: string, signal = 'go') => onSignal(key, signal, [userTask('t')])

describe('signalResponsive', () => {
  it('answers what it started, committed at the start event', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': waits('p') })
    const answer = await server.call('POST', '/signalResponsive', { name: 'go', variables: { a: { value: 1 } } })
    const id = answer.body.processInstanceId
    expect(answer).toMatchObject({
      status: 200,
      body: {
        processInstances: [
          {
            id,
            definitionKey: 'p',
            businessKey: null,
            caseInstanceId: null,
            ended: false,
            suspended: false,
            tenantId: null,
          },
        ],
        notifiedExecutions: [],
      },
    })
    expect(answer.body.warnings).toBeUndefined()
    const task = await until(async () => (await server.call('GET', `/task?processInstanceId=${id}`)).body[0])
    expect(task.taskDefinitionKey).toBe('t')
    expect((await server.call('GET', `/process-instance/${id}/variables/a`)).body.value).toBe(1)
  })

  it('a failing diagram is 200 with an id under which the incident is found, and undoes nobody else', async () => {
    const server = await startMlc()
    await server.deploy({
      'bad.bpmn': onSignal('bad', 'go', [expressionTask('x', '${nope.call()}')]),
      'good.bpmn': waits('good'),
    })
    const { status, body } = await server.call('POST', '/signalResponsive', { name: 'go' })
    expect([status, body.processInstances.length]).toEqual([200, 2])
    const incident = await until(
      async () => (await server.call('GET', `/incident?processInstanceId=${body.processInstanceId}`)).body[0],
    )
    expect(incident).toMatchObject({ incidentType: 'failedJob', activityId: 's', failedActivityId: 'x' })
    expect(incident.incidentMessage).toContain("Cannot resolve identifier 'nope'")
    await until(async () => (await server.call('GET', '/task?processDefinitionKey=good')).body[0])
  })

  it('nobody subscribed is 404 that names the signal and what to deploy', async () => {
    const server = await startMlc()
    const unknown = await server.call('POST', '/signalResponsive', { name: 'go' })
    expect(unknown).toMatchObject({ status: 404, body: { type: 'InvalidRequestException', code: null } })
    expect(unknown.body.message).toContain("the signal 'go'")
    const known = await server.call('POST', '/signalResponsive', { name: runBatchJobSignal })
    expect(known.body.message).toContain('RunBatchJob.bpmn')
    expect((await server.call('POST', '/signal', { name: 'go' })).status).toBe(204)
  })

  it('a missing name, a wrong variable and a body that is no object are 400', async () => {
    const server = await startMlc()
    expect(await server.call('POST', '/signalResponsive', {})).toMatchObject({
      status: 400,
      body: { message: 'No signal name given' },
    })
    const wrong = { name: 'go', variables: { LIMIT: { value: 'x', type: 'Integer' } } }
    const answer = await server.call('POST', '/signalResponsive', wrong)
    expect(answer.status).toBe(400)
    expect(answer.body.message).toContain("variable 'LIMIT': Cannot convert value 'x' of type 'Integer'")
    expect((await server.call('POST', '/signalResponsive', [])).status).toBe(400)
    expect((await server.call('POST', '/signalResponsive', { name: 'go', variables: { A: 'bare' } })).status).toBe(400)
  })

  it('several definitions on one signal all start, ordered by key, with a warning; deploying the second warns', async () => {
    const server = await startMlc()
    expect((await server.deploy({ 'b.bpmn': waits('b') })).body.warnings).toBeUndefined()
    const second = await server.deploy({ 'a.bpmn': waits('a') })
    expect(second.body.warnings).toEqual([expect.stringContaining("'b' already does")])
    const { body } = await server.call('POST', '/signalResponsive', { name: 'go' })
    expect(body.processInstances.map((one: { definitionKey: string }) => one.definitionKey)).toEqual(['a', 'b'])
    expect(body.processInstanceId).toBe(body.processInstances[0].id)
    expect(body.warnings).toEqual([expect.stringContaining("'a', 'b'")])
  })

  it('that only wakes waiting executions answers no process instance', async () => {
    const server = await startMlc()
    const catches = diagram(
      'w',
      '<bpmn:startEvent id="s"/><bpmn:intermediateCatchEvent id="c"><bpmn:signalEventDefinition signalRef="sig"/></bpmn:intermediateCatchEvent><bpmn:userTask id="t"/><bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="c"/><bpmn:sequenceFlow id="f2" sourceRef="c" targetRef="t"/>',
      '<bpmn:signal id="sig" name="go"/>',
    )
    await server.deploy({ 'w.bpmn': catches })
    const started = await server.call('POST', '/process-definition/key/w/start', {})
    const { status, body } = await server.call('POST', '/signalResponsive', {
      name: 'go',
      variables: { got: { value: true } },
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      processInstanceId: null,
      processInstances: [],
      notifiedExecutions: [{ processInstanceId: started.body.id }],
    })
    await until(async () => (await server.call('GET', `/task?processInstanceId=${started.body.id}`)).body[0])
    expect((await server.call('GET', `/process-instance/${started.body.id}/variables/got`)).body.value).toBe(true)
  })

  it('a suspended definition is not started', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': waits('p') })
    expect((await server.call('PUT', '/process-definition/key/p/suspended', { suspended: true })).status).toBe(204)
    expect((await server.call('POST', '/signalResponsive', { name: 'go' })).status).toBe(404)
    const refused = await server.call('POST', '/process-definition/key/p/start', {})
    expect(refused.body.message).toContain('is suspended')
    await server.call('PUT', '/process-definition/key/p/suspended', { suspended: false })
    expect((await server.call('POST', '/signalResponsive', { name: 'go' })).status).toBe(200)
  })
})

describe('an idempotency key', () => {
  const body = { name: 'go', variables: { a: { value: 1 } } }

  it('gives the first answer again, marked, and starts nothing', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': waits('p') })
    const headers = { 'idempotency-key': 'k1' }
    const first = await server.call('POST', '/signalResponsive', body, { headers })
    const again = await server.call('POST', '/signalResponsive', body, { headers })
    expect(again.body).toEqual(first.body)
    expect([first.headers['idempotency-replayed'], again.headers['idempotency-replayed']]).toEqual([undefined, 'true'])
    expect((await server.call('GET', '/history/process-instance/count')).body.count).toBe(1)
  })

  it('may also be the variable IDEMPOTENCY_KEY', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': waits('p') })
    const withKey = { ...body, variables: { ...body.variables, IDEMPOTENCY_KEY: { value: 'nightly-1' } } }
    const first = await server.call('POST', '/signalResponsive', withKey)
    const again = await server.call('POST', '/signalResponsive', withKey)
    expect(again.body.processInstanceId).toBe(first.body.processInstanceId)
    expect(again.headers['idempotency-replayed']).toBe('true')
  })

  it('with another body is 409, of another caller is another key', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': waits('p') })
    const headers = { 'idempotency-key': 'k1' }
    const first = await server.call('POST', '/signalResponsive', body, { headers })
    const other = await server.call('POST', '/signalResponsive', { name: 'go' }, { headers })
    expect(other.status).toBe(409)
    expect(other.body.message).toContain("'k1'")
    const bobs = await server.call('POST', '/signalResponsive', body, { headers, as: 'other' })
    expect(bobs.body.processInstanceId).not.toBe(first.body.processInstanceId)
  })

  it('sent by two clients at once starts one instance', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': waits('p') })
    const headers = { 'idempotency-key': 'k1' }
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => server.call('POST', '/signalResponsive', body, { headers })),
    )
    expect(new Set(answers.map((answer) => answer.body.processInstanceId)).size).toBe(1)
    expect(answers.filter((answer) => answer.headers['idempotency-replayed'] === 'true').length).toBe(3)
  })

  it('of a request that failed is free again', async () => {
    const server = await startMlc()
    const headers = { 'idempotency-key': 'k1' }
    expect((await server.call('POST', '/signalResponsive', body, { headers })).status).toBe(404)
    await server.deploy({ 'p.bpmn': waits('p') })
    expect((await server.call('POST', '/signalResponsive', body, { headers })).status).toBe(200)
  })
})
