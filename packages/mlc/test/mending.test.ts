/** Ways on that people and diagrams take: a delegate's refusal caught, an execution triggered, history that goes when its time is over. */
import { describe, expect, it } from 'vitest'
import { delegateTask, diagram, flow, onSignal, userTask } from './diagram.ts'
import { type MlcServer, startMlc, until } from './mlc-server.ts'

const day = 86_400_000
const count = async (server: MlcServer, path: string) => (await server.call('GET', path)).body.count as number

/** `make` calls the delegate; its error goes to `review`. */
function caught(error: string): string {
  const body = `<bpmn:startEvent id="s"/><bpmn:serviceTask id="make" camunda:delegateExpression="\${createModelBatchJob}"/><bpmn:userTask id="review"/>
    <bpmn:boundaryEvent id="failed" attachedToRef="make"><bpmn:errorEventDefinition ${error} camunda:errorMessageVariable="why"/></bpmn:boundaryEvent>
    ${flow('s', 'make')}${flow('failed', 'review')}`
  return diagram('p', body, '<bpmn:error id="failure" errorCode="FAILURE"/><bpmn:error id="other" errorCode="OTHER"/>')
}
const refusal = { code: 'NoMatchingRuntime', message: 'No runtime matches', timestamp: 'x', seen: [] }
const variables = { DEPLOYED_MODEL: { value: { id: 'deployed-1' } } }

describe('a delegate that is refused', () => {
  it.each([
    ['by its code FAILURE', 'errorRef="failure"'],
    ['by an event that catches all', ''],
  ])('is caught %s at once, with its message', async (_, error) => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': caught(error) })
    server.modelManage.refuseJobs = { status: 422, body: refusal }
    const { body } = await server.call('POST', '/process-definition/key/p/start', { variables })
    await until(async () => (await count(server, '/task/count?taskDefinitionKey=review')) === 1)
    expect(await count(server, '/incident/count')).toBe(0)
    expect(server.modelManage.jobsAsked).toBe(1)
    const why = await server.call('GET', `/process-instance/${body.id}/variables/why`)
    expect(why.body.value).toBe('No runtime matches')
  })

  it('where nothing catches FAILURE is tried again and becomes an incident', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': caught('errorRef="other"') })
    server.modelManage.refuseJobs = { status: 422, body: refusal }
    await server.call('POST', '/process-definition/key/p/start', { variables })
    await until(async () => (await count(server, '/incident/count')) === 1)
    expect(server.modelManage.jobsAsked).toBe(3)
  })

  it('is not what a neighbour that is broken or a variable that is missing is: these are incidents', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': caught('errorRef="failure"') })
    server.modelManage.refuseJobs = { status: 500, body: { ...refusal, code: 'Bug' } }
    await server.call('POST', '/process-definition/key/p/start', { variables })
    await server.call('POST', '/process-definition/key/p/start', {})
    await until(async () => (await count(server, '/incident/count')) === 2)
    expect(await count(server, '/task/count')).toBe(0)
  })
})

describe('a neighbour that is away', () => {
  const away = { status: 503, body: { ...refusal, code: 'Unavailable', message: 'The database does not answer' } }

  it('costs no retry: when it is back the process goes on', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': onSignal('p', 'go', [delegateTask('make', 'CreateModelBatchJob'), userTask('t')]) })
    server.modelManage.refuseJobs = away
    await server.call('POST', '/signalResponsive', { name: 'go', variables })
    await until(async () => server.modelManage.jobsAsked > 4)
    expect((await server.call('GET', '/job')).body).toMatchObject([{ retries: 3, exceptionMessage: null }])
    server.modelManage.refuseJobs = null
    await until(async () => (await count(server, '/task/count')) === 1)
    expect(server.modelManage.jobs).toHaveLength(1)
  })

  it('for more than ten minutes is an incident that tells it', async () => {
    const clock = { now: new Date('2026-01-01T00:00:00Z') }
    const server = await startMlc({ now: () => clock.now })
    await server.deploy({ 'p.bpmn': onSignal('p', 'go', [delegateTask('make', 'CreateModelBatchJob')]) })
    server.modelManage.refuseJobs = away
    await server.call('POST', '/signalResponsive', { name: 'go', variables })
    await until(async () => server.modelManage.jobsAsked > 0)
    const incident = await until(async () => {
      clock.now = new Date(clock.now.getTime() + 60_000)
      return (await server.call('GET', '/incident')).body[0]
    })
    expect(incident.incidentMessage).toBe('The database does not answer')
  })
})

describe('an execution', () => {
  const receiving = (messageRef: string) =>
    diagram(
      'p',
      `<bpmn:startEvent id="s"/><bpmn:receiveTask id="r" ${messageRef}/><bpmn:userTask id="t"/>${flow('s', 'r')}${flow('r', 't')}`,
      '<bpmn:message id="m" name="news"/>',
    )
  const executionAt = async (server: MlcServer, activityId: string) =>
    (await server.call('GET', `/execution?activityId=${activityId}`)).body[0].id as string

  it('at a receive task goes on by /signal, with variables', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': receiving('') })
    const { body } = await server.call('POST', '/process-definition/key/p/start', {})
    const id = await executionAt(server, 'r')
    expect((await server.call('GET', `/execution/${id}`)).body).toMatchObject({ id, processInstanceId: body.id })
    const sent = await server.call('POST', `/execution/${id}/signal`, { variables: { n: { value: 1 } } })
    expect(sent.status).toBe(204)
    expect(await count(server, '/task/count?taskDefinitionKey=t')).toBe(1)
    expect((await server.call('GET', `/process-instance/${body.id}/variables/n`)).body.value).toBe(1)
  })

  it('that waits for a message goes on by its name, and by no other', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': receiving('messageRef="m"') })
    await server.call('POST', '/process-definition/key/p/start', {})
    const id = await executionAt(server, 'r')
    const other = await server.call('POST', `/execution/${id}/messageSubscriptions/olds/trigger`, {})
    expect(other).toMatchObject({ status: 500, body: { type: 'RestException' } })
    expect(other.body.message).toContain("'olds'")
    expect((await server.call('POST', `/execution/${id}/messageSubscriptions/news/trigger`, {})).status).toBe(204)
    expect(await count(server, '/task/count?taskDefinitionKey=t')).toBe(1)
  })

  it('that is not there, or waits for something else, is told', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': onSignal('p', 'go', [userTask('t')]) })
    await server.call('POST', '/signal', { name: 'go' })
    const missing = await server.call('POST', '/execution/nope/signal', {})
    expect(missing).toMatchObject({ status: 500, body: { type: 'RestException' } })
    expect(missing.body.message).toContain("execution nope doesn't exist")
    const atTask = await server.call('POST', `/execution/${await executionAt(server, 't')}/signal`, {})
    expect(atTask.status).toBe(500)
    expect(atTask.body.message).toContain('not at a receive task')
    expect((await server.call('GET', '/execution/nope')).status).toBe(404)
  })
})

describe('history', () => {
  it('of ended instances goes when its time to live is over; what is live and what states no time stays', async () => {
    const clock = { now: new Date('2026-01-01T00:00:00Z') }
    const server = await startMlc({ now: () => clock.now })
    const ended = onSignal('short', 'go', [])
    await server.deploy({
      'short.bpmn': ended,
      'kept.bpmn': onSignal('kept', 'go', []).replace(' camunda:historyTimeToLive="1"', ''),
      'live.bpmn': onSignal('live', 'go', [userTask('t')]),
    })
    await server.call('POST', '/signal', { name: 'go' })
    const keys = async () =>
      (await server.call('GET', '/history/process-instance?sortBy=definitionId&sortOrder=asc')).body
        .map((one: { processDefinitionKey: string }) => one.processDefinitionKey)
        .sort()
    expect(await keys()).toEqual(['kept', 'live', 'short'])
    clock.now = new Date(clock.now.getTime() + 2 * day)
    await server.call('POST', '/signalResponsive', { name: 'go' })
    await until(async () => (await count(server, '/task/count')) === 2)
    await until(async () => (await keys()).join() === 'kept,kept,live,live,short')
  })

  it('of a definition that keeps it for millions of days keeps no other from going', async () => {
    const clock = { now: new Date('2026-01-01T00:00:00Z') }
    const server = await startMlc({ now: () => clock.now })
    const long = onSignal('long', 'go', []).replace('historyTimeToLive="1"', 'historyTimeToLive="2147483647"')
    await server.deploy({ 'long.bpmn': long, 'short.bpmn': onSignal('short', 'go', []) })
    await server.call('POST', '/signal', { name: 'go' })
    expect(await count(server, '/history/process-instance/count')).toBe(2)
    clock.now = new Date(clock.now.getTime() + 2 * day)
    await server.call('PUT', '/process-definition/key/short/suspended', { suspended: true })
    await until(async () => (await count(server, '/history/process-instance/count')) === 1)
    expect((await server.call('GET', '/history/process-instance')).body[0].processDefinitionKey).toBe('long')
  })
})

describe('required assets', () => {
  it('named by an expression that takes for ever are not found, and nobody waits', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': onSignal('p', 'go', [delegateTask('x', 'GetModelRequiredAssets'), userTask('t')]) })
    const asset = (name: string) => ({ name, filename: name, assetType: 'FILE' })
    const storedModel = {
      modelAssets: [asset(`${'a'.repeat(40)}!`), asset('in.csv')],
      requiredAssets: [
        { name: '(a+)+b', usage: 'INPUT_ASSET' },
        { name: '(broken', usage: 'INPUT_ASSET' },
        { name: 'in\\..*', usage: 'INPUT_ASSET' },
      ],
    }
    const deployed = { id: 'd', deployableModel: { id: 's', storedModel } }
    await server.call('POST', '/signalResponsive', { name: 'go', variables: { DEPLOYED_MODEL: { value: deployed } } })
    const task = await until(async () => (await server.call('GET', '/task')).body[0])
    const found = await server.call('GET', `/process-instance/${task.processInstanceId}/variables/INPUT_ASSETS`)
    expect(found.body.value).toMatchObject([{ name: 'in.csv' }])
  })
})

describe('a deployment', () => {
  it('with an activation time is refused with what to do instead', async () => {
    const server = await startMlc()
    const refused = await server.deploy(
      { 'p.bpmn': onSignal('p', 'go', [userTask('t')]) },
      { 'deployment-activation-time': '2030-01-01T00:00:00.000+0000' },
    )
    expect(refused).toMatchObject({ status: 400, body: { type: 'InvalidRequestException' } })
    expect(refused.body.message).toContain('suspend')
    expect(await count(server, '/process-definition/count')).toBe(0)
  })
})
