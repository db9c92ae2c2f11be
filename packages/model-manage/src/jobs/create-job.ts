import { randomUUID } from 'node:crypto'
import { Denied, type JobBody } from '@rowhouse/contract'
import type { Work } from '../context.ts'
import { toStored, withoutContents } from '../documents/contents.ts'
import { putCredentials, takeCredentials } from '../documents/credentials.ts'
import { ownedColumns, withoutOwned } from '../documents/owned.ts'
import { storableJson } from '../documents/storable-json.ts'
import type { Document, JobRow } from '../rows.ts'
import { type EngineWithQueue, engineCopy, lockForMatching } from '../runtimes/runtime-store.ts'
import { type Asked, credentialsOf, fillData, readAsked } from './asked-data.ts'
import { type ChosenModel, chooseModel, type JobWish } from './choose-model.ts'
import { jobMessage, storableLine } from './job-message.ts'
import { jobBody } from './job-store.ts'
import { namedEngine, type Placed, placeJob, runtimeWishOf } from './place-job.ts'
import { type HistoryEvent, historyColumns, historyEvent, tellStatus } from './record-change.ts'

/** How a job comes about: whose it is, and what it repeats. */
export interface JobOrigin {
  /** Only the mlc wing says which process a job belongs to. */
  mayNameProcess: boolean
  rerunOf?: JobRow
}

/** Finds the model, its data and a runtime as they are now, and stores the job with copies of all: what it needs is in it from then on. */
export async function createJob(work: Work, wish: JobWish, origin: JobOrigin): Promise<JobBody> {
  if (wish.jobMLCS?.length && !origin.mayNameProcess) throw notYours()
  await lockForMatching(work.tx)
  const chosen = await chooseModel(work, wish)
  const asked = origin.rerunOf ? (origin.rerunOf.asked as object as Asked) : readAsked(work, wish, chosen)
  const id = randomUUID()
  const data = await fillData(work, id, asked)
  const placed = await placeJob(work, runtimeWishOf(chosen, wish, await namedEngine(work, wish)))
  const credentials = { ...credentialsOf(chosen, asked), ...data.credentials }
  const lines = firstLines(work, { chosen, asked, placed, origin })
  const document = jobDocument(wish, chosen, data.clean, placed.engine)
  const { clean, credentials: inDocument } = takeCredentials(document)
  const row = await insertJob(work, { id, wish, chosen, asked, placed, origin, document: clean, lines })
  await putCredentials(work.ctx, work.tx, id, { ...credentials, ...inDocument })
  return announce(work, row, { lines, placed })
}

function notYours(): Denied {
  return new Denied(
    'Forbidden',
    "'jobMLCS' is written by the MLC only: which process a job belongs to is not for a client to say",
    {
      missing: ['internal'],
    },
  )
}

function firstLines(
  work: Work,
  { chosen, asked, placed, origin }: Pick<NewJob, 'chosen' | 'asked' | 'placed' | 'origin'>,
): string[] {
  const line = (text: string, level?: 'info' | 'warning') => jobMessage(work.now, text, level)
  const lines = [
    line(`job received from ${work.who}${origin.rerunOf ? `, a rerun of ${origin.rerunOf.id}` : ''}`),
    line(chosen.says, 'info'),
    line(`input: ${asked.inputSource}; output: ${asked.outputSource}`, 'info'),
  ]
  if (origin.rerunOf && asked.secretPlaces.length > 0) {
    const places = asked.secretPlaces.join(', ')
    lines.push(
      line(
        `what opened the ${asked.secretPlaces.length === 1 ? 'URL' : 'URLs'} of ${places} (a password, a signature) was deleted when the first job ended: if it is needed, create the job anew`,
        'warning',
      ),
    )
  }
  return [...lines, line(placed.says, placed.engine === null ? 'warning' : 'info')]
}

const serverOwned = [
  ...[
    'group',
    'jobStatus',
    'jobResult',
    'jobMessages',
    'jobRunTime',
    'jobWaitTime',
    'jobEndTime',
    'lastUpdateFromRuntime',
  ],
  ...[
    'outcome',
    'progress',
    'rerunOf',
    'jobMLCS',
    'deployedModel',
    'storedModel',
    'model',
    'stage',
    'jobType',
    'attempt',
  ],
  ...['inputData', 'outputData', 'additionalAssets', 'targetEngine', 'jobParameters', 'referenceModel'],
]

function jobDocument(wish: JobWish, chosen: ChosenModel, data: Document, engine: EngineWithQueue | null): Document {
  const { deployment, stored } = chosen
  return {
    modelWritesOutput: false,
    ...withoutOwned(wish, serverOwned),
    enableInputSchemaChecking: wish.enableInputSchemaChecking ?? stored.modelMetaData.enableInputSchemaChecking,
    enableOutputSchemaChecking: wish.enableOutputSchemaChecking ?? stored.modelMetaData.enableOutputSchemaChecking,
    jobParameters: wish.jobParameters ?? {},
    ...data,
    model: chosen.model,
    ...(wish.referenceModel ? { referenceModel: wish.referenceModel } : {}),
    ...(deployment
      ? { deployedModel: { id: deployment.id, stage: deployment.stage, serviceTags: deployment.service_tags } }
      : {}),
    targetEngine: engine === null ? withoutOwned(wish.targetEngine ?? {}) : engineCopy(engine),
  }
}

interface NewJob {
  id: string
  wish: JobWish
  chosen: ChosenModel
  asked: Asked
  placed: Placed
  origin: JobOrigin
  document: Document
  lines: string[]
}

/** Queued at once when a runtime matches: both events are in the history, and the answer tells the first. */
async function insertJob(work: Work, job: NewJob): Promise<JobRow> {
  const isQueued = job.placed.engine !== null
  const group = job.wish.group ?? job.chosen.deployment?.group_name
  const status = isQueued ? 'WAITING' : 'CREATED'
  const messages = job.lines.map((text, index) => ({ job_id: job.id, n: index + 1, text: storableLine(text) }))
  const events: HistoryEvent[] = [historyEvent(work.now, 'job.created', 'CREATED', causeOf(work, job.wish, job.origin))]
  if (isQueued) events.push(historyEvent(work.now, 'job.queued', 'WAITING', job.placed.says))
  const history = historyColumns(work, { id: job.id, status, group }, events, job.wish.jobMLCS ?? [])
  return work.tx
    .with('said', (tx) => tx.insertInto('model_manage.job_message').values(messages))
    .with('begun', (tx) => tx.insertInto('model_manage.job_history').values(history))
    .insertInto('model_manage.job')
    .values({
      ...ownedColumns(job.id, work.now, work.who, group),
      version: isQueued ? 1 : 0,
      job_type: job.wish.jobType,
      status,
      engine_id: job.placed.engine?.id ?? null,
      deployed_model_id: job.chosen.deployment?.id ?? null,
      rerun_of: job.origin.rerunOf?.id ?? null,
      wish: storableJson(job.placed.wish),
      asked: await toStored(work.tx, takeCredentials({ ...job.asked }).clean),
      wait_at: isQueued ? work.now : null,
      message_count: job.lines.length,
      document: await toStored(work.tx, job.document),
    })
    .returningAll()
    .executeTakeFirstOrThrow()
}

function announce(work: Work, row: JobRow, { lines, placed }: Pick<NewJob, 'lines' | 'placed'>): JobBody {
  const created: JobRow = { ...row, status: 'CREATED', version: 0, wait_at: null }
  tellStatus(work, { ...created, tail: lines })
  if (placed.engine !== null) {
    tellStatus(work, { ...row, tail: lines })
    work.queuedFor.add(placed.engine.id)
  }
  return withoutContents(jobBody(created, lines, work.ctx.prefix))
}

function causeOf(work: Work, { jobMLCS }: JobWish, { rerunOf }: JobOrigin): string {
  if (rerunOf) return `rerun of ${rerunOf.id} by ${work.who}`
  const process = jobMLCS?.[0]?.processInstance
  return process === undefined
    ? `created by ${work.who}`
    : `process instance ${process.id}${process.processDefinitionKey ? ` of ${process.processDefinitionKey}` : ''}`
}
