import { randomUUID } from 'node:crypto'
import { Bug, hasJobEnded, type JobStatus, jobEndedMessage } from '@rowhouse/contract'
import { sql } from 'kysely'
import type { Work } from '../context.ts'
import { withoutContents } from '../documents/contents.ts'
import { ownedColumns } from '../documents/owned.ts'
import { storableJson } from '../documents/storable-json.ts'
import type { Document } from '../rows.ts'
import { tell } from '../tell.ts'
import type { JobEvent } from './job.ts'
import { type JobWithTail, jobBody, tailOf } from './job-store.ts'

/** A line of the history that people read: when, what, why. */
export interface HistoryEvent {
  date: string
  event: JobEvent | 'job.created'
  jobStatus: JobStatus
  cause: string
}

export function historyEvent(
  now: Date,
  event: HistoryEvent['event'],
  jobStatus: JobStatus,
  cause: string,
): HistoryEvent {
  return { date: now.toISOString(), event, jobStatus, cause }
}

/** Columns of the history of a new job. There is one history per job. */
export function historyColumns(
  work: Work,
  job: { id: string; status: JobStatus; group: unknown },
  events: readonly HistoryEvent[],
  jobMLCS: readonly { processInstance: { rootProcessInstanceId: string } }[],
) {
  return {
    ...ownedColumns(randomUUID(), work.now, work.who, job.group),
    job_id: job.id,
    status: job.status,
    root_process_instance_ids: [...new Set(jobMLCS.map((each) => each.processInstance.rootProcessInstanceId))],
    events: storableJson(events),
    job_mlcs: storableJson(jobMLCS),
  }
}

/** After a job's row was changed: writes its history and, when the state is a new one, tells the MLC. Answers the job as it is now. */
export async function recordChange(work: Work, jobId: string, event: JobEvent, cause: string): Promise<JobWithTail> {
  const line = storableJson({ date: work.now.toISOString(), event, cause } satisfies Omit<HistoryEvent, 'jobStatus'>)
  const found = await sql<JobWithTail>`
    with written as (
      update model_manage.job_history as history set
        events = events || jsonb_build_array(${line}::jsonb || jsonb_build_object('jobStatus', job.status)),
        status = job.status, version = history.version + 1, modified_at = ${work.now}, modified_by = ${work.who}
      from model_manage.job where job.id = history.job_id and history.job_id = ${jobId})
    select job.*, ${tailOf} as tail from model_manage.job where id = ${jobId}`.execute(work.tx)
  const row = found.rows[0]
  if (row === undefined) throw new Bug(`job ${jobId} vanished while it was changed`)
  if (event !== 'job.moved' && event !== 'job.cancel-requested') tellStatus(work, row)
  return row
}

export function tellStatus(work: Work, row: JobWithTail): void {
  const job: Document = withoutContents(jobBody(row, row.tail, work.ctx.prefix))
  tell(work, {
    signal: 'job_status_changed',
    objectId: row.id,
    variables: { JOB: job },
    ...(hasJobEnded(row.status) ? { message: { name: jobEndedMessage, correlationKey: row.id } } : {}),
  })
}
