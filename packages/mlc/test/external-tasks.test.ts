/** Workers: what they are given, in which order, and what they are told when they ask wrongly. */
import { describe, expect, it } from 'vitest'
import { chain, diagram } from './diagram.ts'
import { type MlcServer, startMlc } from './mlc-server.ts'

const work = `<bpmn:startEvent id="s"/><bpmn:serviceTask id="x" camunda:type="external" camunda:topic="\${topic}" camunda:taskPriority="\${priority}">
  <bpmn:extensionElements><camunda:properties><camunda:property name="queue" value="night"/><camunda:property name="flag"/></camunda:properties></bpmn:extensionElements>
  </bpmn:serviceTask><bpmn:endEvent id="e"/>${chain('s', 'x', 'e')}`

async function withTasks(...tasks: Task[]): Promise<MlcServer> {
  return addTasks(await startMlc(), tasks)
}

type Task = [topic: string, priority: number]

async function addTasks(server: MlcServer, tasks: readonly Task[]): Promise<MlcServer> {
  const fields = { 'deployment-name': 'p', 'enable-duplicate-filtering': 'true' }
  await server.deploy({ 'p.bpmn': diagram('p', work) }, fields)
  for (const [topic, priority] of tasks) {
    const variables = { topic: { value: topic }, priority: { value: priority }, id: { value: `${topic}${priority}` } }
    const { status } = await server.call('POST', '/process-definition/key/p/start', { variables })
    expect(status).toBe(200)
  }
  return server
}
const topic = (topicName: string, more: object = {}) => ({ topicName, lockDuration: 60_000, ...more })
const fetchWith = (server: MlcServer, body: object) =>
  server.call('POST', '/external-task/fetchAndLock', { workerId: 'w', maxTasks: 2, ...body })

describe('what a worker is given', () => {
  it('by priority is the most urgent of all its topics', async () => {
    const server = await withTasks(['a', 1], ['a', 5], ['b', 9], ['b', 2])
    const { body } = await fetchWith(server, { usePriority: true, topics: [topic('a'), topic('b')] })
    expect(body.map((task: { priority: number }) => task.priority)).toEqual([9, 5])
  })

  it.each([
    ['asc', [1, 2]],
    ['desc', [3, 2]],
  ])(
    'sorted by the time of creation, %s, is those, also where two have the same time',
    async (sortOrder, priorities) => {
      const clock = { now: new Date('2026-01-01T00:00:00.000Z') }
      const server = await addTasks(await startMlc({ now: () => clock.now }), [['a', 1]])
      clock.now = new Date('2026-01-01T00:00:00.001Z')
      await addTasks(server, [
        ['a', 2],
        ['a', 3],
      ])
      const { body } = await fetchWith(server, { sorting: [{ sortBy: 'createTime', sortOrder }], topics: [topic('a')] })
      expect(body.map((task: { priority: number }) => task.priority)).toEqual(priorities)
    },
  )

  it('is locked for as long as its own topic says, with the variables and properties its topic asks for', async () => {
    const server = await withTasks(['a', 1], ['b', 2])
    const topics = [
      topic('a', { variables: ['id'], includeExtensionProperties: true }),
      topic('b', { lockDuration: 5 }),
    ]
    const { body } = await fetchWith(server, { topics })
    const [a, b] = body
    expect(a).toMatchObject({ variables: { id: { value: 'a1' } }, extensionProperties: { queue: 'night', flag: '' } })
    expect(Object.keys(a.variables)).toEqual(['id'])
    expect(Object.keys(b.variables).sort()).toEqual(['id', 'priority', 'topic'])
    expect(b.extensionProperties).toEqual({})
    expect(Date.parse(a.lockExpirationTime) - Date.parse(b.lockExpirationTime)).toBeGreaterThan(50_000)
  })

  it('is locked to the end of the calendar by the largest number there is', async () => {
    const server = await withTasks(['a', 1])
    const { body } = await fetchWith(server, { topics: [topic('a', { lockDuration: Number.MAX_VALUE })] })
    expect(body[0].lockExpirationTime).toBe('9999-12-31T23:59:59.999+0000')
  })

  it('is only what its process variables allow, compared by kind and value', async () => {
    const server = await withTasks(['a', 1], ['a', 2])
    const ask = (priority: unknown) => fetchWith(server, { topics: [topic('a', { processVariables: { priority } })] })
    expect((await ask('2')).body).toEqual([])
    expect((await ask(2)).body).toMatchObject([{ priority: 2 }])
  })
})

describe('a worker that asks wrongly', () => {
  it.each([
    [{ asyncResponseTimeout: 'soon' }, `'asyncResponseTimeout' must be a whole number, not "soon"`],
    [{ maxTasks: 1.5 }, "'maxTasks' must be a whole number, not 1.5"],
    [{ maxTasks: 99_999_999_999 }, "'maxTasks' must lie between -2147483648 and 2147483647, but is 99999999999"],
    [{ maxTasks: null }, "'maxTasks' is missing: how many tasks the worker takes at most"],
    [{ topics: [topic('a', { lockDuration: 'long' })] }, `'lockDuration' must be a whole number, not "long"`],
    [{ sorting: [{ sortBy: 'age', sortOrder: 'asc' }] }, "Cannot set query parameter 'sortBy' to value 'age'"],
    [{ sorting: [{ sortBy: 'createTime' }] }, "Cannot set query parameter 'sortOrder' to value 'undefined'"],
  ])('%j is told so', async (wrong, message) => {
    const server = await withTasks()
    const answer = await fetchWith(server, { topics: [topic('nobody')], ...wrong })
    expect(answer).toMatchObject({ status: 400, body: { type: 'InvalidRequestException', message } })
  })

  it.each([
    ['failure', { retries: 'few' }, `'retries' must be a whole number, not "few"`],
    ['failure', { retries: 2 ** 31 }, "'retries' must lie between -2147483648 and 2147483647, but is 2147483648"],
    ['failure', { retries: 1, retryTimeout: 'later' }, `'retryTimeout' must be a whole number, not "later"`],
    ['extendLock', { newDuration: 0 }, 'lockTime is not greater than 0'],
    ['extendLock', { newDuration: {} }, "'newDuration' must be a whole number, not {}"],
  ])('in %s, %j, is told so and keeps its task', async (call, body, message) => {
    const server = await withTasks(['a', 1])
    const [task] = (await fetchWith(server, { topics: [topic('a')] })).body
    const path = `/external-task/${task.id}`
    const answer = await server.call('POST', `${path}/${call}`, { workerId: 'w', ...body })
    expect(answer).toMatchObject({ status: 400, body: { message } })
    expect((await server.call('POST', `${path}/complete`, { workerId: 'w' })).status).toBe(204)
  })

  it('with a number as its name is the same worker later', async () => {
    const server = await withTasks(['a', 1])
    const [task] = (await fetchWith(server, { workerId: 7, topics: [topic('a')] })).body
    expect((await server.call('POST', `/external-task/${task.id}/complete`, { workerId: 7 })).status).toBe(204)
  })
})

describe('retries of many tasks', () => {
  it.each([
    ['a query for tasks', { externalTaskQuery: { topicName: 'a' } }, [4, null]],
    ['a query for their instances', { processInstanceQuery: { processDefinitionKey: 'p' } }, [4, 4]],
  ])('are set by %s', async (_, wish, retries) => {
    const server = await withTasks(['a', 1], ['b', 1])
    expect((await server.call('PUT', '/external-task/retries', { retries: 4, ...wish })).status).toBe(204)
    const { body } = await server.call('GET', '/external-task')
    expect(body.map((task: { retries: number | null }) => task.retries)).toEqual(retries)
  })
})
