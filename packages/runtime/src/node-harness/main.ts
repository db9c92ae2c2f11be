/**
 * The process that runs one JavaScript model over the inputs of one job: `node main.js PLAN`. Events go to file descriptor 3.
 *
 * Life: plan read → model loaded → init → score, metrics or train → last event → exit, whatever timers and servers the model left
 * behind. Exit code 0: all was read; 1: the job failed and the `failed` event says why. A model that ends the process by itself says
 * neither, and so has failed.
 */
import { readFileSync } from 'node:fs'
import type { HarnessPlan, PlanInput } from '../harness-protocol.ts'
import { makeSchemaCheck, type SchemaCheck } from './check-schema.ts'
import { failureOf, JobFailed, type Phase } from './failure.ts'
import { loadModel, type Model, prepareProcess } from './load-model.ts'
import { checkReadable, type InputStream, openInput, placeOf } from './open-input.ts'
import { Report } from './report.ts'
import { emitAll, runScore } from './run-score.ts'
import { runWhole } from './run-whole.ts'
import { openSinks, type Sinks } from './sinks.ts'

interface Job {
  plan: HarnessPlan
  report: Report
  phase: Phase
  streams: InputStream[]
  sinks: Sinks | null
  isOver: boolean
}

/** Taken before the model can put a function of its own in its place. */
const { parse } = JSON
const planPath = process.argv[2]
if (planPath === undefined) throw new Error('usage: node main.js PLAN')
const plan: HarnessPlan = parse(readFileSync(planPath, 'utf8'))
const report = new Report(plan)
const job: Job = { plan, report, phase: 'load', streams: [], sinks: null, isOver: false }

process.on('uncaughtException', (error) => endFailed(job, failureOf(job.phase, error, currentPlace(job))))
process.on('beforeExit', () => {
  if (job.isOver) return
  endFailed(
    job,
    new JobFailed(job.phase, 'the model waits for a promise that nothing will ever settle', {
      place: currentPlace(job),
    }),
  )
})

run(job).then(
  () => endFinished(job),
  (error: unknown) => endFailed(job, asFailure(job, error)),
)

async function run(job: Job): Promise<void> {
  const { plan, report } = job
  report.tell({ event: 'started' })
  prepareProcess(plan)
  for (const input of plan.inputs) checkReadable(input)
  const model = await loadModel(plan)
  model.get(plan.function)
  job.phase = 'init'
  await initialise(model, plan)
  report.tell({ event: 'init-succeeded' })
  job.phase = plan.function
  const isScore = plan.function === 'score'
  job.streams = plan.inputs.map((input) => openInput(input, report, isScore ? 'record' : 'rows'))
  const sinks = openSinks(plan, report)
  job.sinks = sinks
  const { streams } = job
  report.watch({ streams, output: sinks })
  if (plan.function !== 'score') await runWhole({ role: plan.function, model, streams, sinks, report })
  else await runScore({ plan, model, streams, sinks, report, checks: inputChecks(plan) })
  // A rejected promise that nobody waits for is told only when the call stack is empty.
  await new Promise((done) => setImmediate(done))
}

/** The model's schema is that of the first input; others bring their own. */
function inputChecks(plan: HarnessPlan): Map<number, SchemaCheck | null> {
  if (!plan.checkInputSchema) return new Map()
  const schemaOf = (input: PlanInput) => input.schema ?? (input.slot === 0 ? plan.inputSchema : null)
  return new Map(plan.inputs.map((input) => [input.slot, makeSchemaCheck(schemaOf(input))]))
}

async function initialise(model: Model, plan: HarnessPlan): Promise<void> {
  const init = model.find('init')
  if (init === null) return
  try {
    const rawJson = init.length === 0 ? null : readFileSync(plan.jobJsonPath, 'utf8')
    const result = rawJson === null ? init() : init({ rawJson, job: parse(rawJson) })
    // What it gives is ignored, but a generator has to run.
    await emitAll(result, { emit: () => undefined })
  } catch (error) {
    throw failureOf('init', error)
  }
}

function endFinished(job: Job): void {
  if (job.isOver) return
  try {
    job.sinks?.close()
    job.report.close()
  } catch (error) {
    endFailed(job, asFailure(job, error))
    return
  }
  job.isOver = true
  job.report.tell({ event: 'finished', ...job.report.totals() })
  process.exit(0)
}

function endFailed(job: Job, failure: JobFailed): void {
  if (job.isOver) return
  job.isOver = true
  try {
    job.sinks?.close()
    job.report.close()
    job.report.tell({ event: 'progress', ...job.report.totals() })
  } catch {
    // The failure itself is what matters.
  }
  const { phase, message, place, traceback, isRaised } = failure
  job.report.tell({ event: 'failed', phase, error: message, isRaised, ...place, traceback })
  process.exit(1)
}

function asFailure(job: Job, error: unknown): JobFailed {
  return error instanceof JobFailed ? error : failureOf(job.phase, error, currentPlace(job))
}

function currentPlace(job: Job): { record: number | null; line: number | null } {
  const [stream] = job.streams
  return job.phase === 'score' && stream !== undefined && stream.number > 0
    ? placeOf(stream)
    : { record: null, line: null }
}
