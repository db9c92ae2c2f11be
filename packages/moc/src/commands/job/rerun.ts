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
  if (options.wait) {
    const ended = await watchJob(context, job.id)
    context.output.say(endSentence(ended))
    await printMade(context.output, 'Job', ended)
    if (exitCodeOfJob(ended) !== 0) throw new Exit(exitCodeOfJob(ended))
    return
  }
  await printMade(context.output, 'Created job', job)
}
