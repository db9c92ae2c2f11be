import type { JobBody } from '@rowhouse/contract'
import type { Context } from '../../context.ts'
import { listUpTo, parseLimit } from '../../lookup.ts'
import { printList } from '../../output.ts'

export async function run(
  context: Context,
  _args: string[],
  options: { limit?: string; status?: string },
): Promise<void> {
  const client = context.client()
  const limit = parseLimit(options.limit)
  const wanted = options.status?.toUpperCase()
  const jobs = await listUpTo<JobBody>(
    (query) => client.jobs.list(query),
    limit,
    wanted === undefined ? {} : { jobStatus: wanted },
  )
  await printList(context.output, jobs, [
    { title: 'ID', value: (job) => job.id },
    { title: 'MODEL', value: modelName },
    { title: 'RUNTIME', value: (job) => job.targetEngine?.name },
    { title: 'CREATED', value: (job) => job.createdDate },
    { title: 'STATUS', value: (job) => job.jobStatus },
    { title: 'RESULT', value: (job) => job.jobResult },
  ])
}

function modelName(job: JobBody): string | null {
  const metaData = job.model.storedModel?.modelMetaData as { name?: string } | undefined
  return metaData?.name ?? null
}
