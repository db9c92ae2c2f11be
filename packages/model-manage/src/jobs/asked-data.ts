import { isDeepStrictEqual } from 'node:util'
import { type Asset, InputError } from '@rowhouse/contract'
import type { Work } from '../context.ts'
import { mendCommand } from '../deployments/explain-not-deployed.ts'
import { checkAssets, managedFileOf } from '../documents/asset-door.ts'
import { addressesOf, type Credentials, takeCredentials } from '../documents/credentials.ts'
import { type Chosen, type ChosenData, chooseData } from './choose-data.ts'
import { type ChosenModel, deploymentData, type JobWish } from './choose-model.ts'
import { fillTemplates } from './templates.ts'

/** Stored with the job as it is before templates are filled in: a rerun starts from it. */
export interface Asked extends ChosenData {
  /** When it was asked for; reruns do not change it. */
  at: string
  additional: Chosen[]
  /** Places in the request whose URLs held credentials. */
  secretPlaces: string[]
}

/** What the request names, small enough, and what is chosen where it names nothing. */
export function readAsked(work: Work, wish: JobWish, chosen: ChosenModel): Asked {
  const check = (list: 'inputData' | 'outputData' | 'additionalAssets') =>
    checkAssets(wish[list] ?? [], list, `${work.ctx.prefix}/files`)
  const request = {
    inputData: check('inputData'),
    outputData: check('outputData'),
    additionalAssets: check('additionalAssets'),
  }
  const deployment = chosen.deployment === null ? null : deploymentData(chosen.deployment)
  const additional = [
    ...request.additionalAssets.map((asset, index) => ({ asset, from: `additionalAssets[${index}]` })),
    ...(deployment?.additionalAssets ?? []).map((asset, index) => ({
      asset,
      from: `deployment.additionalAssets[${index}]`,
    })),
  ]
  const secretPlaces = Object.keys(takeCredentials({ ...request, jobParameters: wish.jobParameters }).credentials)
  return {
    ...chooseData({ jobType: wish.jobType, request, deployment, deployed: deployedOf(chosen), model: chosen.stored }),
    at: work.now.toISOString(),
    additional,
    secretPlaces,
  }
}

function deployedOf({ deployment, says }: ChosenModel): { says: string; command: string } | null {
  return deployment && { says, command: mendCommand('', deployment.stage, { id: deployment.deployable_model_id }) }
}

/** Templates filled in, passwords taken out; managed files of the input must be there. */
export async function fillData(work: Work, jobId: string, asked: Asked) {
  const fill = (chosen: Chosen[]) =>
    fillTemplates(
      chosen.map((each) => each.asset),
      { jobId, at: new Date(asked.at) },
    )
  const filled = {
    inputData: fill(asked.input),
    outputData: fill(asked.output),
    additionalAssets: fill(asked.additional),
  }
  for (const [index, asset] of filled.inputData.entries()) {
    const sha256 = managedFileOf(asset)
    if (sha256 === undefined || (await work.ctx.files.find(sha256))) continue
    throw new InputError(
      'FileNotUploaded',
      `'inputData[${index}]' names the managed file ${sha256}, which is not there: upload it first with POST ${work.ctx.prefix}/files`,
      { field: `inputData[${index}].contentHash`, sha256 },
    )
  }
  return takeCredentials(filled)
}

/** Credentials known by the place an asset was found at go to the place it has in the job. */
export function credentialsOf(chosen: ChosenModel, asked: Asked): Credentials {
  const credentials: Credentials = {}
  const lists = { inputData: asked.input, outputData: asked.output, additionalAssets: asked.additional }
  for (const [list, assets] of Object.entries(lists)) {
    for (const [index, { asset, from }] of assets.entries()) {
      const credential = chosen.credentials[placeNow(chosen, asset, from)]
      if (credential) credentials[`${list}[${index}]`] = credential
    }
  }
  for (const [path, credential] of Object.entries(chosen.credentials))
    if (path.startsWith('model.')) credentials[path] = credential
  return credentials
}

/**
 * A rerun reads where the first run read; its deployment may lead there from another place of its list by now, or elsewhere: what opens that
 * is for nobody else.
 */
function placeNow({ deployment }: ChosenModel, asset: Asset, from: string): string {
  const [, list = '', index] = /^deployment\.(\w+)\[(\d+)\]$/.exec(from) ?? []
  if (deployment === null || index === undefined) return from
  const addresses = addressesOf(asset)
  const leadsThere = (other: Asset | undefined) => isDeepStrictEqual(addressesOf(other), addresses)
  const now = new Map<string, Asset[]>(Object.entries(deploymentData(deployment))).get(list) ?? []
  return leadsThere(now[Number(index)]) ? from : `deployment.${list}[${now.findIndex(leadsThere)}]`
}
