import { describe, expect, it } from 'vitest'
import { chain, diagram, expressionTask, onSignal, userTask } from './diagram.ts'
import { type MlcServer, startMlc, until } from './mlc-server.ts'

const statusSignal = 'com.modelop.mlc.definitions.Signals_job_status_changed'

function tell(server: MlcServer, eventId: string, job: object = { id: 'j1', jobStatus: 'RUNNING' }, message?: object) {
  const event = { eventId, signal: 'job_status_changed', objectId: 'j1', variables: { JOB: job }, message }
  return server.call('POST', '/events', { events: [event] }, { as: 'internal' })
}

const count = async (server: MlcServer, path: string) => (await server.call('GET', path)).body.count as number

describe('events of the model-manage wing', () => {
  it('start what listens to the broadcast, with the document as a variable and without contents', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': onSignal('p', statusSignal, [userTask('t')]) })
    const job = { id: 'j1', outputData: [{ name: 'o.csv', fileContent: 'YQ==' }] }
    expect(await tell(server, 'e1', job)).toMatchObject({ status: 200, body: { taken: 1 } })
    const task = await until(async () => (await server.call('GET', '/task')).body[0])
    const { body } = await server.call('GET', `/process-instance/${task.processInstanceId}/variables/JOB`)
    expect(body).toMatchObject({ type: 'Object', value: { id: 'j1', outputData: [{ name: 'o.csv' }] } })
    expect(JSON.stringify(body)).not.toContain('fileContent')
  })

  it('told twice are taken once', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': onSignal('p', statusSignal, [userTask('t')]) })
    const answers = await Promise.all([tell(server, 'e1'), tell(server, 'e1'), tell(server, 'e1')])
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200])
    expect(await count(server, '/history/process-instance/count')).toBe(1)
  })

  it('are taken even when a diagram fails on them: it is its incident', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': onSignal('p', statusSignal, [expressionTask('x', '${nope}')]) })
    expect((await tell(server, 'e1')).status).toBe(200)
    await until(async () => (await count(server, '/incident/count')) === 1)
  })

  it('wake a user diagram that waits on the broadcast at a boundary event', async () => {
    const server = await startMlc()
    const body =
      '<bpmn:startEvent id="s"/><bpmn:userTask id="wait"/><bpmn:boundaryEvent id="b" attachedToRef="wait"><bpmn:signalEventDefinition signalRef="sig"/></bpmn:boundaryEvent><bpmn:userTask id="after"/>' +
      '<bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="wait"/><bpmn:sequenceFlow id="f2" sourceRef="b" targetRef="after"/>'
    await server.deploy({ 'p.bpmn': diagram('p', body, `<bpmn:signal id="sig" name="${statusSignal}"/>`) })
    await server.call('POST', '/process-definition/key/p/start', {})
    await tell(server, 'e1')
    await tell(server, 'e2')
    await until(async () => (await server.call('GET', '/task?taskDefinitionKey=after')).body.length === 1)
  })

  it('of one object are taken together where nobody listens, and one by one where somebody does', async () => {
    const server = await startMlc()
    const events = ['CREATED', 'WAITING', 'RUNNING', 'COMPLETE'].map((jobStatus) => ({
      eventId: jobStatus,
      signal: 'job_status_changed',
      objectId: 'j1',
      variables: { JOB: { id: 'j1', jobStatus } },
    }))
    const send = async (prefix: string, from: number) => {
      const rest = events.slice(from).map((event) => ({ ...event, eventId: `${prefix}${event.eventId}` }))
      return (await server.call('POST', '/events', { events: rest }, { as: 'internal' })).body.taken as number
    }
    expect(await send('a', 0)).toBe(4)
    // given a diagram that waits again and again, until the job is complete
    const wait =
      '<bpmn:intermediateCatchEvent id="c"><bpmn:signalEventDefinition signalRef="sig"/></bpmn:intermediateCatchEvent>'
    const isDone = "<bpmn:conditionExpression>${JOB.jobStatus == 'COMPLETE'}</bpmn:conditionExpression>"
    const body =
      `<bpmn:startEvent id="s"/>${wait}<bpmn:exclusiveGateway id="g" default="g_c"/><bpmn:endEvent id="e"/>` +
      `${chain('s', 'c', 'g', 'c')}<bpmn:sequenceFlow id="g_e" sourceRef="g" targetRef="e">${isDone}</bpmn:sequenceFlow>`
    await server.deploy({ 'p.bpmn': diagram('p', body, `<bpmn:signal id="sig" name="${statusSignal}"/>`) })
    const { id } = (await server.call('POST', '/process-definition/key/p/start', {})).body
    // when all is told as fast as it goes
    const taken: number[] = []
    for (let from = 0; from < events.length; from += taken.at(-1) ?? events.length) taken.push(await send('b', from))
    expect(taken).toEqual([1, 1, 1, 1])
    // then it has heard of each, the last one included
    expect((await server.call('GET', `/history/process-instance/${id}`)).body.state).toBe('COMPLETED')
    expect(await count(server, '/history/activity-instance/count?activityId=c')).toBe(4)
  })

  it('with a message reach the one that waits with its key, not the others', async () => {
    const server = await startMlc()
    const receive =
      '<bpmn:startEvent id="s"/><bpmn:receiveTask id="r" messageRef="m"><bpmn:extensionElements><rowhouse:correlation key="${JOB_ID}"/></bpmn:extensionElements></bpmn:receiveTask><bpmn:endEvent id="e"/>' +
      '<bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="r"/><bpmn:sequenceFlow id="f2" sourceRef="r" targetRef="e"/>'
    await server.deploy({ 'p.bpmn': diagram('p', receive, '<bpmn:message id="m" name="rowhouse.job.ended"/>') })
    const start = (job: string) =>
      server.call('POST', '/process-definition/key/p/start', { variables: { JOB_ID: { value: job } } })
    const [one, two] = [await start('j1'), await start('j2')]
    await tell(server, 'e1', { id: 'j1' }, { name: 'rowhouse.job.ended', correlationKey: 'j1' })
    const state = async (id: string) => (await server.call('GET', `/history/process-instance/${id}`)).body.state
    expect([await state(one.body.id), await state(two.body.id)]).toEqual(['COMPLETED', 'ACTIVE'])
  })

  it('told before anybody waits reach who waits for them one after the other', async () => {
    const server = await startMlc()
    const receive = (id: string, key: string) =>
      `<bpmn:receiveTask id="${id}" messageRef="m"><bpmn:extensionElements><rowhouse:correlation key="${key}"/></bpmn:extensionElements></bpmn:receiveTask>`
    const body = `<bpmn:startEvent id="s"/>${receive('r1', 'j1')}${receive('r2', 'j2')}<bpmn:endEvent id="e"/>${chain('s', 'r1', 'r2', 'e')}`
    await server.deploy({ 'p.bpmn': diagram('p', body, '<bpmn:message id="m" name="rowhouse.job.ended"/>') })
    for (const key of ['j1', 'j2'])
      await tell(server, `e-${key}`, { id: key }, { name: 'rowhouse.job.ended', correlationKey: key })
    const { id } = (await server.call('POST', '/process-definition/key/p/start', {})).body
    expect((await server.call('GET', `/history/process-instance/${id}`)).body.state).toBe('COMPLETED')
  })

  it('told while the instance is suspended are delivered when it is activated', async () => {
    const server = await startMlc()
    const receive =
      '<bpmn:startEvent id="s"/><bpmn:receiveTask id="r" messageRef="m"><bpmn:extensionElements><rowhouse:correlation key="j1"/></bpmn:extensionElements></bpmn:receiveTask><bpmn:endEvent id="e"/>' +
      '<bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="r"/><bpmn:sequenceFlow id="f2" sourceRef="r" targetRef="e"/>'
    await server.deploy({ 'p.bpmn': diagram('p', receive, '<bpmn:message id="m" name="rowhouse.job.ended"/>') })
    const { body } = await server.call('POST', '/process-definition/key/p/start', {})
    await server.call('PUT', `/process-instance/${body.id}/suspended`, { suspended: true })
    await tell(server, 'e1', { id: 'j1' }, { name: 'rowhouse.job.ended', correlationKey: 'j1' })
    expect((await server.call('GET', `/history/process-instance/${body.id}`)).body.state).toBe('SUSPENDED')
    await server.call('PUT', `/process-instance/${body.id}/suspended`, { suspended: false })
    expect((await server.call('GET', `/history/process-instance/${body.id}`)).body.state).toBe('COMPLETED')
  })

  it('that cannot be delivered to one instance hold up neither the others nor whoever activates them', async () => {
    const server = await startMlc()
    // where `ok` is false neither the way on can be gone nor due work be made of it
    const body =
      `<bpmn:startEvent id="s"/><bpmn:receiveTask id="r" messageRef="m" camunda:jobPriority="\${'x'}"><bpmn:extensionElements><rowhouse:correlation key="\${JOB_ID}"/></bpmn:extensionElements></bpmn:receiveTask>` +
      `${expressionTask('x', '${ok ? 1 : missing}').xml}<bpmn:endEvent id="e"/>${chain('s', 'r', 'x', 'e')}`
    await server.deploy({ 'p.bpmn': diagram('p', body, '<bpmn:message id="m" name="rowhouse.job.ended"/>') })
    const ids: string[] = []
    for (const ok of [false, true, false]) {
      const variables = { JOB_ID: { value: `j${ids.length}` }, ok: { value: ok } }
      ids.push((await server.call('POST', '/process-definition/key/p/start', { variables })).body.id)
    }
    const suspend = (suspended: boolean) =>
      server.call('PUT', '/process-instance/suspended', { processInstanceIds: ids, suspended })
    await suspend(true)
    for (const i of ids.keys())
      await tell(server, `e${i}`, { id: `j${i}` }, { name: 'rowhouse.job.ended', correlationKey: `j${i}` })
    expect((await suspend(false)).status).toBe(204)
    const states = await Promise.all(ids.map((id) => server.call('GET', `/history/process-instance/${id}`)))
    expect(states.map((state) => state.body.state)).toEqual(['ACTIVE', 'COMPLETED', 'ACTIVE'])
  })

  it('are refused from anyone but a wing, and when they are none', async () => {
    const server = await startMlc()
    const asUser = await server.call('POST', '/events', {})
    expect(asUser).toMatchObject({ status: 403, body: { type: 'AuthorizationException' } })
    expect((await server.call('POST', '/events', { events: [{ eventId: 'x' }] }, { as: 'internal' })).status).toBe(400)
  })
})
