import type { Work } from '../context.ts'
import { dropCredentials } from '../documents/credentials.ts'
import type { JobRow } from '../rows.ts'
import { moveJob } from './job.ts'
import { jobMessage } from './job-message.ts'
import { appendMessages, changedColumns } from './job-store.ts'
import { recordChange } from './record-change.ts'

/** Ends a job that no runtime has: it is cancelled at once. */
export async function endCancelled(work: Work, job: Pick<JobRow, 'id' | 'status'>, reason: string): Promise<void> {
  const outcome = `cancelled: ${reason}`
  await work.tx
    .updateTable('model_manage.job')
    .set({
      ...changedColumns({ status: moveJob(job, 'job.cancelled'), now: work.now, who: work.who }),
      end_at: work.now,
      cancel_reason: reason,
      outcome,
    })
    .where('id', '=', job.id)
    .execute()
  await appendMessages(work.tx, job.id, [jobMessage(work.now, outcome, 'warning')])
  await dropCredentials(work.tx, [job.id])
  await recordChange(work, job.id, 'job.cancelled', reason)
}
