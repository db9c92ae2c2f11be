import type { JobBody } from '@rowhouse/contract'
import type { Context } from '../../context.ts'
import { Exit } from '../../exit.ts'
import { endSentence, exitCodeOfJob, watchJob } from '../../job-wait.ts'
import { makeOnce } from '../../made-before.ts'
import { printMade } from '../../output.ts'

export async function run(
  context: Context,
  [id = '']: string[],
  options: { idempotencyKey?: string; wait?: boolean },
): Promise<void> {
  const making = makeOnce(context.output, options.idempotencyKey)
  const job = await context.client().jobs.rerun(id, making.options)
  const sentence = making.verb('Created job', 'Job')
  if (!options.wait) return printMade(context.output, sentence, job)
  context.output.say(`${sentence} ${job.id}`)
  let latest = job
  try {
    latest = await watchJob(context, job.id)
    context.output.say(endSentence(latest))
    if (latest.jobStatus === 'COMPLETE' && isKeptHere(latest))
      context.output.say(`To fetch its output: moc job output ${job.id} <file>`)
  } finally {
    await printMade(context.output, 'Job', latest)
  }
  if (exitCodeOfJob(latest) !== 0) throw new Exit(exitCodeOfJob(latest))
}

/** Embedded or managed; what goes to a URL is where it belongs. */
function isKeptHere(job: JobBody): boolean {
  const [output] = job.outputData
  return output !== undefined && typeof output.fileUrl !== 'string'
}
