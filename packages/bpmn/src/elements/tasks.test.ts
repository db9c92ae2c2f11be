import { describe, expect, it } from 'vitest'
import { Driver, typedAll } from '../../test/driver.ts'
import {
  boundary,
  delegate,
  endEvent,
  error,
  expressionTask,
  external,
  graphOf,
  input,
  parallel,
  startEvent,
  userTask,
} from '../../test/graphs.ts'
import { parseExpression } from '../expression/parse-expression.ts'
import type { Json } from '../values.ts'

describe('an external task', () => {
  const graph = graphOf(
    [
      startEvent('s'),
      external('x', { inputs: [input('in', '${a}')], outputs: [input('back', '${loc}')] }),
      userTask('t'),
    ],
    ['s>x', 'x>t'],
  )

  it('runs on a scope of its own, where inputs and local variables live', () => {
    const driver = new Driver(graph, { a: 1 })
    const [task] = driver.aggregate.externalTasks
    expect(task).toMatchObject({
      topic: 'topic-x',
      retries: null,
      priority: 0,
      activityInstanceId: expect.stringMatching(/^x:/),
    })
    expect(driver.aggregate.executions).toMatchObject([
      { id: 'i1', activityId: null, activityInstanceId: 'i1', isActive: false },
      { id: task?.executionId, parentId: 'i1', activityId: 'x', isScope: true, isConcurrent: false },
    ])
    expect(driver.aggregate.variables.find((row) => row.name === 'in')).toMatchObject({
      executionId: task?.executionId,
      activityInstanceId: task?.activityInstanceId,
      value: { type: 'Integer', value: 1 },
    })

    driver.send({
      type: 'external-completed',
      taskId: driver.externalId('x'),
      variables: typedAll({ res: 'r' }),
      localVariables: typedAll({ loc: 'L' }),
    })
    expect(driver.variables()).toEqual({ a: 1, res: 'r', back: 'L' })
    expect(driver.aggregate.executions).toMatchObject([{ id: 'i1', activityId: 't' }])
  })

  const withPriority = (value?: Json) => {
    const priority = parseExpression('${p}')
    const implementation = { kind: 'external', topic: parseExpression('x'), priority } as const
    const one = graphOf([startEvent('s'), external('x', { implementation })], ['s>x'])
    return new Driver(one, value === undefined ? {} : { p: value }).aggregate.externalTasks[0]?.priority
  }

  it('has the priority its expression gives, and the default where that fails', () => {
    expect(withPriority(7)).toBe(7)
    expect(withPriority()).toBe(0)
  })

  it.each([
    ['7', ': Priority value is not an Integer'],
    [null, ': Priority value is not an Integer'],
    [7.5, ': Priority value must be either Short, Integer, or Long'],
  ])('is not made with the priority %j', (value, message) => {
    expect(() => withPriority(value)).toThrow(message)
  })

  it('that has no retries left is an incident until it gets new ones', () => {
    // given
    const driver = new Driver(graph, { a: 1 })
    const taskId = driver.externalId('x')
    const lockExpiresAt = new Date('2026-01-01T00:10:00Z')
    const fail = (retries: number, errorMessage: string) =>
      driver.send({
        type: 'external-failed',
        taskId,
        errorMessage,
        errorDetails: 'details',
        retries,
        lockExpiresAt,
        variables: typedAll({ fv: 1 }),
        localVariables: typedAll({ fl: 2 }),
      })

    // when
    fail(1, 'first')
    expect(driver.aggregate.incidents).toEqual([])
    fail(0, 'second')

    // then
    const [incident] = driver.aggregate.incidents
    expect(incident).toMatchObject({
      incidentType: 'failedExternalTask',
      activityId: 'x',
      failedActivityId: null,
      configuration: taskId,
      message: 'second',
      causeIncidentId: incident?.id,
      rootCauseIncidentId: incident?.id,
    })
    expect(driver.aggregate.externalTasks).toMatchObject([
      { errorMessage: 'second', errorDetails: 'details', lockExpiresAt },
    ])
    expect(driver.variables()).toEqual({ a: 1, in: 1, fv: 1, fl: 2 })
    driver.send({ type: 'set-external-retries', taskId, retries: 2 })
    expect(driver.aggregate.incidents).toEqual([])
    expect(driver.last.history).toMatchObject([{ type: 'incident-ended', state: 'resolved' }])
  })

  it('whose error nobody catches ends its path silently', () => {
    const driver = new Driver(graphOf([startEvent('s'), external('x'), endEvent('e')], ['s>x', 'x>e']))
    const taskId = driver.externalId('x')
    driver.send({ type: 'external-bpmn-error', taskId, errorCode: 'E', errorMessage: null, variables: {} })
    expect(driver.aggregate.instance.state).toBe('COMPLETED')
    expect(driver.activities()).toEqual(['s', 'x'])
  })

  it('of a suspended instance cannot be completed', () => {
    const driver = new Driver(graph, { a: 1 })
    driver.send({ type: 'suspended', suspended: true })
    const taskId = driver.externalId('x')
    expect(() => driver.send({ type: 'external-completed', taskId, variables: {}, localVariables: {} })).toThrow(
      `ENGINE-03043 ExternalTask with id '${taskId}' is suspended.`,
    )
  })
})

describe('a user task', () => {
  const graph = graphOf(
    [
      startEvent('s'),
      userTask('t', {
        candidateGroups: parseExpression('sales, ${grp}'),
        candidateUsers: parseExpression('ann'),
        priority: parseExpression('${40 + 2}'),
        dueDate: parseExpression('2030-01-01T00:00:00'),
        followUpDate: parseExpression('${null}'),
        formKey: 'form-1',
        description: 'about ${who} of ${task.taskDefinitionKey}',
      }),
      userTask('t2', { assignee: parseExpression('${who}') }),
      endEvent('e'),
    ],
    ['s>t', 't>t2', 't2>e'],
  )

  it('is made with its expressions evaluated', () => {
    const driver = new Driver(graph, { grp: 'ops', who: 'bob' })
    expect(driver.aggregate.userTasks).toMatchObject([
      {
        name: 't',
        executionId: 'i1',
        candidateGroups: ['sales', 'ops'],
        candidateUsers: ['ann'],
        priority: 42,
        // without a zone: that of this machine
        dueAt: new Date(2030, 0, 1),
        followUpAt: null,
        formKey: 'form-1',
        description: 'about bob of t',
        assignee: null,
      },
    ])
  })

  const made = (extra: Record<string, unknown>, variables: Record<string, Json>) => {
    const one = graphOf([startEvent('s'), { ...userTask('t', extra), name: 'Check ${who}' }], ['s>t'])
    return new Driver(one, { who: 'bob', ...variables }).aggregate.userTasks[0]
  }

  it('has expressions in its name and the key of its form', () => {
    expect(made({ formKey: 'form-${who}' }, {})).toMatchObject({ name: 'Check bob', formKey: 'form-bob' })
    expect(made({ formKey: 'form-${nobody}' }, {})).toMatchObject({ formKey: 'form-${nobody}' })
    expect(made({ formKey: 'form-${' }, {})).toMatchObject({ formKey: 'form-${' })
  })

  it.each([
    [null, 50],
    ['7', 7],
    [7.9, 7],
  ])('whose priority gives %j has %i', (value, priority) => {
    expect(made({ priority: parseExpression('${x}') }, { x: value })).toMatchObject({ priority })
  })

  it.each([
    ['priority', 'abc', 'Priority does not resolve to a number: abc'],
    ['priority', true, 'Priority expression does not resolve to a number: ${x}'],
    ['dueDate', 5, 'Due date expression does not resolve to a Date or Date string: ${x}'],
    ['followUpDate', true, 'Follow up date expression does not resolve to a Date or Date string: ${x}'],
    ['candidateUsers', 5, 'Expression did not resolve to a string or collection of strings'],
    ['candidateGroups', null, 'Expression did not resolve to a string or collection of strings'],
  ])('whose %s gives %j says what it should be', (attribute, value, message) => {
    expect(() => made({ [attribute]: parseExpression('${x}') }, { x: value })).toThrow(message)
  })

  it('that is completed sets variables and goes on', () => {
    const driver = new Driver(graph, { grp: 'ops', who: 'bob' })
    driver.complete('t', { done: true })
    expect(driver.aggregate.userTasks).toMatchObject([{ activityId: 't2', assignee: 'bob', priority: 50 }])
    expect(driver.last.history.at(-1)).toMatchObject({
      type: 'activity-started',
      assignee: 'bob',
      taskId: driver.aggregate.userTasks[0]?.id,
    })
    driver.complete('t2')
    expect(driver.aggregate.instance).toMatchObject({ state: 'COMPLETED', endedAt: driver.now, revision: 3 })
  })

  it('tells history of a new assignee', () => {
    const driver = new Driver(graph, { grp: 'ops', who: 'bob' })
    const taskId = driver.aggregate.userTasks[0]?.id ?? ''
    driver.send({ type: 'task-updated', taskId, patch: { assignee: 'eve', owner: 'dan', delegationState: 'PENDING' } })
    expect(driver.aggregate.userTasks).toMatchObject([{ assignee: 'eve', owner: 'dan', lastUpdatedAt: driver.now }])
    expect(driver.last.history).toMatchObject([{ type: 'task-assigned', taskId, assignee: 'eve' }])
  })

  it('of a suspended instance cannot be completed', () => {
    const driver = new Driver(graph, { grp: 'ops', who: 'bob' })
    driver.send({ type: 'suspended', suspended: true })
    expect(driver.aggregate.userTasks).toMatchObject([{ isSuspended: true }])
    expect(() => driver.complete('t')).toThrow(/ENGINE-03043 task with id '\w+' is suspended\./)
    driver.send({ type: 'suspended', suspended: false })
    driver.complete('t')
    expect(driver.tokens()).toEqual(['t2'])
  })
})

describe('a delegate', () => {
  it('gets its inputs and fields; outputs go to the process unless an output mapping of that name sets them', () => {
    // given
    const node = delegate('CreateJob', {
      fields: [{ name: 'severity', value: parseExpression('ERROR') }],
      inputs: [input('TAG', '${tag}-1')],
      outputs: [input('MY_JOB', '${JOB.id}'), input('STATE', '${STATE}!')],
    })
    const driver = new Driver(graphOf([startEvent('s'), node, userTask('t')], ['s>CreateJob', 'CreateJob>t']), {
      tag: 'x',
    })

    // when
    const { delegateCall } = driver.runWork('CreateJob')

    // then
    expect(delegateCall?.inputs).toEqual(typedAll({ severity: 'ERROR', TAG: 'x-1' }))
    expect(delegateCall?.variables).toEqual(typedAll({ tag: 'x', TAG: 'x-1' }))
    driver.runDelegate('CreateJob', { JOB: { id: 'j1' }, STATE: 'new' })
    expect(driver.variables()).toEqual({ tag: 'x', JOB: { id: 'j1' }, MY_JOB: 'j1', STATE: 'new!' })
  })

  it('may throw an error that a boundary event catches', () => {
    const graph = graphOf(
      [
        startEvent('s'),
        delegate('Deploy'),
        boundary('b', 'Deploy', error('FAILURE', { messageVariable: 'why' })),
        userTask('review'),
      ],
      ['s>Deploy', 'b>review'],
    )
    const driver = new Driver(graph)
    driver.runWork('Deploy', { kind: 'bpmn-error', errorCode: 'FAILURE', message: 'no room' })
    expect(driver.tokens()).toEqual(['review'])
    expect(driver.variables()).toEqual({ why: 'no room' })
    expect(driver.activities()).toEqual(['s', 'DeployX', 'b', 'review…'])
  })

  it('is not reached in the step of another: each waits as due work of its own', () => {
    const graph = graphOf(
      [startEvent('s'), parallel('f'), delegate('A'), delegate('B'), endEvent('e')],
      ['s>f', 'f>A', 'f>B', 'A>e', 'B>e'],
    )
    const driver = new Driver(graph)
    expect(driver.tokens()).toEqual(['~A', '~B'])
    driver.runDelegate('A')
    driver.runDelegate('B')
    expect(driver.aggregate.instance.state).toBe('COMPLETED')
  })
})

describe('a service task with an expression', () => {
  it('sets its result, null included', () => {
    const graph = graphOf(
      [startEvent('s'), expressionTask('x', '${1}', 'r'), expressionTask('y', '${null}', 'n'), userTask('t')],
      ['s>x', 'x>y', 'y>t'],
    )
    expect(new Driver(graph).aggregate.variables).toMatchObject([
      { name: 'r', value: { type: 'Long', value: 1 } },
      { name: 'n', value: { type: 'Null', value: null } },
    ])
  })

  it('whose failure is no business error: a boundary that catches all does not catch it', () => {
    const graph = graphOf(
      [startEvent('s'), expressionTask('x', '${nope}'), boundary('b', 'x', error(null)), userTask('t')],
      ['s>x', 'b>t'],
    )
    expect(() => new Driver(graph)).toThrow(
      "Unknown property used in expression: ${nope}. Cause: Cannot resolve identifier 'nope'",
    )
  })

  it('can read and set variables through the execution bean', () => {
    const text = "${execution.setVariable('who', execution.processBusinessKey.concat(execution.currentActivityId))}"
    const graph = graphOf([startEvent('s'), expressionTask('x', text), userTask('t')], ['s>x', 'x>t'])
    expect(new Driver(graph, {}, { businessKey: 'bk-' }).variables()).toEqual({ who: 'bk-x' })
  })
})
