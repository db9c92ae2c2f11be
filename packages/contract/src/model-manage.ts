import { z } from 'zod'
import { Asset, orElse, RequiredAsset } from './assets.ts'

/** Common to all documents. Dates are ISO-8601 UTC with milliseconds and a bare `Z`. Server-owned, ignored in requests. */
const owned = {
  id: z.string(),
  group: z.string().nullish(),
  version: z.number().int(),
  createdDate: z.string(),
  lastModifiedDate: z.string(),
  createdBy: z.string(),
  lastModifiedBy: z.string(),
}

export const ModelMetaData = z.looseObject({
  custom: orElse(z.record(z.string(), z.unknown()), {}),
  tags: orElse(z.array(z.string()), []),
  name: z.string().nullish(),
  description: z.string().nullish(),
  /** Any text: unknown types are kept. */
  type: orElse(z.string(), 'UNKNOWN'),
  inputSchema: orElse(z.array(z.looseObject({})), []),
  outputSchema: orElse(z.array(z.looseObject({})), []),
  enableInputSchemaChecking: orElse(z.boolean(), false),
  enableOutputSchemaChecking: orElse(z.boolean(), false),
})
export type ModelMetaData = z.infer<typeof ModelMetaData>

/** The part of a stored model that a client writes. */
export const StoredModelContent = z.looseObject({
  group: z.string().nullish(),
  modelMetaData: ModelMetaData.prefault({}),
  modelAssets: orElse(z.array(Asset), []),
  requiredAssets: orElse(z.array(RequiredAsset), []),
  associatedModels: orElse(z.array(z.unknown()), []),
})
export type StoredModelContent = z.infer<typeof StoredModelContent>
export type StoredModelInput = z.input<typeof StoredModelContent>
export const StoredModelBody = StoredModelContent.extend(owned)
export type StoredModelBody = z.infer<typeof StoredModelBody>

export const TargetRuntime = z.looseObject({
  engineType: z.string().nullish(),
  name: z.string().nullish(),
  tags: orElse(z.array(z.string()), []),
})

export const SnapshotMetaData = z.looseObject({
  custom: orElse(z.record(z.string(), z.unknown()), {}),
  /** Model service tags: runtimes that may run this snapshot carry them. */
  tags: orElse(z.array(z.string()), []),
  name: z.string().nullish(),
  description: z.string().nullish(),
})

/** `POST /deployableModels`: the server copies the stored model as it is now. */
export const SnapshotInput = z.looseObject({
  storedModel: z.looseObject({ id: z.string() }),
  metaData: orElse(SnapshotMetaData, { custom: {}, tags: [] }),
  /** Stages to deploy to, as runtimes with a stage tag. None named: the snapshot is not deployed by itself. */
  targetRuntimes: orElse(z.array(TargetRuntime), []),
  group: z.string().nullish(),
})
export type SnapshotInput = z.input<typeof SnapshotInput>
export const DeployableModelBody = z.looseObject({
  ...owned,
  storedModel: StoredModelBody,
  metaData: SnapshotMetaData.prefault({}),
  targetRuntimes: z.array(TargetRuntime).default([]),
  modelMLCs: z.array(z.unknown()).default([]),
  associatedModels: z.array(z.unknown()).default([]),
})
export type DeployableModelBody = z.infer<typeof DeployableModelBody>

const Endpoint = z.looseObject({
  endpointType: z.string(),
  encoding: z.string().nullish(),
  path: z.string().nullish(),
})

export const EngineState = z.enum(['INIT', 'RUNNING', 'FINISHING', 'FINISHED', 'ERROR'])
/** What a runtime says it can run; checked by the matcher. */
export const Capabilities = z.looseObject({
  /** Model languages: PYTHON, JAVASCRIPT, R, … */
  languages: z.array(z.string()).default([]),
  /** Interpreter versions by language, for people and tags. */
  versions: z.record(z.string(), z.string()).default({}),
})
export type Capabilities = z.infer<typeof Capabilities>

export const EngineBody = z.looseObject({
  ...owned,
  engineType: z.string().default('MODEL_OP_ENGINE'),
  name: z.string(),
  release: z.string().nullish(),
  state: EngineState,
  tags: z.array(z.string()),
  inputEndpoints: z.array(Endpoint).default([]),
  outputEndpoints: z.array(Endpoint).default([]),
  inProduction: z.boolean().default(false),
  capabilities: Capabilities.prefault({}),
  slots: z.number().int().default(1),
  /** The lease of its heartbeat has not run out. */
  alive: z.boolean(),
  lastHeartbeatDate: z.string().nullish(),
  queue: z.object({ waiting: z.number().int(), running: z.number().int() }).nullish(),
  manifoldInfo: z.looseObject({}).nullish(),
  platform: z.looseObject({}).nullish(),
})
export type EngineBody = z.infer<typeof EngineBody>

export const DeployedModelState = z.enum(['DEPLOYED', 'UNDEPLOYED', 'ERROR'])
/** `POST /deployedModels`. Answer: `_embedded.deployedModels[]`, one per matching runtime. */
export const DeploymentInput = z.looseObject({
  deployableModel: z.looseObject({ id: z.string() }),
  stage: z.string(),
  /** Where jobs of this deployment read and write unless told otherwise; `{date}` and `{jobId}` are filled in at the trigger. */
  inputData: z.array(Asset).nullish(),
  outputData: z.array(Asset).nullish(),
})
export type DeploymentInput = z.input<typeof DeploymentInput>
export const DeployedModelBody = z.looseObject({
  ...owned,
  engine: z.looseObject({ id: z.string(), name: z.string() }),
  deployableModel: DeployableModelBody,
  state: DeployedModelState,
  stage: z.string(),
  serviceTags: z.array(z.string()),
  inputData: z.array(Asset).default([]),
  outputData: z.array(Asset).default([]),
  additionalAssets: z.array(Asset).default([]),
  undeployTime: z.string().nullish(),
})
export type DeployedModelBody = z.infer<typeof DeployedModelBody>

export const JobType = z.enum(['MODEL_BATCH_JOB', 'MODEL_BATCH_TEST_JOB', 'MODEL_BATCH_TRAINING_JOB'])
export type JobType = z.infer<typeof JobType>
export const JobEndStatus = z.enum(['COMPLETE', 'ERROR', 'CANCELLED'])
export const JobStatus = z.enum(['CREATED', 'WAITING', 'RUNNING', ...JobEndStatus.options])
export type JobStatus = z.infer<typeof JobStatus>
export function hasJobEnded(status: JobStatus): boolean {
  return JobEndStatus.options.some((end) => end === status)
}
export const JobResult = z.enum(['UNKNOWN', 'SUCCESS', 'FAILURE'])
export type JobResult = z.infer<typeof JobResult>

export const ProcessInstanceRef = z.looseObject({
  id: z.string(),
  rootProcessInstanceId: z.string(),
  processDefinitionId: z.string().nullish(),
  processDefinitionKey: z.string().nullish(),
  processDefinitionName: z.string().nullish(),
  startTime: z.string().nullish(),
  endTime: z.string().nullish(),
  durationInMillis: z.number().nullish(),
  state: z.string().nullish(),
})
export type ProcessInstanceRef = z.infer<typeof ProcessInstanceRef>

/**
 * `POST /jobs`. The model is one of: `deployedModel` by id (what `deployedbatch` and RunBatchJob send), `model` by id (a snapshot),
 * `storedModel` by id (`batchjob`: the stored model as it is now), or an inline `model`. A full old job document is accepted: server-owned members are ignored.
 */
export const JobInput = z.looseObject({
  jobType: orElse(JobType, 'MODEL_BATCH_JOB'),
  group: z.string().nullish(),
  deployedModel: z.looseObject({ id: z.string() }).nullish(),
  storedModel: z.looseObject({ id: z.string() }).nullish(),
  model: z.looseObject({ id: z.string().nullish(), storedModel: z.looseObject({}).nullish() }).nullish(),
  /** Narrows the match to deployments of this stage when `model` is a snapshot by id. */
  stage: z.string().nullish(),
  jobParameters: z.record(z.string(), z.unknown()).nullish(),
  inputData: z.array(Asset).nullish(),
  outputData: z.array(Asset).nullish(),
  additionalAssets: z.array(Asset).nullish(),
  targetEngine: z
    .looseObject({ id: z.string().nullish(), name: z.string().nullish(), engineType: z.string().nullish() })
    .nullish(),
  referenceModel: z.looseObject({}).nullish(),
  enableInputSchemaChecking: z.boolean().nullish(),
  enableOutputSchemaChecking: z.boolean().nullish(),
  /** Accepted from the mlc wing only. */
  jobMLCS: z.array(z.looseObject({ processInstance: ProcessInstanceRef })).nullish(),
})
export type JobInput = z.input<typeof JobInput>

/** Counts of records and bytes; progress while RUNNING, final afterwards. Does not raise `version`. */
export const JobProgress = z.object({
  recordsIn: z.number().int().default(0),
  recordsOut: z.number().int().default(0),
  recordsRejected: z.number().int().default(0),
  /** Records in the input when known beforehand. */
  recordsTotal: z.number().int().nullish(),
  recordsPerSecond: z.number().nullish(),
  bytesRead: z.number().int().nullish(),
  bytesTotal: z.number().int().nullish(),
})
export type JobProgress = z.infer<typeof JobProgress>

export const JobBody = z.looseObject({
  ...owned,
  jobType: JobType,
  jobStatus: JobStatus,
  jobResult: JobResult,
  jobMessages: z.array(z.string()),
  jobParameters: z.record(z.string(), z.unknown()).default({}),
  /** One sentence on how the job ended; null until then and for plain success. */
  outcome: z.string().nullish(),
  inputData: z.array(Asset).default([]),
  outputData: z.array(Asset).default([]),
  additionalAssets: z.array(Asset).default([]),
  model: z.looseObject({ storedModel: z.looseObject({}).nullish() }),
  targetEngine: z.looseObject({ id: z.string().nullish(), name: z.string().nullish() }).nullish(),
  deployedModel: z.looseObject({ id: z.string() }).nullish(),
  /** Epoch milliseconds, moments not durations. */
  jobWaitTime: z.number().nullish(),
  jobRunTime: z.number().nullish(),
  jobEndTime: z.number().nullish(),
  lastUpdateFromRuntime: z.string().nullish(),
  enableInputSchemaChecking: z.boolean().default(false),
  enableOutputSchemaChecking: z.boolean().default(false),
  modelWritesOutput: z.boolean().default(false),
  progress: JobProgress.nullish(),
  rerunOf: z.string().nullish(),
})
export type JobBody = z.infer<typeof JobBody>

export const JobHistoryBody = z.looseObject({
  ...owned,
  jobId: z.string(),
  jobStatus: JobStatus,
  events: z.array(
    z.looseObject({ date: z.string(), event: z.string(), jobStatus: JobStatus, cause: z.string().nullish() }),
  ),
  jobMLCS: z.array(z.looseObject({ processInstance: ProcessInstanceRef })).default([]),
})
export type JobHistoryBody = z.infer<typeof JobHistoryBody>

/** Words of ours, in whichever case of letters they are sent. */
function anyCase<S extends z.ZodType>(schema: S) {
  return z.preprocess((value) => (typeof value === 'string' ? value.toUpperCase() : value), schema)
}

export const NotificationInput = z.looseObject({
  notificationType: orElse(z.string(), 'JobNotification'),
  message: z.string(),
  severity: orElse(anyCase(z.enum(['INFO', 'WARNING', 'ERROR'])), 'INFO'),
  jobId: z.string().nullish(),
  deployableModelId: z.string().nullish(),
  storedModelId: z.string().nullish(),
  processInstanceId: z.string().nullish(),
})
export type NotificationInput = z.input<typeof NotificationInput>
export const NotificationBody = NotificationInput.extend(owned)
export type NotificationBody = z.infer<typeof NotificationBody>

/** Why a runtime may or may not take a job: one predicate. */
export interface PredicateBody {
  /** `alive`, `stage`, `serviceTag`, `language`, `noEndpoints`, `name` … */
  predicate: string
  passed: boolean
  /** In the user's words: "lacks tag 'PROD' (has 'prod': tags are compared exactly)". */
  detail: string
}
export interface SeenRuntimeBody {
  id: string
  name: string
  tags: string[]
  predicates: PredicateBody[]
}
/** Members of the 422 problem `NoMatchingRuntime`. */
export interface NoMatchingRuntimeData {
  tags: string[]
  stage: string | null
  seen: SeenRuntimeBody[]
  /** The runtime with the fewest failed predicates, null when none is registered. */
  nearest: string | null
  /** The command that would mend it. */
  mend: string | null
}

interface PageBody {
  size: number
  totalElements: number
  totalPages: number
  number: number
}
/** HAL list: `_embedded.<rel>` is there even when empty. */
export interface HalList<T> {
  _embedded: Record<string, T[]>
  _links: Record<string, { href: string }>
  page?: PageBody
}
