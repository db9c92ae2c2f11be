import type { Context } from '../../context.ts'
import { Exit } from '../../exit.ts'
import { endSentence, exitCodeOfJob, watchJob } from '../../job-wait.ts'
import { printMade } from '../../output.ts'

export async function run(
  context: Context,
  [id = '']: string[],
  options: { idempotencyKey?: string; wait?: boolean },
): Promise<void> {
  const job = await context
    .client()
    .jobs.rerun(id, options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey })
  if (!options.wait) return printMade(context.output, 'Created job', job)
  context.output.say(`Created job ${job.id}`)
  let latest = job
  try {
    latest = await watchJob(context, job.id)
    context.output.say(endSentence(latest))
  } finally {
    await printMade(context.output, 'Job', latest)
  }
  if (exitCodeOfJob(latest) !== 0) throw new Exit(exitCodeOfJob(latest))
}
