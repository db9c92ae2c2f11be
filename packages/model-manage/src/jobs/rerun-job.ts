import { Conflict, hasJobEnded, type JobBody, JobInput } from '@rowhouse/contract'
import { parseAs } from '@rowhouse/http'
import type { Work } from '../context.ts'
import { getRow } from '../documents/answer.ts'
import { getContents } from '../documents/contents.ts'
import { isRecord } from '../documents/merge-patch.ts'
import { recordOf, withoutOwned } from '../documents/owned.ts'
import { createJob } from './create-job.ts'
import { findJob } from './job-store.ts'

/** The same model, data and parameters under a new id, matched anew. `{date}` stays the day of the first trigger, `{jobId}` is the new id. */
export async function rerunJob(work: Work, id: string): Promise<JobBody> {
  const job = await getRow('job', id, (each) => findJob(work.tx, each))
  if (!hasJobEnded(job.status)) {
    throw new Conflict(
      'JobStillRuns',
      `Job ${id} is ${job.status}: it can be run again once it has ended (moc job cancel ${id})`,
      {
        jobId: id,
        jobStatus: job.status,
      },
    )
  }
  const named = recordOf(job.wish).engineName
  const isDeployed = isRecord(job.document.deployedModel)
  const wish = parseAs(
    JobInput,
    {
      ...withoutOwned(job.document, ['inputData', 'outputData', 'additionalAssets', 'targetEngine', 'model']),
      jobType: job.job_type,
      group: job.group_name,
      // the deployment holds the very snapshot; any other model is the copy in the job, whatever has become of it since
      ...(isDeployed
        ? {}
        : {
            model: { ...recordOf(await getContents(work.tx, job.document.model)), id: null },
            stage: recordOf(job.wish).stage,
          }),
      ...(typeof named === 'string' ? { targetEngine: { name: named } } : {}),
    },
    { place: 'job' },
  )
  return createJob(work, wish, { mayNameProcess: false, rerunOf: job })
}
