import type { Context } from '../../context.ts'
import { printChanged } from '../../output.ts'

export async function run(context: Context, [id = '']: string[], options: { reason?: string }): Promise<void> {
  const job = await context.client().jobs.cancel(id, options.reason)
  const sentence = job.jobStatus === 'CANCELLED' ? `Cancelled ${job.id}` : `Told the runtime to stop ${job.id}`
  await printChanged(context.output, sentence, job)
}
