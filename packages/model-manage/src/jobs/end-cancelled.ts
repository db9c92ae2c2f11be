import { sql } from 'kysely'
import type { Work } from '../context.ts'
import { dropCredentials } from '../documents/credentials.ts'
import type { JobRow } from '../rows.ts'
import { moveJob } from './job.ts'
import { jobMessage } from './job-message.ts'
import { appendMessageEach, changedColumns } from './job-store.ts'
import { recordChanges } from './record-change.ts'
import { slicesOf } from './slices.ts'

/** Ends jobs that no runtime has: they are cancelled at once. */
export async function endCancelled(
  work: Work,
  jobs: readonly Pick<JobRow, 'id' | 'status'>[],
  reason: string,
): Promise<void> {
  for (const some of slicesOf(jobs)) await endSome(work, some, reason)
}

async function endSome(work: Work, jobs: readonly Pick<JobRow, 'id' | 'status'>[], reason: string): Promise<void> {
  for (const job of jobs) moveJob(job, 'job.cancelled')
  const ids = jobs.map((job) => job.id)
  const outcome = `cancelled: ${reason}`
  await work.tx
    .updateTable('model_manage.job')
    .set({
      ...changedColumns({ status: 'CANCELLED', now: work.now, who: work.who }),
      end_at: work.now,
      cancel_reason: reason,
      outcome,
    })
    .where('id', '=', sql<string>`any(${ids}::uuid[])`)
    .execute()
  const text = jobMessage(work.now, outcome, 'warning')
  await appendMessageEach(
    work.tx,
    ids.map((jobId) => ({ jobId, text })),
  )
  await dropCredentials(work.tx, ids)
  await recordChanges(
    work,
    ids.map((jobId) => ({ jobId, event: 'job.cancelled', cause: reason })),
  )
}
