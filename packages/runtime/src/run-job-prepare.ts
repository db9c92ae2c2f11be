/** All that must be there before a model's process starts: its folder, its interpreter, its input and a place for its output. */
import { join } from 'node:path'
import { type Asset, InputError, Unmet } from '@rowhouse/contract'
import { noteLeftover } from './agent-leftovers.ts'
import type { HarnessPlan, Launch } from './harness-protocol.ts'
import { prepareInputs } from './inputs.ts'
import { copyInput, fetchExternal } from './inputs-fetch.ts'
import { type OutputContext, type PreparedOutput, prepareOutputs } from './outputs.ts'
import { buildPlayground, downloadManaged, type Playground } from './playground.ts'
import type { Work } from './run-job-attempt.ts'
import { chooseLanguage, choosePrimarySource, type Job, recordsetRows } from './run-job-document.ts'
import { findSchema, type Schemas } from './run-job-schema.ts'
import { makeWorkFolder, writeWorkFile } from './work-files.ts'

export interface Prepared {
  playground: Playground
  plan: HarnessPlan
  planPath: string
  launch: Launch
  interpreter: string
}

export async function prepareRun(job: Job, work: Work): Promise<Prepared> {
  const { context, attempt, signal, console } = work
  const { client, fileRoots, allowLinkLocal } = context
  const credentials = attempt.lease.credentials
  const source = choosePrimarySource(job.modelAssets)
  const folder = join(attempt.folder, 'playground')
  const files = join(attempt.folder, 'files')
  for (const path of [folder, files, join(attempt.folder, 'tmp')]) makeWorkFolder(path)
  const fetchContext = { fileRoots, credentials, signal, allowLinkLocal }
  const playground = await buildPlayground(folder, job, {
    signal,
    fetchManaged: (sha256, target) =>
      context.contentCache.bring(sha256, target, (path) => downloadManaged(client, sha256, path, signal)),
    fetchExternal: (asset, key, target) => fetchExternal(asset, key, target, fetchContext),
    copyInput: (asset, target) => copyInput(asset, target, fetchContext),
    warn: (text) => console.say(text, 'warning'),
  })
  console.say(`${playground.pathOf.size} model file(s) written to ${folder}`)
  const sourcePath = playground.pathOf.get(source)
  if (sourcePath === undefined) throw new InputError('NoModelSource', 'The primary source of the model has no content')
  const schemas = await findSchema(job, playground, sourcePath)
  work.inputs.push(
    ...(await prepareInputs(job, {
      client,
      ...fetchContext,
      folder: files,
      schemas: schemas.inputs,
      looks: work.looks,
      warn: (text) => console.say(text, 'warning'),
    })),
  )
  if (job.function !== 'train') {
    const onPrepared = (output: PreparedOutput) => void work.outputs.push(output)
    await prepareOutputs(job, work.inputs, schemas.output, { ...outputContext(work), onPrepared })
  }
  const language = chooseLanguage(job.modelType, sourcePath)
  const runner = context.languages[language]
  if (!runner) throw new Unmet('UnsupportedLanguage', `This runtime has no ${language} interpreter`)
  const interpreter = language === 'PYTHON' ? await pythonOf(playground, runner.interpreter, work) : runner.interpreter
  const plan = makePlan(job, work, { playground, sourcePath, source, schemas })
  const planPath = join(attempt.folder, 'plan.json')
  await writeWorkFile(planPath, JSON.stringify(plan))
  return { playground, plan, planPath, launch: runner.launch, interpreter }
}

/** Of the environment that has the model's requirements; the runtime's own where it has none. */
async function pythonOf(playground: Playground, python: string, { context, console, signal }: Work): Promise<string> {
  const { folder, requirements } = playground
  if (requirements === null) return python
  const onLine = (line: string) => console.model(line, '(pre)')
  const cacheDir = context.environmentsDir
  const { interpreter } = await context.ensureEnvironment({
    python,
    requirementsText: requirements.text,
    model: { folder, path: requirements.path },
    cacheDir,
    onLine,
    signal,
  })
  signal.throwIfAborted()
  return interpreter
}

interface PlanParts {
  playground: Playground
  sourcePath: string
  source: Asset
  schemas: Schemas
}

function makePlan(job: Job, work: Work, { playground, sourcePath, source, schemas }: PlanParts): HarnessPlan {
  const name = (given: string | null | undefined) => (given ? given : null)
  return {
    function: job.function,
    playground: playground.folder,
    source: sourcePath,
    functions: {
      init: name(source.initFunction),
      score: name(source.scoreFunction),
      metrics: name(source.metricsFunction),
      train: name(source.trainFunction),
    },
    jobJsonPath: playground.jobJsonPath,
    inputs: work.inputs,
    output: work.outputs[0]?.plan ?? null,
    furtherOutputs: work.outputs.slice(1).map(({ plan }, index) => ({ ...plan, slot: index * 2 + 3 })),
    rejectsPath: join(work.attempt.folder, 'rejects.jsonl'),
    inputSchema: schemas.inputs[0] ?? null,
    outputSchema: schemas.output ?? null,
    checkInputSchema: job.checkInputSchema,
    checkOutputSchema: job.checkOutputSchema,
    stopOnBadRecords: job.stopOnBadRecords,
    recordsetRows: recordsetRows(job),
  }
}

export function outputContext({ context, attempt, signal, room }: Work): OutputContext {
  const { lease } = attempt
  return {
    client: context.client,
    fileRoots: context.fileRoots,
    allowLinkLocal: context.allowLinkLocal,
    credentials: lease.credentials,
    folder: join(attempt.folder, 'files'),
    attemptName: `${lease.jobId}-${lease.attempt}`,
    noteSideFile: (sideFile) => noteLeftover(attempt.folder, { sideFile }),
    signal,
    room,
  }
}
