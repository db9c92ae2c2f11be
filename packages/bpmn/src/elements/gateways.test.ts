import { describe, expect, it } from 'vitest'
import { Driver } from '../../test/driver.ts'
import {
  endEvent,
  exclusive,
  expressionTask,
  graphOf,
  parallel,
  passThrough,
  startEvent,
  userTask,
} from '../../test/graphs.ts'

describe('an exclusive gateway', () => {
  const graph = graphOf(
    [startEvent('s'), exclusive('g', { defaultFlowId: 'g_d' }), userTask('a'), userTask('b'), userTask('d')],
    ['s>g', 'g>d', 'g>a ${n > 10}', 'g>b ${n > 5}'],
  )

  it.each([
    [20, 'a'],
    [7, 'b'],
    [1, 'd'],
  ])('takes the first true flow in document order, else the default: n = %i leads to %s', (n, to) => {
    expect(new Driver(graph, { n }).tokens()).toEqual([to])
  })

  it.each([
    [{}, "Unknown property used in expression: ${n > 10}. Cause: Cannot resolve identifier 'n'"],
    [{ n: 'abc' }, "Error while evaluating expression: ${n > 10}. Cause: Cannot coerce 'abc' to class java.lang.Long"],
  ])('fails with the message of the condition: %j', (variables, message) => {
    expect(() => new Driver(graph, variables)).toThrow(
      expect.objectContaining({ name: 'StepFailure', message, failedActivityId: 'g' }),
    )
  })

  it.each([
    [
      { n: 1, m: false },
      "ENGINE-02004 No outgoing sequence flow for the element with id 'g' could be selected for continuing the process.",
    ],
    [
      { n: 1, m: 1 },
      'condition expression returns non-Boolean: result has class java.lang.Integer and not java.lang.Boolean',
    ],
    [
      { n: 1, m: 'true' },
      'condition expression returns non-Boolean: result has class java.lang.String and not java.lang.Boolean',
    ],
    [{ n: 1, m: null }, 'condition expression returns null: result is null'],
  ])('without a default flow needs a condition that is really true: %j', (variables, message) => {
    const strict = graphOf(
      [startEvent('s'), exclusive('g'), userTask('a'), userTask('b')],
      ['s>g', 'g>a ${n > 10}', 'g>b ${m}'],
    )
    expect(() => new Driver(strict, variables)).toThrow(message)
  })
})

describe('leaving an activity', () => {
  it('takes every flow that is true or has no condition', () => {
    const graph = graphOf(
      [startEvent('s'), passThrough('t'), userTask('a'), userTask('b'), userTask('c')],
      ['s>t', 't>a ${true}', 't>b ${false}', 't>c'],
    )
    expect(new Driver(graph).tokens()).toEqual(['a', 'c'])
  })

  it('with conditions none of which is true fails as Camunda does', () => {
    const graph = graphOf([startEvent('s'), passThrough('t'), userTask('a')], ['s>t', 't>a ${false}'])
    expect(() => new Driver(graph)).toThrow(
      "ENGINE-02006 No conditional sequence flow leaving the Flow Node 't' could be selected for continuing the process.",
    )
  })

  it('without outgoing flows ends the path', () => {
    const graph = graphOf([startEvent('s'), passThrough('t')], ['s>t'])
    expect(new Driver(graph).aggregate.instance.state).toBe('COMPLETED')
  })
})

describe('a parallel gateway', () => {
  const graph = graphOf(
    [
      startEvent('s'),
      parallel('f'),
      userTask('a'),
      userTask('b'),
      userTask('c'),
      parallel('j'),
      userTask('last'),
      endEvent('e'),
    ],
    ['s>f', 'f>a', 'f>b', 'f>c', 'a>j', 'b>j', 'c>j', 'j>last', 'last>e'],
  )

  it('forks into concurrent executions below the root', () => {
    const { executions } = new Driver(graph).aggregate
    expect(executions).toMatchObject([
      { id: 'i1', parentId: null, activityId: null, activityInstanceId: 'i1', isScope: true, isActive: false },
      { parentId: 'i1', activityId: 'a', isConcurrent: true, isScope: false, isActive: true },
      { parentId: 'i1', activityId: 'b', isConcurrent: true },
      { parentId: 'i1', activityId: 'c', isConcurrent: true },
    ])
  })

  it('joins when all have arrived; each arrival is an activity instance of its own', () => {
    const driver = new Driver(graph)
    driver.complete('b')
    expect(driver.tokens()).toEqual(['a', 'c', 'j'])
    expect(driver.activities()).toEqual(['s', 'f', 'a…', 'b', 'c…', 'j…'])
    driver.complete('a')
    driver.complete('c')
    expect(driver.activities()).toEqual(['s', 'f', 'a', 'b', 'c', 'j', 'j', 'j', 'last…'])
    expect(driver.aggregate.executions).toMatchObject([
      { id: 'i1', activityId: 'last', isActive: true, isJoining: false },
    ])
    driver.complete('last')
    expect(driver.aggregate.instance.state).toBe('COMPLETED')
  })

  it('counts arrivals, not distinct flows: two tokens over one flow fire a join of two', () => {
    const twice = graphOf(
      [startEvent('s'), parallel('f'), passThrough('t'), userTask('b'), parallel('j'), userTask('after')],
      ['s>f', 'f>t', 'f>t', 't>j', 'f>b', 'b>j', 'j>after'],
    )
    const driver = new Driver(twice)
    expect(driver.tokens()).toEqual(['after', 'b'])
  })

  it('waits for ever when a branch does not come', () => {
    const stuck = graphOf(
      [startEvent('s'), parallel('f'), userTask('a'), userTask('b'), endEvent('e'), parallel('j'), endEvent('e2')],
      ['s>f', 'f>a', 'f>b', 'a>j', 'b>e', 's2>j', 'j>e2'],
    )
    const driver = new Driver(stuck)
    driver.complete('a')
    driver.complete('b')
    expect(driver.aggregate.executions).toMatchObject([{ id: 'i1', activityId: 'j', isJoining: true, isActive: false }])
    expect(driver.aggregate.instance.state).toBe('ACTIVE')
  })
})

describe('a loop', () => {
  const graph = graphOf(
    [
      startEvent('s'),
      expressionTask('add', '${n + 1}', 'n'),
      exclusive('g', { defaultFlowId: 'g_add' }),
      endEvent('e'),
    ],
    ['s>add', 'add>g', 'g>add', 'g>e ${n >= max}'],
  )

  it('of 100,000 rounds in one step does not overflow', () => {
    const driver = new Driver(graph, { n: 0, max: 100_000 }, {}, 1_000_000)
    expect(driver.aggregate.instance.state).toBe('COMPLETED')
    expect(driver.aggregate.variables).toEqual([])
  })

  it('goes on by due work when it has used up its step', () => {
    const driver = new Driver(graph, { n: 0, max: 30 }, {}, 10)
    let steps = 1
    while (driver.aggregate.instance.state === 'ACTIVE') {
      expect(driver.aggregate.dueWork).toMatchObject([{ kind: 'async-before', retries: 3 }])
      driver.send({ type: 'run-work', workId: driver.aggregate.dueWork[0]?.id ?? '' })
      steps += 1
    }
    expect(steps).toBe(Math.ceil((1 + 30 * 2 + 1) / 10))
    expect(driver.activities().filter((id) => id === 'add')).toHaveLength(30)
  })
})
