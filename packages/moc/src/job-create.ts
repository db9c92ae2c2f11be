/** What `job create deployedbatch` and `job create batchjob` have in common. */
import { InputError, isUuid, JobBody, JobInput } from '@rowhouse/contract'
import type { Context } from './context.ts'
import { Exit } from './exit.ts'
import { awaitOutput, endSentence, exitCodeOfJob, watchJob } from './job-wait.ts'
import { inputAsset, isUrl, outputAsset, readTextFile } from './local-files.ts'
import { makeOnce } from './made-before.ts'
import { printMade } from './output.ts'

export interface CreateJobOptions {
  wait?: boolean
  timeout?: string
  idempotencyKey?: string
  region?: string
  file?: string
}

export async function createJob(
  context: Context,
  model: JobInput,
  files: { input: string; output: string },
  options: CreateJobOptions,
): Promise<void> {
  const client = context.client()
  const timeoutSeconds = parseTimeout(options.timeout)
  const body: JobInput = {
    ...readFurtherFields(context, options.file),
    ...model,
    outputData: [outputAsset(files.output, options.region)],
    inputData: [await inputAsset(client, files.input, options.region)],
  }
  const making = makeOnce(context.output, options.idempotencyKey)
  const job = await client.jobs.create(body, making.options)
  const sentence = making.verb('Created job', 'Job')
  if (!options.wait) {
    await printMade(context.output, sentence, job)
    return
  }
  context.output.say(`${sentence} ${job.id}`)
  let latest = job
  try {
    latest = await watchJob(context, job.id, timeoutSeconds)
    if (latest.jobStatus === 'COMPLETE' && latest.jobType === 'MODEL_BATCH_TRAINING_JOB') {
      context.output.say(artefactsSentence(latest))
    } else if (latest.jobStatus === 'COMPLETE' && !isUrl(files.output)) {
      await awaitOutput(context, job.id, files.output)
      context.output.say(`Output written to ${files.output}`)
    }
    context.output.say(endSentence(latest))
  } finally {
    // whatever became of the wait, the job is there, and a script reads its id
    await printMade(context.output, 'Job', latest)
  }
  const code = exitCodeOfJob(latest)
  if (code !== 0) throw new Exit(code)
}

/** A training job writes no output, whatever file was named for it. */
function artefactsSentence(job: JobBody): string {
  const names = job.additionalAssets.map((asset) => asset.name ?? asset.filename)
  if (names.length === 0) return 'A training job writes no output file, and it left nothing below outputDir/'
  return `A training job writes no output file; its additionalAssets are ${names.join(', ')}. See: moc job get ${job.id} -o json`
}

export function refuseSwappedArguments(first: string, files: { input: string; output: string }, what: string): void {
  if (!isUrl(first) && !isUuid(files.input) && !isUuid(files.output)) return
  throw new InputError('SwappedArguments', `The arguments are, in this order: <${what}-id> <input-file> <output-file>`)
}

function parseTimeout(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const seconds = Number(text)
  if (!Number.isFinite(seconds) || seconds <= 0)
    throw new InputError('BadTimeout', `--timeout takes seconds above 0, not '${text}'`)
  return seconds
}

/** What neither a new job nor the document of a former one has is most likely mistyped; it is stored, and nobody reads it. */
function readFurtherFields(context: Context, path: string | undefined): JobInput {
  if (path === undefined) return {}
  const fields = readJsonFile(path)
  const known = { ...JobBody.shape, ...JobInput.shape, version: true, _links: true }
  for (const member of Object.keys(fields).filter((name) => !(name in known)))
    context.output.say(
      `warning: a job has no member '${member}'; further members are, for instance, jobParameters, jobType, group`,
    )
  return fields as JobInput
}

function readJsonFile(path: string): Record<string, unknown> {
  return parseJsonObject(readTextFile(path), path)
}

/** A JSON object from the text of a file; says where the text is wrong. */
export function parseJsonObject(text: string, path: string): Record<string, unknown> {
  if (text.trim() === '') throw new InputError('BadJson', `${path} is empty; it must hold a JSON object`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new InputError('BadJson', `${path} is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InputError('BadJson', `${path} must hold a JSON object`)
  return value as Record<string, unknown>
}
