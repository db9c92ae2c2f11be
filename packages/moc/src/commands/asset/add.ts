import { basename } from 'node:path'
import { type AssetInput, Conflict, InputError } from '@rowhouse/contract'
import type { Context } from '../../context.ts'
import { externalAsset, isUrl, localFileAsset, localPath } from '../../local-files.ts'
import { getModel } from '../../lookup.ts'
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
  const asset: AssetInput = isUrl(path)
    ? externalAsset(path, options.region)
    : await localFileAsset(client, localPath(path), name)
  asset.name = name
  asset.assetRole =
    Object.entries(roles).find(([option]) => options[option] === true)?.[1] ?? former?.assetRole ?? 'UNKNOWN'
  const kept = model.modelAssets.filter((other) => (other.name ?? other.filename) !== name)
  const changed = await client.storedModels.patch(
    model.id,
    { modelAssets: [...kept, asset] },
    { headers: { 'if-match': `"${model.version}"` } },
  )
  if (options.verbose)
    context.output.say(`${already ? 'Replaced' : 'Added'} ${name} (${asset.assetType}, ${asset.assetRole})`)
  await printChanged(context.output, `Added ${name} to ${model.id}`, changed)
}
