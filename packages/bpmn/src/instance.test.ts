import { describe, expect, it } from 'vitest'
import { Driver, typed, typedAll } from '../test/driver.ts'
import {
  catchEvent,
  delegate,
  endEvent,
  expressionTask,
  external,
  graphOf,
  input,
  message,
  parallel,
  signal,
  startEvent,
  userTask,
} from '../test/graphs.ts'
import type { FlowNode } from './graph.ts'
import { startInstance } from './start.ts'

describe('starting', () => {
  const twoStarts = graphOf(
    [startEvent('m', message('go')), startEvent('s', signal('go')), userTask('t')],
    ['m>t', 's>t'],
  )
  const request = {
    instanceId: 'i',
    definitionId: 'd',
    businessKey: null,
    tenantId: null,
    startUserId: null,
    variables: {},
    commitAtStart: false,
  }
  const env = { now: new Date(0), newId: () => 'x', activitiesMax: 10 }

  it('takes the none start event, else the only one', () => {
    const only = graphOf([startEvent('m', message('go')), userTask('t')], ['m>t'])
    expect(startInstance(only, request, env).aggregate.instance.startActivityId).toBe('m')
    expect(() => startInstance(twoStarts, request, env)).toThrow("Process 'p' has no default start activity")
  })

  it('takes the start event that was named', () => {
    const { aggregate } = startInstance(twoStarts, { ...request, startActivityId: 's' }, env)
    expect(aggregate.instance).toMatchObject({ startActivityId: 's', rootProcessInstanceId: 'i', revision: 1 })
  })

  it('that fails leaves no instance', () => {
    const bad = graphOf([startEvent('s'), expressionTask('x', '${nope}')], ['s>x'])
    expect(() => startInstance(bad, request, env)).toThrow(expect.objectContaining({ failedActivityId: 'x' }))
  })
})

describe('asyncBefore and asyncAfter', () => {
  const graph = graphOf(
    [startEvent('s'), expressionTask('x', '${1}', 'r', { asyncBefore: true, asyncAfter: true }), userTask('t')],
    ['s>x', 'x>t'],
  )

  it('hold the token before and behind the activity, without an activity instance', () => {
    const driver = new Driver(graph)
    expect(driver.tokens()).toEqual(['~x'])
    expect(driver.activities()).toEqual(['s'])
    driver.runWork('x')
    expect(driver.tokens()).toEqual(['~x'])
    expect(driver.activities()).toEqual(['s', 'x'])
    expect(driver.variables()).toEqual({ r: 1 })
    expect(driver.aggregate.dueWork).toMatchObject([{ kind: 'async-after' }])
    driver.runWork('x')
    expect(driver.tokens()).toEqual(['t'])
  })

  it('behind a fork there is one for each flow', () => {
    const forked = graphOf(
      [startEvent('s'), parallel('f', { asyncAfter: true }), userTask('a'), userTask('b')],
      ['s>f', 'f>a', 'f>b'],
    )
    const driver = new Driver(forked)
    expect(driver.tokens()).toEqual(['~f', '~f'])
    driver.runWork('f')
    driver.runWork('f')
    expect(driver.tokens()).toEqual(['a', 'b'])
  })

  it('behind the last element the instance ends with the due work', () => {
    const driver = new Driver(
      graphOf([startEvent('s'), endEvent('e', { kind: 'none' }, { asyncAfter: true })], ['s>e']),
    )
    expect(driver.tokens()).toEqual(['~e'])
    driver.runWork('e')
    expect(driver.aggregate.instance.state).toBe('COMPLETED')
  })

  it('a failure names the activity that failed, not the one whose due work it was', () => {
    const chain = graphOf(
      [startEvent('s'), expressionTask('x', '${1}', null, { asyncBefore: true }), expressionTask('y', '${nope}')],
      ['s>x', 'x>y'],
    )
    const driver = new Driver(chain)
    expect(() => driver.runWork('x')).toThrow(expect.objectContaining({ failedActivityId: 'y' }))
    expect(driver.tokens()).toEqual(['~x'])
  })
})

describe('variables', () => {
  it('input parameters are local, output parameters go to the parent, each sees those before it', () => {
    // given
    const mapped = userTask('t', {
      inputs: [
        input('txt', 'hello ${who}'),
        input('num', '${n + 1}'),
        { name: 'lst', value: { kind: 'list', items: [input('', 'a').value, input('', '${n}').value] } },
        input('n', '${n * 10}'),
      ],
      outputs: [input('res', '${num}'), input('n', '${n}'), input('total', '${res}-${txt}')],
    })
    const driver = new Driver(graphOf([startEvent('s'), mapped, userTask('u')], ['s>t', 't>u']), { who: 'ann', n: 4 })
    const inside = driver.aggregate.variables.filter((row) => row.executionId !== 'i1')
    expect(Object.fromEntries(inside.map((row) => [row.name, row.value]))).toEqual({
      txt: typed('hello ann'),
      num: { type: 'Long', value: 5 },
      lst: { type: 'Object', value: ['a', 4] },
      n: { type: 'Long', value: 40 },
    })

    // when
    driver.complete('t', { num: 9, extra: 'e' })

    // then
    expect(driver.variables()).toEqual({ who: 'ann', n: 40, extra: 'e', res: 9, total: '9-hello ann' })
  })

  it('of a message go where their name exists, local ones end with the receiving event', () => {
    const node = catchEvent('c', message('go'), {
      inputs: [input('near', 'old')],
      outputs: [input('seen', '${near}-${here}')],
    })
    const driver = new Driver(graphOf([startEvent('s'), node, userTask('t')], ['s>c', 'c>t']), { top: 'old' })
    driver.send({
      type: 'deliver',
      subscriptionId: driver.aggregate.subscriptions[0]?.id ?? '',
      variables: typedAll({ near: 'new', top: 'new', fresh: 1 }),
      localVariables: typedAll({ here: 'now' }),
    })
    expect(driver.variables()).toEqual({ top: 'new', fresh: 1, seen: 'new-now' })
  })

  it('transient ones live to the next wait state and are never stored', () => {
    const graph = graphOf([startEvent('s'), expressionTask('x', '${secret}!', 'r'), userTask('t')], ['s>x', 'x>t'])
    const driver = new Driver(graph, {}, { variables: { secret: { ...typed('hush'), transient: true } } })
    expect(driver.variables()).toEqual({ r: 'hush!' })
    expect(JSON.stringify(driver.last.changes)).not.toContain('secret')
    expect(driver.history.filter((event) => event.type === 'variable-set')).toHaveLength(1)
  })

  it('can be changed and removed from outside, also while suspended', () => {
    const driver = new Driver(graphOf([startEvent('s'), userTask('t')], ['s>t']), { a: 1, b: 2 })
    driver.send({ type: 'suspended', suspended: true })
    driver.send({
      type: 'variables-changed',
      executionId: 'i1',
      set: typedAll({ a: 2, c: 3 }),
      remove: ['b', 'no'],
      local: false,
    })
    expect(driver.variables()).toEqual({ a: 2, c: 3 })
    expect(driver.last.history.map((event) => event.type)).toEqual(['variable-set', 'variable-set', 'variable-deleted'])
  })
})

describe('a receive task without a message', () => {
  it('waits until its execution is triggered', () => {
    const wait = { ...catchEvent('r', message('x')), kind: 'receiveTask', messageName: null } as FlowNode
    const driver = new Driver(graphOf([startEvent('s'), wait, userTask('t')], ['s>r', 'r>t']))
    expect(driver.aggregate.subscriptions).toEqual([])
    driver.send({ type: 'triggered', executionId: 'i1', variables: typedAll({ n: 1 }) })
    expect(driver.tokens()).toEqual(['t'])
    expect(() => driver.send({ type: 'triggered', executionId: 'i1', variables: {} })).toThrow(
      'is not at a receive task',
    )
  })
})

describe('an instance', () => {
  const graph = graphOf(
    [startEvent('s'), parallel('f'), userTask('t'), external('x'), delegate('D'), catchEvent('c', signal('go'))],
    ['s>f', 'f>t', 'f>x', 'f>D', 'f>c'],
  )

  it('that is suspended has all its work suspended, and so what it makes later', () => {
    const driver = new Driver(graph)
    driver.send({ type: 'suspended', suspended: true })
    const { instance, dueWork, externalTasks, userTasks } = driver.aggregate
    expect(instance.state).toBe('SUSPENDED')
    for (const row of [...dueWork, ...externalTasks, ...userTasks]) expect(row.isSuspended).toBe(true)
  })

  it('that is deleted cancels what is unfinished and leaves no rows but its own', () => {
    // given
    const driver = new Driver(graph, { a: 1 })
    const { id: workId } = driver.work('D')
    for (let n = 0; n < 3; n += 1) {
      driver.send({ type: 'work-failed', workId, message: 'no', stack: null, failedActivityId: 'D' })
    }
    expect(driver.aggregate.incidents).toHaveLength(1)

    // when
    driver.send({ type: 'deleted', reason: 'by hand' })

    // then
    expect(driver.aggregate).toMatchObject({
      instance: { state: 'EXTERNALLY_TERMINATED', deleteReason: 'by hand', endedAt: driver.now },
      executions: [],
      variables: [],
      subscriptions: [],
      dueWork: [],
      externalTasks: [],
      userTasks: [],
      incidents: [],
    })
    expect(driver.activities()).toEqual(['s', 'f', 'tX', 'xX', 'cX'])
    expect(driver.last.history.filter((event) => event.type === 'incident-ended')).toMatchObject([{ state: 'deleted' }])
    expect(() => driver.send({ type: 'suspended', suspended: true })).toThrow('Process instance i1 has ended')
  })

  it('that has ended in the step it began in stores only itself', () => {
    const driver = new Driver(graphOf([startEvent('s'), endEvent('e')], ['s>e']), { a: 1 })
    expect(driver.last.changes).toMatchObject({
      instance: { state: 'COMPLETED' },
      executions: { upserts: [], deletes: [] },
      variables: { upserts: [], deletes: [] },
    })
    expect(driver.history.map((event) => event.type)).toEqual([
      'variable-set',
      'activity-started',
      'activity-ended',
      'activity-started',
      'activity-ended',
    ])
  })
})
