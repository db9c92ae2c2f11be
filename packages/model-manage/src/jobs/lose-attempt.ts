import { systemName, type Work } from '../context.ts'
import { dropCredentials } from '../documents/credentials.ts'
import { afterLostAttempt, moveJob } from './job.ts'
import { jobMessage } from './job-message.ts'
import { type AttemptProof, appendMessages, changedColumns, endAttempt, findJobForUpdate } from './job-store.ts'
import { recordChange } from './record-change.ts'

/**
 * An attempt that goes on no longer: its runtime went silent, was started anew, or handed the job back (`counts` false: not a try).
 * The job waits again, in no queue: the caller matches queued jobs next. Nothing happens when the attempt is not the current one.
 */
export async function loseAttempt(work: Work, proof: AttemptProof, why: string, counts: boolean): Promise<boolean> {
  if (!(await endAttempt(work.tx, proof, counts ? 'LOST' : 'RELEASED', work.now))) return false
  const job = await findJobForUpdate(work.tx, proof.jobId)
  if (job === undefined || job.status !== 'RUNNING') return false
  const lostCount = job.lost_count + (counts ? 1 : 0)
  const event =
    job.cancel_reason !== null
      ? 'job.cancelled'
      : counts
        ? afterLostAttempt(lostCount, work.ctx.settings.attemptsMax)
        : 'job.released'
  const outcome =
    event === 'job.given-up'
      ? `RuntimeLost: ${why}; the job was tried ${lostCount} ${lostCount === 1 ? 'time' : 'times'}`
      : event === 'job.cancelled'
        ? `cancelled: ${job.cancel_reason}`
        : null
  const hasEndedNow = outcome !== null
  await work.tx
    .updateTable('model_manage.job')
    .set({
      ...changedColumns({ status: moveJob(job, event), now: work.now, who: systemName }),
      lost_count: lostCount,
      ...(hasEndedNow ? { end_at: work.now, outcome } : { engine_id: null, run_at: null, progress: null }),
    })
    .where('id', '=', job.id)
    .execute()
  const text =
    outcome ?? `${why}; the job waits again (attempt ${proof.attempt} ${counts ? 'was lost' : 'was handed back'})`
  await appendMessages(work.tx, job.id, [jobMessage(work.now, text, event === 'job.given-up' ? 'error' : 'warning')])
  if (hasEndedNow) await dropCredentials(work.tx, [job.id])
  await recordChange(work, job.id, event, text)
  return true
}
