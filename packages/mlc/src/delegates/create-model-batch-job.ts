import type { Json } from '@rowhouse/bpmn'
import {
  AppError,
  type Client,
  type HalList,
  hasJobEnded,
  InputError,
  type JobHistoryBody,
  type JobInput,
  JobType,
  modelManageApi,
} from '@rowhouse/contract'
import {
  type Delegate,
  type DelegateTask,
  findDocument,
  findInput,
  findText,
  missing,
  where,
  withoutContents,
} from './delegate.ts'
import { parseJobFiles } from './job-files.ts'

/**
 * DEPLOYED_MODEL or DEPLOYABLE_MODEL → JOB, JOB_ID. The runtime is matched again by the model-manage wing; without INPUT_FILE and
 * OUTPUT_FILE that wing takes those of the deployment or the model. The call's key makes a repeated call the same job.
 */
export const createModelBatchJob: Delegate = {
  name: 'CreateModelBatchJob',
  async run(task) {
    const created = await task.client.jobs.create(jobInput(task), {
      idempotencyKey: task.call.key,
      signal: task.signal,
    })
    return { JOB: withoutContents(created), JOB_ID: created.id }
  },
}

function jobInput(task: DelegateTask): JobInput {
  const input: JobInput = { ...modelOf(task), jobMLCS: [{ processInstance: processInstanceOf(task) }] }
  const jobType = findInput(task, 'JOB_TYPE')
  if (jobType !== undefined) input.jobType = parseJobType(task, jobType)
  const inputFile = findInput(task, 'INPUT_FILE')
  if (inputFile !== undefined) input.inputData = parseJobFiles(inputFile, 'INPUT_FILE')
  const outputFile = findInput(task, 'OUTPUT_FILE')
  if (outputFile !== undefined) input.outputData = parseJobFiles(outputFile, 'OUTPUT_FILE')
  const parameters = findInput(task, 'JOB_PARAMETERS')
  if (parameters !== undefined) input.jobParameters = parseJobParameters(task, parameters)
  return input
}

/** An object, or its JSON as a text: all that many schedulers can send. Nothing is dropped in silence. */
function parseJobParameters(task: DelegateTask, value: Json): Record<string, Json> {
  const parsed = typeof value === 'string' ? parsedJson(value) : value
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed
  throw new InputError(
    'InvalidField',
    `${where(task)}: JOB_PARAMETERS is '${shownText(value)}': it must be a JSON object, such as {"timeoutSeconds": 600}`,
  )
}

function parsedJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

function shownText(value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

function modelOf(task: DelegateTask): JobInput {
  const deployed = findDocument(task, 'DEPLOYED_MODEL')
  if (deployed !== undefined) return { deployedModel: { id: deployed.id } }
  const deployable = findDocument(task, 'DEPLOYABLE_MODEL')
  if (deployable === undefined)
    throw missing(task, 'DEPLOYED_MODEL', 'the deployment to run; DEPLOYABLE_MODEL, a snapshot, will do too')
  const stage = findText(task, 'MODEL_STAGE')
  return { model: { id: deployable.id }, ...(stage === undefined ? {} : { stage }) }
}

function processInstanceOf(task: DelegateTask) {
  const { instance } = task
  return {
    id: instance.id,
    rootProcessInstanceId: instance.rootProcessInstanceId,
    processDefinitionId: instance.definitionId,
    processDefinitionKey: instance.definitionKey,
    processDefinitionName: task.definitionName,
    startTime: instance.startedAt.toISOString(),
    endTime: null,
    durationInMillis: null,
    state: instance.state,
  }
}

function parseJobType(task: DelegateTask, value: Json): JobType {
  const parsed = JobType.safeParse(value)
  if (parsed.success) return parsed.data
  throw new InputError(
    'InvalidField',
    `${where(task)}: JOB_TYPE is '${shownText(value)}': it must be one of ${JobType.options.join(', ')}`,
  )
}

/** The batch jobs of a deleted instance have nobody to wait for them. */
export async function cancelJobsOf(client: Client, processInstanceId: string, signal: AbortSignal): Promise<string[]> {
  const search = `${modelManageApi}/jobHistories/search/findAllByJobMLCS_ProcessInstanceRootProcessInstanceId`
  const query = { processInstanceId, size: 1000 }
  const histories = await client.call<HalList<JobHistoryBody>>('GET', search, undefined, { query, signal })
  const cancelled: string[] = []
  for (const history of histories._embedded.jobHistories ?? []) {
    if (hasJobEnded(history.jobStatus)) continue
    if (await cancel(client, history.jobId, `The process instance ${processInstanceId} was deleted`, signal))
      cancelled.push(history.jobId)
  }
  return cancelled
}

/** A job that ended since it was looked at needs no cancelling. */
async function cancel(client: Client, jobId: string, reason: string, signal: AbortSignal): Promise<boolean> {
  try {
    await client.jobs.cancel(jobId, reason, { signal })
    return true
  } catch (error) {
    if (error instanceof AppError && error.code === 'JobAlreadyFinished') return false
    throw error
  }
}
