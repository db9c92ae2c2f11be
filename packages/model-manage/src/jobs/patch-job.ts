import { isDeepStrictEqual } from 'node:util'
import { InputError, type JobBody } from '@rowhouse/contract'
import type { Work } from '../context.ts'
import { getRow } from '../documents/answer.ts'
import { getContents, toStored, withoutContents } from '../documents/contents.ts'
import { takeCredentials } from '../documents/credentials.ts'
import { mergePatch } from '../documents/merge-patch.ts'
import { editedColumns, recordOf, withoutOwned } from '../documents/owned.ts'
import type { Document } from '../rows.ts'
import { endCancelled } from './end-cancelled.ts'
import { findJob, findJobForUpdate, jobBody, readMessages } from './job-store.ts'

/** Copies, data and states are the server's and stay; what people add of their own may change. */
const fixed = [
  ...['group', 'jobType', 'jobStatus', 'jobResult', 'jobMessages', 'jobRunTime', 'jobWaitTime', 'jobEndTime'],
  ...['lastUpdateFromRuntime', 'outcome', 'progress', 'rerunOf', 'jobMLCS', 'deployedModel', 'model', 'targetEngine'],
  ...['inputData', 'outputData', 'additionalAssets', 'referenceModel', 'jobParameters', 'modelWritesOutput'],
]

export async function patchJob(
  work: Work,
  id: string,
  patch: Document,
  checkVersion: (version: number) => void,
): Promise<JobBody> {
  const job = await getRow('job', id, (each) => findJobForUpdate(work.tx, each))
  checkVersion(job.version)
  if (patch.jobStatus !== undefined && patch.jobStatus !== job.status) {
    if (patch.jobStatus !== 'CANCELLED' || job.status === 'RUNNING') throw notByPatch(id, String(patch.jobStatus))
    await endCancelled(work, [job], `by ${work.who}`)
  }
  refuseOtherWork(jobBody(job, [], work.ctx.prefix), patch)
  const merged = recordOf(mergePatch(job.document, withoutOwned(patch, fixed)))
  await work.tx
    .updateTable('model_manage.job')
    .set({
      document: await toStored(work.tx, takeCredentials(merged).clean),
      ...editedColumns(work, job, patch),
    })
    .where('id', '=', job.id)
    .execute()
  const row = await getRow('job', id, (each) => findJob(work.tx, each))
  return getContents(work.tx, jobBody(row, await readMessages(work.tx, row), work.ctx.prefix))
}

/** A job does what it was made for. What comes back as it was shown, with contents or without, asks for nothing. */
function refuseOtherWork(job: JobBody, patch: Document): void {
  for (const member of ['jobType', 'jobParameters', 'inputData', 'additionalAssets'] as const) {
    const wanted = patch[member]
    if (wanted === undefined || wanted === null) continue
    const shown = withoutContents({ [member]: job[member] })
    if (!isDeepStrictEqual(mergePatch(shown, withoutContents({ [member]: wanted })), shown))
      throw new InputError('InvalidField', `'${member}' of a job stays as it is: make a new job with another one`, {
        field: member,
      })
  }
}

function notByPatch(id: string, jobStatus: string): InputError {
  return new InputError(
    'InvalidField',
    `'jobStatus' cannot be set to ${jobStatus}: states change by what happens to the job; to stop it use POST …/jobs/${id}/cancel`,
    { field: 'jobStatus' },
  )
}
