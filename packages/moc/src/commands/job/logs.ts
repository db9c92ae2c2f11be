import type { JobBody } from '@rowhouse/contract'
import type { Context } from '../../context.ts'
import { waitForJob } from '../../job-wait.ts'
import { type Format, printDocument } from '../../output.ts'

/** A line as it is told while the job runs: as JSON a text a line, as YAML an item of a list that grows. */
const lineAs: Readonly<Record<Format, (message: string) => string>> = {
  table: (message) => message,
  json: (message) => JSON.stringify(message),
  yaml: (message) => `- ${JSON.stringify(message)}`,
}

export async function run(context: Context, [id = '']: string[], options: { follow?: boolean }): Promise<void> {
  const { output } = context
  const toLine = lineAs[output.format]
  let printed = 0
  const printNew = (job: JobBody) => {
    for (const message of job.jobMessages.slice(printed)) output.print(toLine(message))
    printed = job.jobMessages.length
  }
  if (options.follow) {
    await waitForJob(context, id, { onLook: printNew })
    return
  }
  const job = await context.client().jobs.look(id)
  if (output.format === 'table') printNew(job)
  else await printDocument(output, job.jobMessages)
}
