import { type Asset, type DeployedModelBody, InputError, type RequiredAsset } from '@rowhouse/contract'
import { type Delegate, findDocument, missing, withoutContents } from './delegate.ts'

/**
 * What the deployment or the model names as input, and the further assets of the deployment. For the reader and for diagrams that
 * choose: a job created without INPUT_FILE resolves its input by the same rule in the model-manage wing, contents included.
 */
export const getModelRequiredAssets: Delegate = {
  name: 'GetModelRequiredAssets',
  async run(task) {
    const deployed = findDocument(task, 'DEPLOYED_MODEL')
    if (deployed === undefined)
      throw missing(task, 'DEPLOYED_MODEL', 'the deployment, from FindMostRecentBatchDeployedModels')
    const model = deployed as unknown as DeployedModelBody
    const own = model.inputData ?? []
    const inputs = own.length > 0 ? own : requiredInputs(model)
    return { INPUT_ASSETS: withoutContents(inputs), ADDITIONAL_ASSETS: withoutContents(model.additionalAssets ?? []) }
  },
}

function requiredInputs(model: DeployedModelBody): Asset[] {
  const stored = model.deployableModel?.storedModel
  const wanted = (stored?.requiredAssets ?? []).filter((asset) => asset.usage === 'INPUT_ASSET')
  return wanted.flatMap((asset) =>
    (stored?.modelAssets ?? []).filter((candidate) => isNamed(asset, candidate)).slice(0, 1),
  )
}

/** The name of a required asset may be a regular expression. */
function isNamed(wanted: RequiredAsset, asset: Asset): boolean {
  const name = wanted.name ?? wanted.filename
  if (name === null || name === undefined) return wanted.assetRole !== undefined && wanted.assetRole === asset.assetRole
  const names = [asset.name, asset.filename].filter((text) => typeof text === 'string')
  if (names.includes(name)) return true
  try {
    const pattern = new RegExp(`^(?:${name})$`)
    return names.some((text) => pattern.test(text))
  } catch (cause) {
    throw new InputError(
      'InvalidField',
      `The required asset '${name}' is neither a name nor a regular expression`,
      {},
      cause,
    )
  }
}
