import { type Asset, embeddedBytesMax, type FinishInput, InputError, isUuid, type JobBody } from '@rowhouse/contract'
import type { z } from 'zod'
import { type Context, inTransaction, systemName, type Work } from '../context.ts'
import { getRow } from '../documents/answer.ts'
import { embeddedBytes } from '../documents/asset-door.ts'
import { toStored, withoutContents } from '../documents/contents.ts'
import { dropCredentials, takeCredentials } from '../documents/credentials.ts'
import { storableJson } from '../documents/storable-json.ts'
import type { Document, JobRow } from '../rows.ts'
import { type JobEvent, moveJob } from './job.ts'
import { endLinesMax, storableLine } from './job-message.ts'
import {
  type AttemptProof,
  appendMessages,
  changedColumns,
  endAttempt,
  findJobForUpdate,
  findJobWithTail,
  jobBody,
} from './job-store.ts'
import { recordChange } from './record-change.ts'
import { leaseLost } from './report-progress.ts'

type Finish = z.output<typeof FinishInput>

const eventByStatus = {
  COMPLETE: 'job.completed',
  ERROR: 'job.failed',
  CANCELLED: 'job.cancelled',
} as const satisfies Record<Finish['jobStatus'], JobEvent>

/** The end of a job, told by the attempt that holds it. Told twice (the first answer was lost) it is the same end. */
export async function finishJob(ctx: Context, proof: AttemptProof, said: Finish): Promise<JobBody> {
  checkEnd(said)
  if (!isUuid(proof.jobId)) throw leaseLost(proof)
  const outputData = said.outputData ? await manageLarge(ctx, said.outputData) : undefined
  return inTransaction(ctx, systemName, async (work) => {
    if (!(await endAttempt(work.tx, proof, 'FINISHED', work.now))) return repeatedFinish(work, proof)
    const job = await getRow('job', proof.jobId, (id) => findJobForUpdate(work.tx, id))
    if (said.jobStatus === 'CANCELLED' && job.cancel_reason === null) throw notAskedToCancel(job)
    await writeEnd(work, job, { ...said, outputData })
    const kept = said.messages.slice(-endLinesMax)
    await countLeftOut(work, job.id, said.messages.length - kept.length)
    await appendMessages(work.tx, job.id, kept)
    await dropCredentials(work.tx, [job.id])
    const cause =
      said.outcome ??
      (job.cancel_reason ? `cancel requested: ${job.cancel_reason}` : `ended by its runtime, ${said.jobResult}`)
    const row = await recordChange(work, { jobId: job.id, event: eventByStatus[said.jobStatus], cause })
    return withoutContents(jobBody(row, row.tail, ctx.prefix))
  })
}

/** COMPLETE says how it went; the result of any other end is UNKNOWN. */
function checkEnd({ jobStatus, jobResult }: Finish): void {
  if ((jobStatus === 'COMPLETE') === (jobResult !== 'UNKNOWN')) return
  const expected = jobStatus === 'COMPLETE' ? 'SUCCESS or FAILURE' : 'UNKNOWN'
  throw new InputError(
    'InvalidField',
    `'jobResult' is ${jobResult}: of a job that ends ${jobStatus} it must be ${expected}`,
    {
      field: 'jobResult',
    },
  )
}

function notAskedToCancel({ id }: JobRow): InputError {
  return new InputError(
    'InvalidField',
    `Nobody asked to cancel job ${id}: hand it back with release, or end it with ERROR`,
    {
      field: 'jobStatus',
    },
  )
}

async function repeatedFinish(work: Work, proof: AttemptProof): Promise<JobBody> {
  const attempt = await work.tx
    .selectFrom('model_manage.attempt')
    .select('state')
    .where('job_id', '=', proof.jobId)
    .where('attempt', '=', proof.attempt)
    .executeTakeFirst()
  if (attempt?.state !== 'FINISHED') throw leaseLost(proof)
  const row = await getRow('job', proof.jobId, (id) => findJobWithTail(work.tx, id))
  return withoutContents(jobBody(row, row.tail, work.ctx.prefix))
}

async function writeEnd(
  work: Work,
  job: JobRow,
  said: Omit<Finish, 'outputData'> & { outputData: Asset[] | undefined },
): Promise<void> {
  const document: Document = { ...job.document }
  if (said.outputData) document.outputData = takeCredentials({ outputData: said.outputData }).clean.outputData
  if (said.additionalAssets?.length) {
    document.additionalAssets = [
      ...((document.additionalAssets as Asset[] | undefined) ?? []),
      ...takeCredentials({ additionalAssets: said.additionalAssets }).clean.additionalAssets,
    ]
  }
  const outcome = said.outcome ?? (said.jobStatus === 'CANCELLED' ? `cancelled: ${job.cancel_reason}` : null)
  await work.tx
    .updateTable('model_manage.job')
    .set({
      ...changedColumns({ status: moveJob(job, eventByStatus[said.jobStatus]), now: work.now, who: systemName }),
      result: said.jobResult,
      end_at: work.now,
      runtime_update_at: work.now,
      outcome: outcome === null ? null : storableLine(outcome),
      ...(said.progress ? { progress: storableJson(said.progress) } : {}),
      document: await toStored(work.tx, document),
    })
    .where('id', '=', job.id)
    .execute()
}

/** Numbers that no line has: a gap, told when the lines are read. */
async function countLeftOut(work: Work, jobId: string, count: number): Promise<void> {
  if (count <= 0) return
  await work.tx
    .updateTable('model_manage.job')
    .set((eb) => ({ message_count: eb('message_count', '+', count) }))
    .where('id', '=', jobId)
    .execute()
}

/** An embedded output over the limit becomes a managed file: the work is done, and is not thrown away for its size. */
async function manageLarge(ctx: Context, assets: readonly Asset[]): Promise<Asset[]> {
  return Promise.all(
    assets.map(async (asset) => {
      if (embeddedBytes(asset) <= embeddedBytesMax) return asset
      const { fileContent, fileContentString, ...rest } = asset
      const bytes =
        typeof fileContent === 'string' ? Buffer.from(fileContent, 'base64') : Buffer.from(fileContentString ?? '')
      const stored = await ctx.files.write(
        (async function* () {
          yield bytes
        })(),
      )
      return { ...rest, fileSize: stored.size, contentHash: { hashType: 'SHA-256' as const, hexString: stored.sha256 } }
    }),
  )
}
