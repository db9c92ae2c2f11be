import type { Work } from '../context.ts'
import { isUuid } from '../documents/owned.ts'
import { lockRuntimes } from '../runtimes/runtime-store.ts'
import type { AttemptProof } from './job-store.ts'
import { loseAttempt } from './lose-attempt.ts'
import { matchQueued } from './match-queued.ts'
import { leaseLost } from './report-progress.ts'

/** A stopping runtime hands a job back unfinished: it waits again, and this was no try. */
export async function releaseJob(work: Work, proof: AttemptProof, reason: string): Promise<void> {
  if (!isUuid(proof.jobId)) throw leaseLost(proof)
  await lockRuntimes(work.tx)
  if (!(await loseAttempt(work, proof, reason, false))) throw leaseLost(proof)
  await matchQueued(work, null, reason)
}
