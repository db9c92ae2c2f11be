/** User tasks over HTTP: what goes wrong with them, and beside them. */
import { describe, expect, it } from 'vitest'
import { chain, diagram, userTask } from './diagram.ts'
import { startMlc } from './mlc-server.ts'

const waiting = `<bpmn:startEvent id="s"/>${userTask('u').xml}${chain('s', 'u')}`

async function withTask() {
  const server = await startMlc()
  await server.deploy({ 'p.bpmn': diagram('p', waiting) })
  const { id } = (await server.call('POST', '/process-definition/key/p/start', {})).body
  const [task] = (await server.call('GET', '/task')).body
  return { server, instanceId: id as string, taskId: task.id as string }
}

describe('a task of a suspended instance', () => {
  it.each([
    ['claim', { userId: 'ann' }, 400, 'SuspendedEntityInteractionException', ''],
    ['assignee', { userId: 'ann' }, 400, 'SuspendedEntityInteractionException', ''],
    ['resolve', {}, 400, 'SuspendedEntityInteractionException', ''],
    ['bpmnError', { errorCode: 'x' }, 400, 'RestException', ''],
    ['complete', {}, 500, 'RestException', 'Cannot complete task '],
  ])('does not take %s', async (call, body, status, type, prefix) => {
    const { server, instanceId, taskId } = await withTask()
    await server.call('PUT', `/process-instance/${instanceId}/suspended`, { suspended: true })
    const message = `${prefix && `${prefix}${taskId}: `}ENGINE-03043 task with id '${taskId}' is suspended.`
    expect(await server.call('POST', `/task/${taskId}/${call}`, body)).toMatchObject({
      status,
      body: { type, message, code: 0 },
    })
  })
})

it('an error end event that nobody catches is unfinished in history until its instance ends', async () => {
  const fork = `<bpmn:startEvent id="s"/><bpmn:parallelGateway id="f"/>${userTask('u').xml}<bpmn:endEvent id="e"/>
    <bpmn:endEvent id="bad"><bpmn:errorEventDefinition errorRef="x"/></bpmn:endEvent>${chain('s', 'f', 'u', 'e')}${chain('f', 'bad')}`
  const server = await startMlc()
  await server.deploy({ 'p.bpmn': diagram('p', fork, '<bpmn:error id="x" errorCode="X"/>') })
  const starting = server.call('POST', '/process-definition/key/p/start', {})
  const { id } = (await starting).body
  const path = `/history/activity-instance?processInstanceId=${id}&activityId=bad`
  expect((await server.call('GET', path)).body).toMatchObject([{ endTime: null, canceled: false }])
  const [task] = (await server.call('GET', '/task')).body
  await server.call('POST', `/task/${task.id}/complete`, {})
  expect((await server.call('GET', path)).body).toMatchObject([{ endTime: expect.any(String), canceled: false }])
})

describe('an error reported for a task', () => {
  it.each([
    [{}, 'errorCode is null'],
    [{ errorCode: '' }, 'errorCode is empty'],
  ])('needs a code: %j', async (body, message) => {
    const { server, taskId } = await withTask()
    expect(await server.call('POST', `/task/${taskId}/bpmnError`, body)).toMatchObject({
      status: 400,
      body: { type: 'RestException', message },
    })
  })

  it('needs the task', async () => {
    const { server } = await withTask()
    expect(await server.call('POST', '/task/none/bpmnError', { errorCode: 'x' })).toMatchObject({
      status: 404,
      body: { type: 'RestException', message: 'Cannot find task with id none: task is null' },
    })
  })
})
