import { systemName, type Work } from '../context.ts'
import { findDeployedModel } from '../deployments/deployed-model-store.ts'
import { dropCredentials } from '../documents/credentials.ts'
import type { JobRow } from '../rows.ts'
import { afterLostAttempt, type JobEvent, moveJob } from './job.ts'
import { jobMessage, storableLine } from './job-message.ts'
import { type AttemptProof, appendMessages, changedColumns, endAttempt, findJobForUpdate } from './job-store.ts'
import { recordChange } from './record-change.ts'

/** `lost`: the runtime went silent or was started anew; `failed`: it says that it cannot; `released`: it stops, and this was no try. */
export type Loss = 'lost' | 'failed' | 'released'

/**
 * An attempt that goes on no longer. The job waits again, in no queue: the caller matches queued jobs next. Nothing happens when the
 * attempt is not the current one.
 */
export async function loseAttempt(work: Work, proof: AttemptProof, why: string, loss: Loss): Promise<boolean> {
  const counts = loss !== 'released'
  if (!(await endAttempt(work.tx, proof, counts ? 'LOST' : 'RELEASED', work.now))) return false
  const job = await findJobForUpdate(work.tx, proof.jobId)
  if (job === undefined || job.status !== 'RUNNING') return false
  const lostCount = job.lost_count + (counts ? 1 : 0)
  const fate = await fateOf(work, job, { lostCount, why, loss })
  await work.tx
    .updateTable('model_manage.job')
    .set({
      ...changedColumns({ status: moveJob(job, fate.event), now: work.now, who: systemName }),
      lost_count: lostCount,
      ...(fate.outcome === null
        ? { engine_id: null, run_at: null, progress: null }
        : { end_at: work.now, outcome: storableLine(fate.outcome) }),
    })
    .where('id', '=', job.id)
    .execute()
  const happened = `attempt ${proof.attempt} ${happenings[loss]}`
  const text = fate.outcome ?? `${why}; the job waits again (${happened})`
  const level = fate.event === 'job.given-up' ? 'error' : 'warning'
  await appendMessages(work.tx, job.id, [jobMessage(work.now, text, level)])
  if (fate.outcome !== null) await dropCredentials(work.tx, [job.id])
  await recordChange(work, { jobId: job.id, event: fate.event, cause: text })
  return true
}

/** All that a runtime has in hand. */
export async function loseAttemptsOf(work: Work, engineId: string, why: string, loss: Loss): Promise<void> {
  const running = await work.tx
    .selectFrom('model_manage.attempt')
    .select(['job_id', 'attempt'])
    .where('engine_id', '=', engineId)
    .where('state', '=', 'RUNNING')
    .execute()
  for (const { job_id, attempt } of running) await loseAttempt(work, { jobId: job_id, attempt }, why, loss)
}

const happenings = { lost: 'was lost', failed: 'failed', released: 'was handed back' } as const satisfies Record<
  Loss,
  string
>

interface Fate {
  event: JobEvent
  /** null: it goes on. */
  outcome: string | null
}

/** It waits again, unless somebody wanted it to stop meanwhile or it was lost once too often. */
async function fateOf(
  work: Work,
  job: JobRow,
  { lostCount, why, loss }: { lostCount: number; why: string; loss: Loss },
): Promise<Fate> {
  const cancel = job.cancel_reason ?? (await whyUndeployed(work, job))
  if (cancel !== null) return { event: 'job.cancelled', outcome: `cancelled: ${cancel}` }
  if (loss === 'released') return { event: 'job.released', outcome: null }
  const event = afterLostAttempt(lostCount, work.ctx.settings.attemptsMax)
  if (event === 'job.lost') return { event, outcome: null }
  const code = loss === 'lost' ? 'RuntimeLost' : 'RuntimeFailed'
  return { event, outcome: `${code}: ${why}; the job was tried ${lostCount} ${lostCount === 1 ? 'time' : 'times'}` }
}

/** Running jobs of an undeployed deployment may end, but are not begun anew. */
async function whyUndeployed({ tx }: Work, job: JobRow): Promise<string | null> {
  if (job.deployed_model_id === null) return null
  const deployment = await findDeployedModel(tx, job.deployed_model_id)
  return deployment?.state === 'UNDEPLOYED' ? `its deployment ${deployment.id} was undeployed while it ran` : null
}
