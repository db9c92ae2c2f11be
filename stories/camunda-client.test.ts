/** A worker that a team has for Camunda 7, on Camunda's own client, goes on with ours. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, File, Variables } from 'camunda-external-task-client-js'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { call } from './calls.ts'
import { eventually, type Rowhouse, startRowhouse } from './rowhouse.ts'

let rowhouse: Rowhouse
let client: Client

beforeAll(async () => {
  rowhouse = await startRowhouse({ args: ['--no-runtime'] })
  client = new Client({
    baseUrl: `${rowhouse.url}/mlc-service/rest`,
    workerId: 'team',
    asyncResponseTimeout: 10_000,
    interceptors: (config) => ({
      ...config,
      headers: { ...config.headers, authorization: `Bearer ${rowhouse.token}` },
    }),
  })
})
afterAll(async () => {
  client?.stop()
  await rowhouse?.remove()
})

const diagram = `<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="stories">
<error id="badRows" errorCode="BAD_ROWS" />
<process id="team" isExecutable="true" camunda:historyTimeToLive="P1D">
<startEvent id="start" /><sequenceFlow id="a" sourceRef="start" targetRef="count" />
<serviceTask id="count" camunda:type="external" camunda:topic="count" /><sequenceFlow id="b" sourceRef="count" targetRef="check" />
<serviceTask id="check" camunda:type="external" camunda:topic="check" /><sequenceFlow id="c" sourceRef="check" targetRef="good" />
<endEvent id="good" />
<boundaryEvent id="caught" attachedToRef="check"><errorEventDefinition errorRef="badRows" camunda:errorMessageVariable="why" /></boundaryEvent>
<sequenceFlow id="d" sourceRef="caught" targetRef="bad" /><endEvent id="bad" />
</process></definitions>`

it('takes tasks with variables and files, fails, tries again, completes, and throws errors that the diagram catches', async () => {
  const form = new FormData()
  form.set('team.bpmn', new Blob([diagram]), 'team.bpmn')
  await fetch(`${rowhouse.url}/mlc-service/rest/deployment/create`, {
    method: 'POST',
    headers: { authorization: `Bearer ${rowhouse.token}` },
    body: form,
  })
  const counted = join(rowhouse.folder, 'counted.txt')
  let tries = 0
  client.subscribe('count', async ({ task, taskService }) => {
    tries += 1
    if (task.retries === null) {
      await taskService.handleFailure(task, { errorMessage: 'not yet', retries: 1, retryTimeout: 0 })
      return
    }
    await taskService.extendLock(task, 60_000)
    const rows = (await (task.variables.get('rows') as File).load()).content.toString()
    writeFileSync(counted, `${rows.split('\n').length} rows for ${task.variables.get('who')}`)
    const report = await new File({ localPath: counted, mimetype: 'text/plain' }).load()
    await taskService.complete(task, new Variables().set('report', report).set('limits', { most: 2 }))
  })
  client.subscribe('check', async ({ task, taskService }) => {
    const limits = task.variables.get('limits') as { most: number }
    await taskService.handleBpmnError(task, 'BAD_ROWS', `more than ${limits.most}`)
  })
  const variables = {
    who: { value: 'Åsa', type: 'String' },
    rows: {
      value: Buffer.from('1\n2\n3').toString('base64'),
      type: 'File',
      valueInfo: { filename: 'rows.txt', mimetype: 'text/plain' },
    },
  }
  const start = '/mlc-service/rest/process-definition/key/team/start'
  const { id } = (await call(rowhouse, 'POST', start, { body: { variables } })).body
  const history = `/mlc-service/rest/history/activity-instance?processInstanceId=${id}&activityType=noneEndEvent`
  const [end] = await eventually('the end of the process', async () => {
    const { body } = await call(rowhouse, 'GET', history)
    return body.length > 0 ? body : undefined
  })
  expect(end.activityId).toBe('bad')
  expect(tries).toBe(2)
  const { body: kept } = await call(
    rowhouse,
    'GET',
    `/mlc-service/rest/history/variable-instance?processInstanceId=${id}`,
  )
  const named = new Map<string, { id: string; value: unknown }>(kept.map((each: { name: string }) => [each.name, each]))
  expect(named.get('why')?.value).toBe('more than 2')
  const report = `/mlc-service/rest/history/variable-instance/${named.get('report')?.id}/data`
  expect((await call(rowhouse, 'GET', report)).text).toBe('3 rows for Åsa')
})
