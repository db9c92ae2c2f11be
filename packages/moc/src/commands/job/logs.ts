import type { JobBody } from '@rowhouse/contract'
import type { Context } from '../../context.ts'
import { waitForJob } from '../../job-wait.ts'

export async function run(context: Context, [id = '']: string[], options: { follow?: boolean }): Promise<void> {
  let printed = 0
  const printNew = (job: JobBody) => {
    for (const message of job.jobMessages.slice(printed)) context.output.print(message)
    printed = job.jobMessages.length
  }
  if (options.follow) await waitForJob(context, id, { onLook: printNew })
  else printNew(await context.client().jobs.look(id))
}
