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

export interface JobChange {
  jobId: string
  event: JobEvent
  cause: string
}

/** After a job's row was changed: writes its history and, when the state is a new one, tells the MLC. Answers the job as it is now. */
export async function recordChange(work: Work, change: JobChange): Promise<JobWithTail> {
  const [row] = await recordChanges(work, [change])
  if (row === undefined) throw new Bug(`job ${change.jobId} vanished while it was changed`)
  return row
}

/** The same for several jobs, each named once; answers them in that order. */
export async function recordChanges(work: Work, changes: readonly JobChange[]): Promise<JobWithTail[]> {
  const date = work.now.toISOString()
  const lines = changes.map(({ event, cause }) =>
    storableJson({ date, event, cause } satisfies Omit<HistoryEvent, 'jobStatus'>),
  )
  const found = await sql<JobWithTail>`
    with change as materialized (
      select * from unnest(${changes.map((each) => each.jobId)}::uuid[], ${lines}::jsonb[]) with ordinality as each (job_id, line, n)),
    written as (
      update model_manage.job_history as history set
        events = events || jsonb_build_array(change.line || jsonb_build_object('jobStatus', job.status)),
        status = job.status, version = history.version + 1, modified_at = ${work.now}, modified_by = ${work.who}
      from change join model_manage.job on job.id = change.job_id where history.job_id = change.job_id)
    select job.*, ${tailOf} as tail from change join model_manage.job on job.id = change.job_id order by change.n`.execute(
    work.tx,
  )
  const isSilent = new Set(changes.flatMap(({ jobId, event }) => (silentEvents.has(event) ? [jobId] : [])))
  for (const row of found.rows) if (!isSilent.has(row.id)) tellStatus(work, row)
  return found.rows
}

/** After these the state is what it was. */
const silentEvents: ReadonlySet<JobEvent> = new Set(['job.moved', 'job.cancel-requested'])

export function tellStatus(work: Work, row: JobWithTail): void {
  const job: Document = withoutContents(jobBody(row, row.tail, work.ctx.prefix))
  tell(work, {
    signal: 'job_status_changed',
    objectId: row.id,
    variables: { JOB: job },
    ...(hasJobEnded(row.status) ? { message: { name: jobEndedMessage, correlationKey: row.id } } : {}),
  })
}
