import { basename } from 'node:path'
import { type AssetInput, type Client, Conflict, InputError } from '@rowhouse/contract'
import type { Context } from '../../context.ts'
import { externalAsset, isUrl, localFileAsset, localPath, readLocalFile } from '../../local-files.ts'
import { getModel } from '../../lookup.ts'
import { decodeSource, sourceAsset } from '../../model-folder.ts'
import { printChanged } from '../../output.ts'

interface AddOptions {
  name?: string
  external?: boolean
  force?: boolean
  region?: string
  verbose?: boolean
  [role: string]: unknown
}

const roles: Record<string, string> = {
  modelSource: 'MODEL_SOURCE',
  trainingData: 'TRAINING_DATA',
  testData: 'TEST_DATA',
  comparatorData: 'COMPARATOR_DATA',
  weightsFile: 'WEIGHTS_FILE',
  modelBinary: 'MODEL_BINARY',
  resultComparator: 'RESULT_COMPARATOR',
}

export async function run(context: Context, [modelName = '', path = '']: string[], options: AddOptions): Promise<void> {
  const client = context.client()
  const model = await getModel(client, modelName)
  const name = options.name ?? basename(path)
  const former = model.modelAssets.find((asset) => (asset.name ?? asset.filename) === name)
  const already = former !== undefined
  if (already && !options.force)
    throw new Conflict(
      'AssetExists',
      `${modelName} already has an asset '${name}'. Replace it with --force, or give another --name`,
    )
  if (isUrl(path) && !options.external)
    throw new InputError('ExternalWanted', `${path} is a URL: add --external to keep a reference to it`)
  const asset = await assetOf(client, path, name, former, options)
  asset.name = name
  asset.assetRole =
    Object.entries(roles).find(([option]) => options[option] === true)?.[1] ?? former?.assetRole ?? 'UNKNOWN'
  const others = model.modelAssets.filter((other) => (other.name ?? other.filename) !== name)
  const kept = asset.primaryModelSource === true ? others.map(withoutLead) : others
  const changed = await client.storedModels.patch(
    model.id,
    { modelAssets: [...kept, asset] },
    { headers: { 'if-match': `"${model.version}"` } },
  )
  if (options.verbose)
    context.output.say(`${already ? 'Replaced' : 'Added'} ${name} (${asset.assetType}, ${asset.assetRole})`)
  await printChanged(context.output, `Added ${name} to ${model.id}`, changed)
}

/** A source stays a source, and the primary one is one: the runtime runs no other asset. */
async function assetOf(
  client: Client,
  path: string,
  name: string,
  former: AssetInput | undefined,
  options: AddOptions,
): Promise<AssetInput> {
  if (isUrl(path)) return externalAsset(path, options.region)
  const isPrimary = options.modelSource === true || former?.primaryModelSource === true
  if (!isPrimary && former?.assetType !== 'SOURCE_CODE') return localFileAsset(client, localPath(path), name)
  const text = decodeSource(readLocalFile(path))
  return { ...functionNames(former), ...sourceAsset({ file: name, text }, isPrimary) }
}

/** What the job's document calls the functions of a source stays with its name. */
function functionNames(former: AssetInput | undefined): Partial<AssetInput> {
  const { initFunction, scoreFunction, metricsFunction, trainFunction } = former ?? {}
  const names = { initFunction, scoreFunction, metricsFunction, trainFunction }
  return Object.fromEntries(Object.entries(names).filter(([, value]) => value !== undefined))
}

/** A model has one primary source. */
function withoutLead(other: AssetInput): AssetInput {
  return other.primaryModelSource === true ? { ...other, primaryModelSource: false, assetRole: 'UNKNOWN' } : other
}
