import { describe, expect, it } from 'vitest'
import { Driver } from '../test/driver.ts'
import { boundary, catchEvent, delegate, endEvent, graphOf, startEvent, timer, userTask } from '../test/graphs.ts'
import { parseExpression } from './expression/parse-expression.ts'
import type { Json } from './values.ts'

const at = (text: string) => new Date(`2026-01-01T${text}Z`)

describe('due work', () => {
  const priorityWith = (variables: Record<string, Json>) => {
    const held = userTask('t', { asyncBefore: true, jobPriority: parseExpression('${p}') })
    return new Driver(graphOf([startEvent('s'), held], ['s>t']), variables).aggregate.dueWork[0]?.priority
  }

  it('has the priority its expression gives, and the default where that fails', () => {
    expect(priorityWith({ p: 12 })).toBe(12)
    expect(priorityWith({})).toBe(0)
    expect(() => priorityWith({ p: 'high' })).toThrow(
      'Job t/async-continuation instantiated in context of ProcessInstance[i1]: Priority value is not an Integer',
    )
  })
})

describe('a timer', () => {
  it('holds the token until its time, which is evaluated on entry', () => {
    const graph = graphOf(
      [startEvent('s'), catchEvent('c', timer('duration', '${wait}')), userTask('t')],
      ['s>c', 'c>t'],
    )
    const driver = new Driver(graph, { wait: 'PT1H' })
    expect(driver.aggregate.dueWork).toMatchObject([
      { kind: 'timer-intermediate', activityId: 'c', dueAt: at('01:00:00'), repeat: null, retries: 3 },
    ])
    driver.runWork('c')
    expect(driver.tokens()).toEqual(['t'])
  })

  it('that cannot be read fails in the element that has it', () => {
    const graph = graphOf(
      [
        startEvent('s'),
        catchEvent('c2', timer('date', '2020-01-01T00:00:00Z')),
        catchEvent('c3', timer('duration', '${dur}')),
      ],
      ['s>c2', 'c2>c3'],
    )
    const driver = new Driver(graph, { dur: 'nonsense' })
    expect(() => driver.runWork('c2')).toThrow(
      expect.objectContaining({
        message: 'ENGINE-09027 Exception while resolving duedate \'nonsense\': Invalid format: "nonsense"',
        failedActivityId: 'c3',
      }),
    )
  })

  it('at the boundary interrupts its activity', () => {
    const graph = graphOf(
      [startEvent('s'), userTask('t'), boundary('b', 't', timer('duration', 'PT5M')), userTask('late')],
      ['s>t', 'b>late'],
    )
    const driver = new Driver(graph)
    expect(driver.aggregate.dueWork).toMatchObject([{ kind: 'timer-boundary', activityId: 'b', dueAt: at('00:05:00') }])
    driver.runWork('b')
    expect(driver.activities()).toEqual(['s', 'tX', 'b', 'late…'])
    expect(driver.aggregate.dueWork).toEqual([])
  })

  it('goes with its activity', () => {
    const graph = graphOf(
      [startEvent('s'), userTask('t'), boundary('b', 't', timer('duration', 'PT5M')), userTask('u'), endEvent('e')],
      ['s>t', 't>u', 'b>e'],
    )
    const driver = new Driver(graph)
    driver.complete('t')
    expect(driver.aggregate.dueWork).toEqual([])
    expect(driver.last.history).toContainEqual(expect.objectContaining({ type: 'work-log', event: 'deleted' }))
  })

  it('that repeats and does not interrupt fires as often as its cycle says', () => {
    // given
    const graph = graphOf(
      [
        startEvent('s'),
        userTask('t'),
        boundary('b', 't', timer('cycle', 'R3/PT30S'), { cancelActivity: false }),
        endEvent('e'),
      ],
      ['s>t', 't>e', 'b>e'],
    )
    const driver = new Driver(graph)
    const fired: string[] = []

    // when
    while (driver.aggregate.dueWork.length > 0) {
      driver.now = driver.work('b').dueAt ?? driver.now
      fired.push(driver.now.toISOString().slice(11, 19))
      driver.runWork('b')
    }

    // then
    expect(fired).toEqual(['00:00:30', '00:01:00', '00:01:30'])
    expect(driver.tokens()).toEqual(['t'])
  })
})

describe('due work that fails', () => {
  const failing = (retryCycle: string | null) =>
    new Driver(
      graphOf(
        [startEvent('s'), delegate('D', retryCycle === null ? {} : { retryCycle: parseExpression(retryCycle) })],
        ['s>D'],
      ),
      { cycle: 'R2/PT10S' },
    )
  const fail = (driver: Driver) => {
    const { id: workId } = driver.work('D')
    driver.send({ type: 'work-failed', workId, message: 'no', stack: 'at', failedActivityId: 'D' })
    const { retries, dueAt } = driver.work('D')
    return [retries, dueAt?.toISOString().slice(11, 19) ?? null, driver.aggregate.incidents.length]
  }

  it.each([
    [
      null,
      [
        [2, null, 0],
        [1, null, 0],
        [0, null, 1],
      ],
    ],
    [
      'R2/PT1S',
      [
        [1, '00:00:01', 0],
        [0, '00:00:01', 1],
      ],
    ],
    [
      '${cycle}',
      [
        [1, '00:00:10', 0],
        [0, '00:00:10', 1],
      ],
    ],
    [
      'PT10M,PT20M',
      [
        [2, '00:10:00', 0],
        [1, '00:20:00', 0],
        [0, '00:20:00', 1],
      ],
    ],
    [
      'rubbish',
      [
        [2, null, 0],
        [1, null, 0],
        [0, null, 1],
      ],
    ],
    [
      '${unknown}',
      [
        [2, null, 0],
        [1, null, 0],
        [0, null, 1],
      ],
    ],
  ])('with the retry cycle %s is tried again until its tries are used up', (cycle, expected) => {
    const driver = failing(cycle)
    expect(expected.map(() => fail(driver))).toEqual(expected)
  })

  it('has its incident resolved when it is run by hand and succeeds', () => {
    const driver = failing('R1/PT1S')
    fail(driver)
    expect(driver.aggregate.incidents).toMatchObject([{ incidentType: 'failedJob', failedActivityId: 'D' }])
    const { history } = driver.runDelegate('D')
    expect(history.slice(0, 2)).toMatchObject([
      { type: 'incident-ended', state: 'resolved' },
      { type: 'work-log', event: 'succeeded' },
    ])
    expect(driver.aggregate.instance.state).toBe('COMPLETED')
  })
})
