import { describe, expect, it } from 'vitest'
import { Driver } from '../test/driver.ts'
import {
  boundary,
  catchEvent,
  delegate,
  endEvent,
  error,
  external,
  graphOf,
  message,
  parallel,
  signal,
  startEvent,
  userTask,
} from '../test/graphs.ts'

const interrupting = graphOf(
  [startEvent('s'), userTask('t'), boundary('b', 't', message('stop')), userTask('after'), endEvent('e')],
  ['s>t', 't>e', 'b>after', 'after>e'],
)
const alongside = graphOf(
  [
    startEvent('s'),
    userTask('t'),
    boundary('b', 't', signal('news-${n}'), { cancelActivity: false }),
    userTask('read'),
    endEvent('e'),
  ],
  ['s>t', 't>e', 'b>read', 'read>e'],
)

describe('an interrupting boundary event', () => {
  it('is subscribed on the scope of its activity while that runs', () => {
    const driver = new Driver(interrupting)
    const [, scope] = driver.aggregate.executions
    expect(driver.aggregate.subscriptions).toMatchObject([
      { activityId: 'b', executionId: scope?.id, eventType: 'message', eventName: 'stop', correlationKey: null },
    ])
    driver.complete('t')
    expect(driver.aggregate.instance.state).toBe('COMPLETED')
  })

  it('cancels its activity and goes on, with the variables of the event at the process', () => {
    const driver = new Driver(interrupting)
    driver.deliver('stop', { why: 'enough' })
    expect(driver.activities()).toEqual(['s', 'tX', 'b', 'after…'])
    expect(driver.variables()).toEqual({ why: 'enough' })
    expect(driver.aggregate.userTasks).toMatchObject([{ activityId: 'after', executionId: 'i1' }])
    expect(driver.aggregate.subscriptions).toEqual([])
  })
})

describe('a boundary event that does not interrupt', () => {
  it('goes on beside its activity, and may fire again', () => {
    // given
    const driver = new Driver(alongside, { n: 1 })

    // when
    driver.deliver('news-1')
    driver.deliver('news-1')

    // then
    expect(driver.tokens()).toEqual(['read', 'read', 't'])
    const concurrent = driver.aggregate.executions.filter((row) => row.isConcurrent)
    expect(concurrent).toHaveLength(3)
    expect(concurrent.every((row) => row.parentId === 'i1')).toBe(true)
    expect(concurrent.filter((row) => row.activityId === null)).toMatchObject([{ isActive: false }])
    driver.complete('read')
    driver.complete('read')
    expect(driver.aggregate.executions).toMatchObject([
      { id: 'i1', activityId: null, activityInstanceId: 'i1', isActive: false },
      { parentId: 'i1', activityId: 't', isScope: true, isConcurrent: false },
    ])
    driver.complete('t')
    expect(driver.aggregate.instance.state).toBe('COMPLETED')
    expect(driver.activities()).toEqual(['s', 't', 'b', 'read', 'b', 'read', 'e', 'e', 'e'])
  })
})

describe('an error boundary event', () => {
  const graph = graphOf(
    [
      startEvent('s'),
      external('x'),
      boundary('all', 'x', error(null, { codeVariable: 'code' })),
      boundary('one', 'x', error('E-1', { codeVariable: 'code', messageVariable: 'text' })),
      userTask('tAll'),
      userTask('tOne'),
    ],
    ['s>x', 'all>tAll', 'one>tOne'],
  )

  it.each([
    ['E-1', 'tOne', { code: 'E-1', text: null, extra: 1 }],
    ['E-2', 'tAll', { code: 'E-2', extra: 1 }],
  ])('that names the code %s wins over one that catches all', (errorCode, to, variables) => {
    const driver = new Driver(graph)
    driver.send({
      type: 'external-bpmn-error',
      taskId: driver.externalId('x'),
      errorCode,
      errorMessage: null,
      variables: { extra: { type: 'Integer', value: 1 } },
    })
    expect(driver.tokens()).toEqual([to])
    expect(driver.variables()).toEqual(variables)
    expect(driver.aggregate.externalTasks).toEqual([])
  })

  it('catches what a person throws at a user task', () => {
    const task = graphOf(
      [startEvent('s'), userTask('t'), boundary('b', 't', error('NO')), userTask('after')],
      ['s>t', 'b>after'],
    )
    const driver = new Driver(task)
    const taskId = driver.aggregate.userTasks[0]?.id ?? ''
    driver.send({ type: 'task-bpmn-error', taskId, errorCode: 'NO', errorMessage: null, variables: {} })
    expect(driver.activities()).toEqual(['s', 'tX', 'b', 'after…'])
  })
})

describe('end events', () => {
  it('terminate: every other token is canceled and the instance is complete', () => {
    const graph = graphOf(
      [
        startEvent('s'),
        parallel('f'),
        userTask('a'),
        external('x'),
        delegate('D'),
        endEvent('stop', { kind: 'terminate' }),
      ],
      ['s>f', 'f>a', 'f>x', 'f>D', 'a>stop'],
    )
    const driver = new Driver(graph)
    driver.complete('a')
    expect(driver.aggregate.instance).toMatchObject({ state: 'COMPLETED', deleteReason: null })
    expect(driver.activities()).toEqual(['s', 'f', 'a', 'xX', 'stop'])
    expect(driver.last.history.map((event) => event.type)).toEqual([
      'activity-ended',
      'activity-ended',
      'work-log',
      'activity-started',
      'activity-ended',
    ])
  })

  it('an uncaught error end event beside other tokens stays unfinished in history', () => {
    const graph = graphOf(
      [startEvent('s'), parallel('f'), userTask('a'), endEvent('bad', error('E'))],
      ['s>f', 'f>a', 'f>bad'],
    )
    const driver = new Driver(graph)
    expect(driver.activities()).toEqual(['s', 'f', 'a…', 'bad…'])
    expect(driver.aggregate.executions).toMatchObject([{ id: 'i1', activityId: 'a' }])
  })

  it('an uncaught error end event that is the last ends the instance', () => {
    const driver = new Driver(graphOf([startEvent('s'), endEvent('bad', error('E'))], ['s>bad']))
    expect(driver.activities()).toEqual(['s', 'bad'])
    expect(driver.aggregate.instance.state).toBe('COMPLETED')
  })
})

describe('an event that is caught', () => {
  const graph = graphOf([startEvent('s'), catchEvent('c', signal('go')), userTask('t')], ['s>c', 'c>t'])

  it('later: as due work of its own, which takes its variables along', () => {
    const driver = new Driver(graph)
    const subscriptionId = driver.aggregate.subscriptions[0]?.id ?? ''
    driver.send({ type: 'deliver-later', subscriptionId, variables: { n: { type: 'Integer', value: 1 } } })
    expect(driver.aggregate.dueWork).toMatchObject([{ kind: 'signal-delivery', activityId: 'c', dueAt: null }])
    expect(driver.tokens()).toEqual(['c'])
    driver.runWork('c')
    expect(driver.tokens()).toEqual(['t'])
    expect(driver.variables()).toEqual({ n: 1 })
  })

  it('twice later: the second delivery finds nobody and is gone with the first', () => {
    const driver = new Driver(graph)
    const subscriptionId = driver.aggregate.subscriptions[0]?.id ?? ''
    driver.send({ type: 'deliver-later', subscriptionId, variables: {} })
    driver.send({ type: 'deliver-later', subscriptionId, variables: {} })
    driver.runWork('c')
    expect(driver.aggregate.dueWork).toEqual([])
    expect(driver.tokens()).toEqual(['t'])
  })

  it('by its correlation key, evaluated on entry', () => {
    const keyed = graphOf(
      [startEvent('s'), catchEvent('c', message('job'), { correlationKey: { text: '', parts: ['j1'] } })],
      ['s>c'],
    )
    expect(new Driver(keyed).aggregate.subscriptions).toMatchObject([{ eventName: 'job', correlationKey: 'j1' }])
  })
})
