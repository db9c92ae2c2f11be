import { runInNewContext } from 'node:vm'
import type { Asset, DeployedModelBody, RequiredAsset } from '@rowhouse/contract'
import { type Delegate, findDocument, missing, withoutContents } from './delegate.ts'

/**
 * What the deployment or the model names as input, and the further assets of the deployment. For the reader and for diagrams that
 * choose: a job created without INPUT_FILE resolves its input by the same rule in the model-manage wing, contents included.
 */
export const getModelRequiredAssets: Delegate = {
  name: 'GetModelRequiredAssets',
  onlyReads: true,
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
    (stored?.modelAssets ?? []).filter((candidate) => isMeant(asset, candidate)).slice(0, 1),
  )
}

/** Whatever the requirement says must be so: name or file name, role. One that says nothing fits nothing. */
function isMeant(wanted: RequiredAsset, asset: Asset): boolean {
  const names = [asset.name, asset.filename].filter((text) => typeof text === 'string')
  const says: boolean[] = []
  if (wanted.name) says.push(names.includes(wanted.name) || isPatternOf(wanted.name, names))
  if (wanted.filename) says.push(names.includes(wanted.filename))
  if (wanted.assetRole && wanted.assetRole !== 'UNKNOWN') says.push(wanted.assetRole === asset.assetRole)
  return says.length > 0 && says.every((each) => each)
}

const patternMs = 100

/** The name of a required asset may be a regular expression. It is a model author's: it may be broken, and it may take for ever (`(a+)+b`). */
function isPatternOf(wanted: string, names: readonly string[]): boolean {
  if (/^[\w -]+(?:\.\w+)?$/.test(wanted)) return false
  try {
    const run = 'const pattern = new RegExp(`^(?:${wanted})$`); names.some((name) => pattern.test(name))'
    return runInNewContext(run, { wanted, names }, { timeout: patternMs }) === true
  } catch {
    return false
  }
}
