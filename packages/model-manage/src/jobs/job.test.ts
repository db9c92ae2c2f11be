import { hasJobEnded, JobStatus } from '@rowhouse/contract'
import { describe, expect, it } from 'vitest'
import { afterLostAttempt, canMove, jobTransitions, moveJob } from './job.ts'

const statuses = JobStatus.options

describe('the states of a job', () => {
  it('are left only by the events of the table, whatever the state', () => {
    for (const status of statuses) {
      for (const { event, from, to } of jobTransitions) {
        const allowed = (from as readonly string[]).includes(status)
        expect(canMove(status, event)).toBe(allowed)
        if (allowed) expect(moveJob({ id: 'j', status }, event)).toBe(to)
        else expect(() => moveJob({ id: 'j', status }, event)).toThrow(status)
      }
    }
  })

  it('are never left once the job has ended, and the refusal says so', () => {
    for (const status of statuses.filter(hasJobEnded)) {
      for (const { event } of jobTransitions) {
        expect(() => moveJob({ id: 'j1', status }, event)).toThrow(/Job j1 has already ended/)
      }
    }
  })

  it('can all be reached from CREATED', () => {
    const reached = new Set<string>(['CREATED'])
    for (let round = 0; round < statuses.length; round++) {
      for (const { from, to } of jobTransitions) if (from.some((status) => reached.has(status))) reached.add(to)
    }
    expect([...reached].sort()).toEqual([...statuses].sort())
  })

  it('a job whose runtime was lost waits again until the attempts are used up', () => {
    expect([1, 2, 3, 4].map((lost) => afterLostAttempt(lost, 3))).toEqual([
      'job.lost',
      'job.lost',
      'job.given-up',
      'job.given-up',
    ])
  })
})
