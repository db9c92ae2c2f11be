/** Messages over HTTP: whom they reach, and what is told of it. */
import { describe, expect, it } from 'vitest'
import { chain, diagram } from './diagram.ts'
import { type MlcServer, startMlc } from './mlc-server.ts'

const message = '<bpmn:message id="m" name="go"/>'
const onMessage = '<bpmn:messageEventDefinition messageRef="m"/>'
const receiving = `<bpmn:startEvent id="s"/><bpmn:receiveTask id="r" messageRef="m"/><bpmn:endEvent id="e"/>${chain('s', 'r', 'e')}`
const started = `<bpmn:startEvent id="s">${onMessage}</bpmn:startEvent><bpmn:userTask id="u"/>${chain('s', 'u')}`
const besides = `<bpmn:startEvent id="s"/><bpmn:userTask id="u"/>${chain('s', 'u')}
  <bpmn:boundaryEvent id="b" attachedToRef="u" cancelActivity="false">${onMessage}</bpmn:boundaryEvent><bpmn:userTask id="v"/>${chain('b', 'v')}`

async function serverWith(body: string): Promise<MlcServer> {
  const server = await startMlc()
  await server.deploy({ 'p.bpmn': diagram('p', body, message) })
  return server
}

const send = (server: MlcServer, body: object) => server.call('POST', '/message', { messageName: 'go', ...body })

describe('a message', () => {
  it.each([
    { correlationKeys: { k: { value: 1 } } },
    { localCorrelationKeys: { k: { value: 1 } } },
    { processInstanceId: 'nobody' },
  ])('with %j starts what nobody waits for: start events are found by name alone', async (wish) => {
    const server = await serverWith(started)
    const answer = await send(server, { ...wish, resultEnabled: true })
    expect(answer).toMatchObject({ status: 200, body: [{ resultType: 'ProcessDefinition' }] })
  })

  it.each([
    ['Long', { value: 4, type: 'Long' }, { value: 4 }],
    ['Date', { value: '2024-01-01T00:00:00.000+0000', type: 'Date' }, { value: '2024-01-01T00:00:00.000+0000' }],
    ['Double', { value: 4.5 }, { value: '4.5' }],
  ])('reaches a variable of type %s by a key of that type only', async (_, variable, other) => {
    const server = await serverWith(receiving)
    await server.call('POST', '/process-definition/key/p/start', { variables: { k: variable } })
    expect((await send(server, { correlationKeys: { k: other } })).status).toBe(400)
    expect((await send(server, { correlationKeys: { k: variable } })).status).toBe(204)
  })

  it('says of the execution it reached whether it has ended', async () => {
    const waiting = await serverWith(receiving)
    await waiting.call('POST', '/process-definition/key/p/start', {})
    expect((await send(waiting, { resultEnabled: true })).body).toMatchObject([{ execution: { ended: true } }])
    const beside = await serverWith(besides)
    await beside.call('POST', '/process-definition/key/p/start', {})
    expect((await send(beside, { resultEnabled: true })).body).toMatchObject([{ execution: { ended: false } }])
  })

  it('tells variables only with its result', async () => {
    const server = await serverWith(started)
    expect(await send(server, { variablesInResultEnabled: true })).toMatchObject({
      status: 400,
      body: {
        type: 'InvalidRequestException',
        message: "Parameter 'variablesInResultEnabled' cannot be used without 'resultEnabled' set to true.",
      },
    })
  })
})
