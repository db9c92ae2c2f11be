/** Waiting for a job: progress on stderr while it runs, then one sentence, an exit code, and the output where it was asked for. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import { type Client, hasJobEnded, type JobBody, Unmet } from '@rowhouse/contract'
import type { Context } from './context.ts'
import { Exit, exitCode } from './exit.ts'
import { withWordOnInterrupt } from './interrupt.ts'
import { localPath, saveStream } from './local-files.ts'
import { makePatience } from './patience.ts'

const pollMs = 300

export const isEnded = (job: JobBody): boolean => hasJobEnded(job.jobStatus)

export interface WaitOptions {
  /** Seconds; undefined waits for ever. */
  timeoutSeconds?: number
  /** Told each time the job was looked at. */
  onLook?: (job: JobBody) => void
  /** The job is known to exist: a server that is away is waited for from the first look on. */
  isKnown?: boolean
}

export function waitForJob(context: Context, jobId: string, options: WaitOptions = {}): Promise<JobBody> {
  const client = context.client()
  const patience = makePatience(context.output.say, options.isKnown === true)
  const deadline =
    options.timeoutSeconds === undefined ? Number.POSITIVE_INFINITY : Date.now() + options.timeoutSeconds * 1000
  const wait = async () => {
    let status = 'there'
    for (;;) {
      const job = await patience.look(() => client.jobs.look(jobId))
      if (job !== undefined) {
        status = job.jobStatus
        options.onLook?.(job)
        if (isEnded(job)) return job
      }
      if (Date.now() >= deadline) {
        throw new Exit(
          exitCode.timeout,
          `moc: job ${jobId} is still ${status} after ${options.timeoutSeconds} s; it goes on. See: moc job status ${jobId}`,
        )
      }
      await new Promise((resolve) => setTimeout(resolve, Math.min(pollMs, Math.max(0, deadline - Date.now()))))
    }
  }
  return withWordOnInterrupt(
    `Job ${jobId} goes on. See: moc job status ${jobId}; to stop it: moc job cancel ${jobId}`,
    wait,
  )
}

/** Waits with a progress line on a terminal and a line per status elsewhere. */
export async function watchJob(context: Context, jobId: string, timeoutSeconds?: number): Promise<JobBody> {
  let said = ''
  const bar = process.stderr.isTTY === true
  const onLook = (job: JobBody) => {
    const line = bar ? progressLine(job) : `job ${job.id} ${job.jobStatus}`
    if (line === said) return
    said = line
    if (bar) process.stderr.write(`\r\u001b[K${line}${isEnded(job) ? '\n' : ''}`)
    else context.output.say(line)
  }
  return waitForJob(context, jobId, {
    onLook,
    isKnown: true,
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
  })
}

function progressLine(job: JobBody): string {
  const progress = job.progress
  if (progress === null || progress === undefined || job.jobStatus === 'WAITING' || job.jobStatus === 'CREATED')
    return `${job.jobStatus}`
  const total = progress.recordsTotal ?? undefined
  const part = total === undefined || total === 0 ? undefined : Math.min(1, progress.recordsIn / total)
  const bar =
    part === undefined ? '' : ` [${'#'.repeat(Math.round(part * 30)).padEnd(30, '.')}] ${Math.floor(part * 100)} %`
  const speed = progress.recordsPerSecond
    ? `, ${Math.round(progress.recordsPerSecond).toLocaleString('en-US')} records/s`
    : ''
  return `${job.jobStatus}${bar} ${progress.recordsIn.toLocaleString('en-US')} records${speed}`
}

/** The end of a job in one line: counts, then how it ended where that is not plain success. */
export function endSentence(job: JobBody): string {
  const progress = job.progress
  const counts = progress
    ? `: ${progress.recordsIn} records in, ${progress.recordsOut} out, ${progress.recordsRejected} rejected`
    : ''
  const speed = progress?.recordsPerSecond ? `, ${Math.round(progress.recordsPerSecond)} records/s` : ''
  return `Job ${job.id} ${job.jobStatus} ${job.jobResult}${counts}${speed}${job.outcome ? `. ${job.outcome}` : ''}`
}

/** 0, 6 (ended in ERROR or CANCELLED) or 7 (finished with rejected records). */
export function exitCodeOfJob(job: JobBody): number {
  if (job.jobStatus !== 'COMPLETE') return exitCode.jobFailed
  return job.jobResult === 'FAILURE' ? exitCode.jobRejects : exitCode.ok
}

/** After a wait: a server that is away just then is waited for as well. */
export async function awaitOutput(context: Context, jobId: string, file: string): Promise<void> {
  const client = context.client()
  const patience = makePatience(context.output.say, true)
  const fetched = () => patience.look(() => fetchOutput(client, jobId, file).then(() => true))
  while (!(await fetched())) await new Promise((resolve) => setTimeout(resolve, pollMs))
}

/** To a file that appears whole or not at all. */
export async function fetchOutput(client: Client, jobId: string, file: string): Promise<void> {
  const path = localPath(file)
  const { body } = await client.jobs.output(jobId)
  try {
    await saveStream(body as ReadableStream | null, path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (typeof code !== 'string' || !/^E[A-Z]+$/.test(code)) throw brokeOff(jobId, path)
    throw new Unmet(
      'OutputNotSaved',
      `The output of job ${jobId} is kept, but it cannot be written to ${path} (${code}). Fetch it to another place: moc job output ${jobId} <file>`,
    )
  }
}

export async function printOutput(client: Client, jobId: string): Promise<void> {
  const { body } = await client.jobs.output(jobId)
  if (body === null) return
  try {
    // what stdout cannot take is told in main.ts
    await pipeline(Readable.fromWeb(body as NodeReadableStream), process.stdout, { end: false })
  } catch {
    throw brokeOff(jobId, '-')
  }
}

function brokeOff(jobId: string, place: string): Unmet {
  return new Unmet(
    'OutputBrokeOff',
    `The output of job ${jobId} is kept, but fetching it broke off half-way. Fetch it again: moc job output ${jobId} ${place}`,
  )
}
