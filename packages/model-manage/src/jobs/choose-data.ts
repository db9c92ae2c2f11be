import { runInNewContext } from 'node:vm'
import { type Asset, type JobType, type RequiredAsset, Unmet } from '@rowhouse/contract'
import { modelName } from '../models/language.ts'

/** An asset that a job is to read or write, and where it was found: its credentials are known by that place. */
export interface Chosen {
  asset: Asset
  from: string
}
export interface ChosenData {
  input: Chosen[]
  output: Chosen[]
  /** For people: where input and output come from. */
  inputSource: string
  outputSource: string
}

export interface DataPlaces {
  jobType: JobType
  /** Named in the request. */
  request: { inputData: readonly Asset[]; outputData: readonly Asset[]; additionalAssets: readonly Asset[] }
  /** Kept with the deployment; null for a job without one. */
  deployment: { inputData: readonly Asset[]; outputData: readonly Asset[]; additionalAssets: readonly Asset[] } | null
  /** Which deployment that is and the command that makes it anew: by a tag it may be another one than the caller thinks. */
  deployed?: { says: string; command: string } | null
  model: {
    modelMetaData?: { name?: string | null | undefined }
    modelAssets: readonly Asset[]
    requiredAssets: readonly RequiredAsset[]
  }
}

/** Expressions are a model author's: they may take for ever (`(a+)+b`), and the server does nothing else meanwhile. */
interface Patience {
  leftMs: number
}
const patienceMs = 200

/**
 * What a job reads and writes: what the request names, else what the deployment keeps, else what the model says it needs
 * (`requiredAssets`, whose `name` may be a regular expression) out of the assets at hand; an output is at last an embedded file named after the model.
 */
export function chooseData(places: DataPlaces): ChosenData {
  const patience = { leftMs: patienceMs }
  const input = chooseInput(places, patience)
  return { ...input, ...chooseOutput(places, input.input, patience) }
}

function chooseInput(places: DataPlaces, patience: Patience): Pick<ChosenData, 'input' | 'inputSource'> {
  const { request, deployment, model } = places
  if (request.inputData.length > 0)
    return { input: at(request.inputData, 'inputData'), inputSource: 'named in the request' }
  if (deployment && deployment.inputData.length > 0) {
    return { input: at(deployment.inputData, 'deployment.inputData'), inputSource: 'kept with the deployment' }
  }
  const required = model.requiredAssets.filter((each) => each.usage === 'INPUT_ASSET')
  const atHand = assetsAtHand(places)
  const found = required.map((each) => findRequired(each, atHand, patience))
  const input = found.filter((each) => each !== undefined)
  if (required.length > 0 && input.length === required.length)
    return { input, inputSource: "the model's required assets" }
  throw inputNotFound(
    places,
    required.filter((_, index) => found[index] === undefined),
    atHand,
  )
}

function chooseOutput(
  places: DataPlaces,
  input: readonly Chosen[],
  patience: Patience,
): Pick<ChosenData, 'output' | 'outputSource'> {
  const { request, deployment, model, jobType } = places
  if (request.outputData.length > 0)
    return { output: at(request.outputData, 'outputData'), outputSource: 'named in the request' }
  if (deployment && deployment.outputData.length > 0) {
    return { output: at(deployment.outputData, 'deployment.outputData'), outputSource: 'kept with the deployment' }
  }
  const required = model.requiredAssets.filter((each) => each.usage === 'OUTPUT_ASSET')
  const found = required.map((each) => findRequired(each, assetsAtHand(places), patience))
  const output = found.filter((each) => each !== undefined)
  if (required.length > 0 && output.length === required.length)
    return { output, outputSource: "the model's required assets" }
  // a training job's result is what it writes below outputDir/
  if (jobType === 'MODEL_BATCH_TRAINING_JOB') return { output: [], outputSource: 'the artefacts below outputDir/' }
  const wanted = required.find((each) => each.filename)?.filename
  const asset = embeddedOutput(
    wanted ?? `${fileWord(modelName(model) ?? 'model')}-output.${outputExtension(places, input)}`,
  )
  return { output: [{ asset, from: '' }], outputSource: `an embedded file, ${asset.filename}` }
}

function at(assets: readonly Asset[], list: string): Chosen[] {
  return assets.map((asset, index) => ({ asset, from: `${list}[${index}]` }))
}

/** Additional assets come before the model's own: they are nearer to the run. Sources are no data. */
function assetsAtHand({ request, deployment, model }: DataPlaces): Chosen[] {
  return [
    ...at(request.additionalAssets, 'additionalAssets'),
    ...at(deployment?.additionalAssets ?? [], 'deployment.additionalAssets'),
    ...at(model.modelAssets, 'model.storedModel.modelAssets').filter(({ asset }) => asset.assetType !== 'SOURCE_CODE'),
  ]
}

/** Whatever the requirement says must be so: name or file name, role. One that says nothing fits nothing. */
function findRequired(
  { name, filename, assetRole }: RequiredAsset,
  atHand: readonly Chosen[],
  patience: Patience,
): Chosen | undefined {
  const role = assetRole === 'UNKNOWN' ? undefined : assetRole
  if (!name && !filename && !role) return undefined
  const fitting = atHand.filter(
    ({ asset }) => (!filename || namesOf(asset).includes(filename)) && (!role || asset.assetRole === role),
  )
  return name ? findNamed(name, fitting, patience) : fitting[0]
}

function namesOf({ name, filename }: Asset): string[] {
  return [name, filename].filter((each) => typeof each === 'string')
}

/** The first one of this name, or whose name the expression describes. */
function findNamed(wanted: string, atHand: readonly Chosen[], patience: Patience): Chosen | undefined {
  const names = atHand.map(({ asset }) => namesOf(asset))
  const isPlain = /^[\w -]+(?:\.\w+)?$/.test(wanted)
  const expression = isPlain ? null : expressionOf(wanted)
  if (expression === null || patience.leftMs < 1) return atHand[names.findIndex((some) => some.includes(wanted))]
  const startedAt = performance.now()
  try {
    const found: unknown = runInNewContext(
      'names.findIndex((some) => some.some((name) => name === wanted || expression.test(name)))',
      { names, wanted, expression },
      { timeout: Math.ceil(patience.leftMs) },
    )
    return atHand[Number(found)]
  } catch {
    return undefined
  } finally {
    patience.leftMs -= performance.now() - startedAt
  }
}

/** Of the whole name; null when the text is none. Flags at the beginning, `(?i)`, are Java's and Python's way. */
function expressionOf(wanted: string): RegExp | null {
  const [whole = '', flags = ''] = /^\(\?([ims]+)\)/.exec(wanted) ?? []
  try {
    return new RegExp(`^(?:${wanted.slice(whole.length)})$`, [...new Set(flags)].join(''))
  } catch {
    return null
  }
}

function embeddedOutput(filename: string): Asset {
  const extension = filename.split('.').pop()?.toUpperCase()
  return {
    name: filename,
    filename,
    assetType: 'FILE',
    assetRole: 'UNKNOWN',
    fileFormat: extension === 'CSV' ? 'CSV' : 'JSON',
    metaData: { custom: {}, tags: [] },
  }
}

/** Scores go out as they came in; metrics are always JSON. */
function outputExtension({ jobType }: DataPlaces, input: readonly Chosen[]): 'csv' | 'json' {
  const first = input[0]?.asset
  if (jobType === 'MODEL_BATCH_TEST_JOB' || first === undefined) return 'json'
  if (first.fileFormat && first.fileFormat !== 'UNKNOWN')
    return first.fileFormat.toUpperCase() === 'CSV' ? 'csv' : 'json'
  const path = first.fileUrl ?? first.filename ?? first.name ?? ''
  return /\.csv(?:\.gz)?(?:[?#]|$)/i.test(path) ? 'csv' : 'json'
}

function fileWord(name: string): string {
  return (
    name
      .replace(/[^\p{L}\p{N}._-]+/gu, '-')
      .replace(/^[-.]+|-+$/g, '')
      .slice(0, 100) || 'model'
  )
}

function inputNotFound(places: DataPlaces, missing: readonly RequiredAsset[], atHand: readonly Chosen[]): Unmet {
  const wanted = missing.map(describe)
  const names = atHand.map(({ asset }) => asset.name ?? asset.filename ?? asset.assetRole)
  const parts = ['No input for the job: the request names none (inputData, INPUT_FILE)']
  const { says, command } = places.deployed ?? { says: '', command: 'moc deployment create <snapshot> --stage <stage>' }
  if (places.deployment) parts.push(`the deployment ${says === '' ? '' : `(${says}) `}keeps none`)
  parts.push(
    wanted.length === 0
      ? "and the model's requiredAssets name no INPUT_ASSET"
      : `and no asset at hand is ${wanted.join(' and ')} (at hand: ${names.length === 0 ? 'none' : names.slice(0, 20).join(', ')})`,
  )
  const mend = places.deployment
    ? `Give an input with the trigger, or keep one: ${command} --input <URL>`
    : 'Give an input with the job'
  return new Unmet('InputNotFound', `${parts.join(', ')}. ${mend}`, { lookedFor: wanted, atHand: names })
}

function describe(required: RequiredAsset): string {
  const says = [
    required.name
      ? `named '${required.name}'${expressionOf(required.name) === null ? ' (which is no regular expression)' : ''}`
      : undefined,
    required.filename ? `the file '${required.filename}'` : undefined,
    required.assetRole && required.assetRole !== 'UNKNOWN' ? `of role ${required.assetRole}` : undefined,
  ].filter((each) => each !== undefined)
  return says.length === 0 ? 'an INPUT_ASSET without name or role' : says.join(' ')
}
