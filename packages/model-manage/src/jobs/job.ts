import { Conflict, hasJobEnded, type JobStatus } from '@rowhouse/contract'

/**
 * The life of a job. `moveJob` is the only way to another state; docs print this table.
 *
 * A job is CREATED when its document is stored and WAITING once it is in a runtime's queue. A lease makes it RUNNING under an attempt
 * number. An attempt whose lease ran out is lost: the job waits again, until `attemptsMax` attempts were lost.
 */
export const jobTransitions = [
  { event: 'job.queued', from: ['CREATED'], to: 'WAITING', says: 'a runtime matches; in its queue' },
  { event: 'job.moved', from: ['WAITING'], to: 'WAITING', says: 'matched again: to another queue, or to none for now' },
  { event: 'job.leased', from: ['WAITING'], to: 'RUNNING', says: 'a runtime took it; a new attempt' },
  { event: 'job.released', from: ['RUNNING'], to: 'WAITING', says: 'handed back unfinished by a stopping runtime' },
  { event: 'job.lost', from: ['RUNNING'], to: 'WAITING', says: 'the runtime went silent; attempts are left' },
  {
    event: 'job.given-up',
    from: ['RUNNING'],
    to: 'ERROR',
    says: 'the runtime went silent once too often: RuntimeLost',
  },
  { event: 'job.cancel-requested', from: ['RUNNING'], to: 'RUNNING', says: 'the runtime is told to stop' },
  {
    event: 'job.cancelled',
    from: ['CREATED', 'WAITING', 'RUNNING'],
    to: 'CANCELLED',
    says: 'by a person, an undeployment or a process',
  },
  { event: 'job.completed', from: ['RUNNING'], to: 'COMPLETE', says: 'SUCCESS, or FAILURE when records were rejected' },
  { event: 'job.failed', from: ['RUNNING'], to: 'ERROR', says: "the model's own code failed" },
] as const satisfies readonly JobTransition[]

export interface JobTransition {
  event: string
  from: readonly JobStatus[]
  to: JobStatus
  says: string
}
export type JobEvent = (typeof jobTransitions)[number]['event']

export function canMove(status: JobStatus, event: JobEvent): boolean {
  return transitionOf(event).from.some((from) => from === status)
}

/** The state after `event`; throws a Conflict that says what the state forbids. */
export function moveJob(job: { id: string; status: JobStatus }, event: JobEvent): JobStatus {
  if (canMove(job.status, event)) return transitionOf(event).to
  const data = { jobId: job.id, jobStatus: job.status, event }
  if (hasJobEnded(job.status)) {
    throw new Conflict(
      'JobAlreadyFinished',
      `Job ${job.id} has already ended (${job.status}): ${deedOf(event)} is not possible`,
      data,
    )
  }
  throw new Conflict(
    'JobStateForbids',
    `Job ${job.id} is ${job.status}: ${deedOf(event)} is not possible in this state`,
    data,
  )
}

/** After an attempt was lost: wait for another runtime, or give the job up. */
export function afterLostAttempt(lostCount: number, attemptsMax: number): 'job.lost' | 'job.given-up' {
  return lostCount < attemptsMax ? 'job.lost' : 'job.given-up'
}

function transitionOf(event: JobEvent): JobTransition {
  // every JobEvent is a row of the table by its type
  return jobTransitions.find((transition) => transition.event === event) ?? jobTransitions[0]
}

function deedOf(event: JobEvent): string {
  const deeds: Record<JobEvent, string> = {
    'job.queued': 'queueing it',
    'job.moved': 'moving it to another runtime',
    'job.leased': 'starting it',
    'job.released': 'handing it back',
    'job.lost': 'losing it',
    'job.given-up': 'giving it up',
    'job.cancel-requested': 'cancelling it',
    'job.cancelled': 'cancelling it',
    'job.completed': 'completing it',
    'job.failed': 'ending it in error',
  }
  return deeds[event]
}
