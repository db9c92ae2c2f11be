import type { Context } from '../../context.ts'

export async function run(context: Context, [id = '']: string[], options: { reason?: string }): Promise<void> {
  const job = await context.client().jobs.cancel(id, options.reason)
  context.output.print(job.jobStatus === 'CANCELLED' ? `Cancelled ${job.id}` : `Told the runtime to stop ${job.id}`)
}
