/** The job as it came with the lease, parsed at the door, and what follows from it alone: source, language, function, schemas. Pure. */
import { Asset, InputError, JobType } from '@rowhouse/contract'
import { z } from 'zod'
import type { HarnessPlan } from './harness-protocol.ts'
import { completeMembers } from './run-job-members.ts'

const StoredModel = z.looseObject({
  modelMetaData: z
    .looseObject({
      name: z.string().nullish(),
      type: z.string().nullish(),
      inputSchema: z.array(z.looseObject({})).nullish(),
      outputSchema: z.array(z.looseObject({})).nullish(),
    })
    .prefault({}),
  modelAssets: z.array(Asset).nullish(),
})

const LeasedJob = z.looseObject({
  id: z.string(),
  jobType: JobType.default('MODEL_BATCH_JOB'),
  jobParameters: z.record(z.string(), z.unknown()).nullish(),
  inputData: z.array(Asset).nullish(),
  outputData: z.array(Asset).nullish(),
  additionalAssets: z.array(Asset).nullish(),
  model: z.looseObject({ storedModel: StoredModel.nullish() }).nullish(),
  enableInputSchemaChecking: z.boolean().nullish(),
  enableOutputSchemaChecking: z.boolean().nullish(),
  stopOnBadRecords: z.boolean().nullish(),
  usePandasCSVConverter: z.boolean().nullish(),
})

type ModelFunction = HarnessPlan['function']
export type Language = 'PYTHON' | 'JAVASCRIPT'

export interface Job {
  id: string
  function: ModelFunction
  modelName: string
  modelType: string
  modelAssets: Asset[]
  additionalAssets: Asset[]
  inputData: Asset[]
  outputData: Asset[]
  parameters: Record<string, unknown>
  inputSchemas: unknown[]
  outputSchemas: unknown[]
  checkInputSchema: boolean
  checkOutputSchema: boolean
  stopOnBadRecords: boolean
  /** CSV cells by the type of their column, as pandas has it; `cells`: each by itself. */
  csvTyping: 'columns' | 'cells'
  /** As it was sent, with the members that sources take for granted: what `__moc_runtime/model_definition.job.json` holds. */
  document: Record<string, unknown>
}

const functionByType: Record<JobType, ModelFunction> = {
  MODEL_BATCH_JOB: 'score',
  MODEL_BATCH_TEST_JOB: 'metrics',
  MODEL_BATCH_TRAINING_JOB: 'train',
}

export function parseJob(document: Record<string, unknown>): Job {
  const parsed = LeasedJob.safeParse(document)
  if (!parsed.success) {
    throw new InputError(
      'InvalidJob',
      `The job document cannot be read: ${z.prettifyError(parsed.error).split('\n').join(' ')}`,
    )
  }
  const job = parsed.data
  const stored = job.model?.storedModel
  if (!stored) throw new InputError('InvalidJob', 'The job names no model: model.storedModel is missing')
  const meta = stored.modelMetaData
  return {
    id: job.id,
    function: functionByType[job.jobType],
    modelName: meta.name ?? 'model',
    modelType: (meta.type ?? 'UNKNOWN').toUpperCase(),
    modelAssets: stored.modelAssets ?? [],
    additionalAssets: job.additionalAssets ?? [],
    inputData: job.inputData ?? [],
    outputData: job.outputData ?? [],
    parameters: job.jobParameters ?? {},
    inputSchemas: (meta.inputSchema ?? []).map(schemaDefinition),
    outputSchemas: (meta.outputSchema ?? []).map(schemaDefinition),
    checkInputSchema: job.enableInputSchemaChecking ?? false,
    checkOutputSchema: job.enableOutputSchemaChecking ?? false,
    csvTyping: (job.usePandasCSVConverter ?? job.jobParameters?.usePandasCSVConverter) === false ? 'cells' : 'columns',
    stopOnBadRecords: job.stopOnBadRecords ?? job.jobParameters?.stopOnBadRecords === true,
    document: completeMembers(document),
  }
}

/** A schema is stored with its name round it; the definition may be a text. */
function schemaDefinition(schema: Record<string, unknown>): unknown {
  const definition = schema.schemaDefinition ?? schema
  if (typeof definition !== 'string') return definition
  try {
    return JSON.parse(definition)
  } catch {
    return definition
  }
}

/** The one source that carries the functions: flagged, or the only one there is. */
export function choosePrimarySource(assets: readonly Asset[]): Asset {
  const sources = assets.filter((asset) => asset.assetType === 'SOURCE_CODE' || asset.assetRole === 'MODEL_SOURCE')
  const flagged = sources.find((asset) => asset.primaryModelSource)
  if (flagged) return flagged
  if (sources.length === 1 && sources[0]) return sources[0]
  if (sources.length === 0)
    throw new InputError('NoModelSource', 'The model has no source code: none of its assets is SOURCE_CODE')
  const names = sources.map((asset) => assetPath(asset) ?? '(without name)').join(', ')
  throw new InputError('NoPrimarySource', `Which source is the model? None of ${names} has primaryModelSource true`)
}

/** Path of an asset below the model's folder, as it was given. */
export function assetPath(asset: Asset): string | undefined {
  const url = asset.fileUrl ?? undefined
  const candidates = [
    asset.assetType === 'SOURCE_CODE' ? asset.sourceCodeFilePath : null,
    asset.filename,
    asset.sourceCodeFilePath,
    asset.name,
  ]
  return (
    candidates.find((name) => typeof name === 'string' && name !== '') ??
    (url === undefined ? undefined : lastSegment(url))
  )
}

function lastSegment(url: string): string | undefined {
  const path = url.replace(/[?#].*$/, '').replace(/\/+$/, '')
  return path.slice(path.lastIndexOf('/') + 1) || undefined
}

const languageByType: Record<string, Language> = {
  PYTHON: 'PYTHON',
  PYTHON3: 'PYTHON',
  JAVASCRIPT: 'JAVASCRIPT',
  JS: 'JAVASCRIPT',
  NODE: 'JAVASCRIPT',
}
const languageByExtension: Record<string, Language> = {
  py: 'PYTHON',
  py3: 'PYTHON',
  js: 'JAVASCRIPT',
  mjs: 'JAVASCRIPT',
  cjs: 'JAVASCRIPT',
}

/** Types that go by no extension: their sources look like those of other languages. */
const otherLanguages = new Set(['R', 'PYSPARK'])

/** By the model's type; a type that names no language goes by the extension of its source. */
export function chooseLanguage(modelType: string, sourcePath: string): Language {
  const byType = languageByType[modelType]
  if (byType) return byType
  const extension = sourcePath.slice(sourcePath.lastIndexOf('.') + 1).toLowerCase()
  const byExtension = languageByExtension[extension]
  if (byExtension && !otherLanguages.has(modelType)) return byExtension
  const what = modelType === 'UNKNOWN' ? `a model whose source is '${sourcePath}'` : `${modelType} models`
  throw new InputError(
    'UnsupportedLanguage',
    `This runtime does not run ${what}: it runs PYTHON (.py, .py3) and JAVASCRIPT (.js, .mjs)`,
  )
}

/** Rows in a DataFrame batch; metrics and train always get whole frames. */
export function recordsetRows(job: Pick<Job, 'function' | 'parameters'>): number | null {
  if (job.function !== 'score') return null
  const wish = job.parameters.recordsetRows
  if (wish === undefined || wish === null) return 16_384
  if (wish === 'all') return null
  const rows = typeof wish === 'boolean' ? Number.NaN : Number(wish)
  if (Number.isInteger(rows) && rows > 0) return rows
  // a model of whole frames fed by batches would give other scores, and nobody would notice
  throw new InputError(
    'InvalidParameter',
    `jobParameters.recordsetRows is ${JSON.stringify(wish)}: give a whole number of rows above 0, or 'all'`,
  )
}

/** The job's own limit wins over the runtime's. */
export function timeoutSeconds(parameters: Record<string, unknown>, runtimeDefault: number | null): number | null {
  const wish = parameters.timeoutSeconds
  if (wish === undefined || wish === null) return runtimeDefault
  const seconds = typeof wish === 'boolean' ? Number.NaN : Number(wish)
  if (!Number.isFinite(seconds) || seconds <= 0) {
    throw new InputError(
      'InvalidParameter',
      `jobParameters.timeoutSeconds is ${JSON.stringify(wish)}: give a number of seconds above 0`,
    )
  }
  return seconds
}

interface SchemaField {
  name: string
  type: unknown
}

/** Fields of an Avro record (or of a bare array of fields, as some repositories have it); null for anything else. */
export function schemaFields(schema: unknown): SchemaField[] | null {
  const inner = typeof schema === 'object' && schema !== null && 'items' in schema ? schema.items : schema
  const fields = Array.isArray(inner) ? inner : (inner as { fields?: unknown } | null | undefined)?.fields
  if (!Array.isArray(fields)) return null
  const named = fields.filter((field): field is SchemaField => typeof field?.name === 'string')
  return named.length === fields.length && named.length > 0 ? named : null
}
