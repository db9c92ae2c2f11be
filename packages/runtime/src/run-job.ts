/**
 * One attempt at a job. Life: folder made (the agent removes it) → assets, environment, inputs, output checked → model run → output
 * published → told to the server.
 * Whatever goes wrong on the way ends in one sentence; a lost attempt ends in silence; nothing half-written stays.
 */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, type Asset, type FinishInput, type JobProgress } from '@rowhouse/contract'
import { noteLeftover } from './agent-leftovers.ts'
import { type JobConsole, makeConsole } from './console.ts'
import type { HarnessPlan, PlanInput } from './harness-protocol.ts'
import { LooksAhead } from './inputs-look.ts'
import { decideOutcome, type RunFacts, recordsRejected, type Verdict } from './outcome.ts'
import { discardOutput, newRoom, type PreparedOutput, publishOutput, storedContent } from './outputs.ts'
import { changedOutside, collectArtefacts, markFiles } from './outputs-artefacts.ts'
import type { Playground } from './playground.ts'
import type { Attempt, AttemptEnd, RunContext, Work } from './run-job-attempt.ts'
import { type Job, parseJob, timeoutSeconds } from './run-job-document.ts'
import { newFacts, runModel } from './run-job-model.ts'
import { outputContext, prepareRun } from './run-job-prepare.ts'
import { startReport } from './run-job-report.ts'
import { RuntimeFault, Stopped, type StopReason, stopReason } from './run-job-stop.ts'
import { killStrays } from './run-job-strays.ts'

export async function runJob(attempt: Attempt, context: RunContext): Promise<AttemptEnd> {
  const { lease, stopper } = attempt
  const signal = stopper.signal
  const console = makeConsole()
  const stop = (reason: StopReason) => stopper.abort(new Stopped(reason))
  const facts = newFacts()
  const inputs: PlanInput[] = []
  const startedAt = performance.now()
  const progress = () => toProgress(facts, inputs, performance.now() - startedAt)
  const report = startReport({ client: context.client, attempt: lease, console, progress, stop, signal })
  const work: Work = {
    context,
    attempt,
    signal,
    console,
    report,
    facts,
    inputs,
    looks: new LooksAhead(),
    outputs: [],
    room: newRoom(),
  }
  let timer: NodeJS.Timeout | undefined
  console.say(`batch job ${lease.jobId} received by ${context.runtimeName} (attempt ${lease.attempt})`)
  try {
    const job = parseJob(lease.job)
    const seconds = timeoutSeconds(job.parameters, context.jobTimeoutSeconds)
    if (seconds !== null)
      timer = setTimeout(() => stop({ why: 'timeout', seconds }), Math.min(seconds * 1000, 2 ** 31 - 1))
    const result = await runAttempt(job, work)
    // First what is in flight: messages it could not deliver come back and go with the result.
    await report.close()
    if (stopReason(signal)?.why === 'lost') return { tell: 'nothing' }
    return { tell: 'finish', body: { ...result, progress: progress(), messages: console.take() } }
  } catch (error) {
    await report.close()
    return endOfError(error, work, progress)
  } finally {
    clearTimeout(timer)
    work.looks.close()
    // what stays behind is no reason to lose the result
    for (const output of work.outputs)
      if (output.target.kind === 'file' && !output.isPublished)
        await discardOutput(output).catch((error) => context.log(`a side file stays behind: ${error.message}`))
  }
}

type Result = Pick<FinishInput, 'jobStatus' | 'jobResult' | 'outcome' | 'outputData' | 'additionalAssets'>

async function runAttempt(job: Job, work: Work): Promise<Result> {
  const { context, attempt, console, signal, facts } = work
  const { playground, plan, planPath, launch, interpreter } = await prepareRun(job, work)
  const before = job.function === 'train' ? await markFiles(playground.folder) : null
  console.say(
    `loading ${plan.source}, function ${plan.functions[job.function] ?? job.function}, ${plan.inputs.length} input(s)`,
  )
  await runModel({
    launch,
    interpreter,
    planPath,
    playground: playground.folder,
    env: childEnvironment(playground.folder, join(attempt.folder, 'tmp'), job.id, context),
    signal: AbortSignal.any([signal, work.looks.broken]),
    console,
    facts,
    // asked while the process ends, so that publishing need not wait for the answer
    onFinished: () => {
      if (work.outputs.some((output) => output.isExternal)) work.report.prove().catch(() => {})
    },
    onPid: (pid) => notePid(attempt, pid, context),
  })
  // Only where the model did not come to its end: looking costs milliseconds.
  if (facts.finished === null) {
    const strays = await killStrays(join(attempt.folder, 'tmp'))
    if (strays > 0) console.say(`${strays} program(s) that the model had started were killed`, 'warning')
  }
  const stop = stopReason(signal)
  if (stop?.why === 'lost' || stop?.why === 'released') throw new Stopped(stop)
  if (stop === null && facts.exit?.parentDied && facts.finished === null && facts.failed === null)
    throw new RuntimeFault('the process that starts the models of this runtime was killed, and the model with it')
  await work.looks.end(facts.finished !== null)
  const verdict = decideOutcome(facts)
  // Of a CSV file it has been said before the model ran.
  if (facts.finished?.recordsIn === 0)
    for (const { name, format } of plan.inputs)
      if (format === 'JSON') console.say(`input '${name}' holds no records`, 'warning')
  const outputData = verdict.publish && work.outputs.length > 0 ? await publishAll(work) : null
  const additionalAssets = await collectAssets(verdict, playground, plan, { before, work })
  sayVerdict(console, verdict)
  return {
    jobStatus: verdict.jobStatus,
    jobResult: verdict.jobResult,
    outcome: verdict.outcome,
    outputData,
    additionalAssets,
  }
}

/** All that a model's process is told of its surroundings: none of the agent's own variables but these. */
function childEnvironment(home: string, tmp: string, jobId: string, context: RunContext): Record<string, string> {
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: home,
    LANG: process.env.LANG ?? 'C.UTF-8',
    TMPDIR: tmp,
    MODELOP_GATEWAY_LOCATION: context.gatewayUrl,
    MODELOP_ENGINE_NAME: context.runtimeName,
    ROWHOUSE_JOB_ID: jobId,
  }
  for (const name of ['TZ', 'LC_ALL', 'LD_LIBRARY_PATH']) {
    const value = process.env[name]
    if (value !== undefined) env[name] = value
  }
  return env
}

/** What may be refused by others goes first: of a job that fails no file is to be found in its place. */
async function publishAll(work: Work): Promise<Asset[]> {
  const published: Asset[] = []
  const isLast = (output: PreparedOutput) => Number(output.target.kind === 'file')
  const order = [...work.outputs.entries()].sort(([, one], [, other]) => isLast(one) - isLast(other))
  for (const [index, output] of order) {
    if (output.isExternal) await work.report.prove()
    const asset = await publishOutput(output, outputContext(work))
    if (index > 0 && asset.fileSize === 0)
      work.console.say(`output ${index + 1} is empty: the model gave nothing for slot ${index * 2 + 1}`, 'warning')
    published[index] = asset
  }
  return published
}

async function collectAssets(
  verdict: Verdict,
  playground: Playground,
  plan: HarnessPlan,
  { before, work }: { before: ReadonlyMap<string, string> | null; work: Work },
): Promise<Asset[] | null> {
  const content = { client: work.context.client, signal: work.signal, room: work.room }
  const assets: Asset[] = []
  if (before !== null) {
    if (verdict.publish) assets.push(...(await collectArtefacts(playground.folder, content)))
    const changed = await changedOutside(playground.folder, before)
    if (changed.length > 0) {
      work.console.say(
        `the model also changed files outside outputDir, which are not kept: ${changed.slice(0, 50).join(', ')}`,
        'warning',
      )
    }
  }
  const rejects = await stat(plan.rejectsPath).catch(() => undefined)
  if (verdict.jobStatus === 'COMPLETE' && rejects && rejects.size > 0) {
    const stored = await storedContent(plan.rejectsPath, 'rejects.jsonl', rejects.size, content)
    const metaData = { custom: {}, tags: ['rejects'], description: 'Records that were rejected, with the reason' }
    assets.push({
      name: 'rejects.jsonl',
      assetType: 'FILE',
      assetRole: 'UNKNOWN',
      fileFormat: 'JSON',
      metaData,
      ...stored,
    })
  }
  return assets.length === 0 ? null : assets
}

function sayVerdict(console: JobConsole, verdict: Verdict): void {
  for (const { text, level } of verdict.log) console.say(text, level)
  if (verdict.outcome !== null) console.say(verdict.outcome, verdict.jobStatus === 'ERROR' ? 'error' : 'warning')
  console.sayBare(verdict.closing)
}

function endOfError(error: unknown, work: Work, progress: () => JobProgress): AttemptEnd {
  const { console, context, signal } = work
  const stop = stopReason(signal)
  if (stop?.why === 'lost') return { tell: 'nothing' }
  if (stop?.why === 'released') return { tell: 'release', reason: stop.reason, counts: false }
  if (error instanceof RuntimeFault) return { tell: 'release', reason: error.message, counts: true }
  const facts: RunFacts = { ...work.facts, stop }
  const verdict = stop === null ? failedVerdict(error, context) : decideOutcome({ ...facts, finished: null })
  console.closeFlood()
  sayVerdict(console, verdict)
  const { jobStatus, jobResult, outcome } = verdict
  return { tell: 'finish', body: { jobStatus, jobResult, outcome, progress: progress(), messages: console.take() } }
}

/** Something the agent found before or after the model ran. */
function failedVerdict(error: unknown, context: RunContext): Verdict {
  let outcome: string
  if (error instanceof AppError && error.kind !== 'Bug') outcome = error.message
  else if ((error as NodeJS.ErrnoException).code === 'ENOSPC')
    outcome = `the disk of runtime ${context.runtimeName} is full`
  else {
    outcome = `the runtime failed: ${error instanceof Error ? error.message : String(error)}`
    context.log(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  const log: Verdict['log'] = [{ text: 'state changes to ERROR', level: 'info' }]
  return { jobStatus: 'ERROR', jobResult: 'UNKNOWN', outcome, publish: false, log, closing: 'batch job failed' }
}

/** Without the note the model would only die later: no reason to fail. */
function notePid(attempt: Attempt, pid: number, context: RunContext): void {
  try {
    noteLeftover(attempt.folder, { pid })
  } catch (error) {
    context.log(`process ${pid} of job ${attempt.lease.jobId} could not be noted: ${String(error)}`)
  }
}

function toProgress(facts: RunFacts, inputs: readonly PlanInput[], elapsedMs: number): JobProgress {
  const { recordsIn, recordsOut, bytesRead } = facts.counts
  const known = inputs.length > 0 && inputs.every((input) => input.records !== null)
  return {
    recordsIn,
    recordsOut,
    recordsRejected: recordsRejected(facts.counts),
    recordsTotal: known ? inputs.reduce((sum, input) => sum + (input.records ?? 0), 0) : null,
    recordsPerSecond: elapsedMs > 0 ? Math.round((recordsIn / elapsedMs) * 1000) : null,
    bytesRead,
    bytesTotal: inputs.reduce((sum, input) => sum + input.bytes, 0),
  }
}
