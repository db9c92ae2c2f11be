import { describe, expect, it } from 'vitest'
import { Driver } from '../test/driver.ts'
import { catchEvent, delegate, endEvent, graphOf, message, startEvent } from '../test/graphs.ts'

describe('a delegate, a message and the end', () => {
  const graph = graphOf(
    [startEvent('s'), delegate('CreateJob'), catchEvent('wait', message('job-done')), endEvent('e')],
    ['s>CreateJob', 'CreateJob>wait', 'wait>e'],
  )

  it('waits in front of the delegate, hands out its call and goes on with its outputs', () => {
    // given
    const driver = new Driver(graph, { TAG: 'fraud' })
    expect(driver.tokens()).toEqual(['~CreateJob'])
    const workId = driver.work('CreateJob').id

    // when
    const asked = driver.runWork('CreateJob')

    // then
    expect(asked.changes.executions.upserts).toEqual([])
    expect(asked.delegateCall).toMatchObject({
      workId,
      key: `i1:CreateJob:${workId}`,
      delegate: 'com.modelop.mlc.delegate.modelop.CreateJob',
      variables: { TAG: { type: 'String', value: 'fraud' } },
    })
    driver.runDelegate('CreateJob', { JOB: { id: 'j1' } })
    expect(driver.tokens()).toEqual(['wait'])
    expect(driver.variables()).toEqual({ TAG: 'fraud', JOB: { id: 'j1' } })
    driver.deliver('job-done', { JOB_STATUS: 'COMPLETE' })
    expect(driver.aggregate.instance.state).toBe('COMPLETED')
    expect(driver.activities()).toEqual(['s', 'CreateJob', 'wait', 'e'])
  })

  it('makes an incident of the last failure and resolves it when retries are set', () => {
    // given
    const driver = new Driver(graph)
    const { id: workId } = driver.work('CreateJob')
    const fail = () =>
      driver.send({ type: 'work-failed', workId, message: 'no runtime', stack: null, failedActivityId: 'CreateJob' })

    // when
    fail()
    fail()
    expect(driver.aggregate.incidents).toEqual([])
    fail()

    // then
    expect(driver.aggregate.incidents).toMatchObject([
      { incidentType: 'failedJob', activityId: 'CreateJob', configuration: workId, message: 'no runtime' },
    ])
    driver.send({ type: 'set-work-retries', workId, retries: 1 })
    expect(driver.aggregate.incidents).toEqual([])
  })

  it('with commitAtStart is held at the start event', () => {
    const driver = new Driver(graph, {}, { commitAtStart: true })
    expect(driver.tokens()).toEqual(['~s'])
    driver.runWork('s')
    expect(driver.tokens()).toEqual(['~CreateJob'])
  })
})
