import { Conflict, isUuid, type ProgressBody, type ProgressInput } from '@rowhouse/contract'
import type { z } from 'zod'
import type { Context } from '../context.ts'
import { storableJson } from '../documents/storable-json.ts'
import { type AttemptProof, writeProgress } from './job-store.ts'

/** Counts and lines of a running job, and a sign of life of its attempt. Does not raise the version: nothing has changed state. */
export async function reportProgress(
  ctx: Context,
  proof: AttemptProof,
  said: z.output<typeof ProgressInput>,
): Promise<ProgressBody> {
  const now = ctx.now()
  if (!isUuid(proof.jobId)) throw leaseLost(proof)
  const written = await writeProgress(ctx.database.kysely, proof, {
    lines: said.messages,
    progress: said.progress ? storableJson(said.progress) : null,
    now,
    leaseUntil: new Date(now.getTime() + ctx.settings.leaseMs),
  })
  if (written === undefined) throw leaseLost(proof)
  return written
}

export function leaseLost({ jobId, attempt }: AttemptProof): Conflict {
  return new Conflict(
    'LeaseLost',
    `Attempt ${attempt} of job ${jobId} is over: its lease ran out, or the job was given to another runtime. Throw its work away.`,
    { jobId, attempt },
  )
}
