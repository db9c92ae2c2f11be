import type { JobBody } from '@rowhouse/contract'
import type { Work } from '../context.ts'
import { getRow } from '../documents/answer.ts'
import { withoutContents } from '../documents/contents.ts'
import { endCancelled } from './end-cancelled.ts'
import { moveJob } from './job.ts'
import { jobMessage } from './job-message.ts'
import { appendMessages, changedColumns, findJobForUpdate, findJobWithTail, jobBody } from './job-store.ts'
import { recordChange } from './record-change.ts'

/** A queued job ends at once; the runtime of a running one is told with its next beat or progress, and ends it. Asked twice is asked once. */
export async function cancelJob(work: Work, id: string, why: string | undefined): Promise<JobBody> {
  const job = await getRow('job', id, (each) => findJobForUpdate(work.tx, each))
  const reason = why?.trim() || `by ${work.who}`
  if (job.status === 'RUNNING') {
    if (job.cancel_reason === null) await requestCancel(work, { id: job.id, status: job.status }, reason)
  } else if (job.status !== 'CANCELLED') await endCancelled(work, [job], reason)
  const now = await getRow('job', id, (each) => findJobWithTail(work.tx, each))
  return withoutContents(jobBody(now, now.tail, work.ctx.prefix))
}

async function requestCancel(work: Work, job: { id: string; status: 'RUNNING' }, reason: string): Promise<void> {
  const status = moveJob(job, 'job.cancel-requested')
  await work.tx
    .updateTable('model_manage.job')
    .set({ ...changedColumns({ status, now: work.now, who: work.who }), cancel_reason: reason })
    .where('id', '=', job.id)
    .execute()
  await appendMessages(work.tx, job.id, [jobMessage(work.now, `cancel requested: ${reason}`, 'warning')])
  await recordChange(work, { jobId: job.id, event: 'job.cancel-requested', cause: reason })
}
