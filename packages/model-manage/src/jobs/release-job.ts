import { isUuid } from '@rowhouse/contract'
import type { Work } from '../context.ts'
import { lockRuntimes } from '../runtimes/runtime-store.ts'
import type { AttemptProof } from './job-store.ts'
import { loseAttempt } from './lose-attempt.ts'
import { matchQueued } from './match-queued.ts'
import { leaseLost } from './report-progress.ts'

/** A runtime hands a job back unfinished: it waits again. Of one that stops this was no try; of one that failed it `counts` as one. */
export async function releaseJob(work: Work, proof: AttemptProof, reason: string, counts = false): Promise<void> {
  if (!isUuid(proof.jobId)) throw leaseLost(proof)
  await lockRuntimes(work.tx)
  if (!(await loseAttempt(work, proof, reason, counts ? 'failed' : 'released'))) throw leaseLost(proof)
  await matchQueued(work, null, reason)
}
