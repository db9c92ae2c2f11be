import {
  type Asset,
  Conflict,
  InputError,
  isUuid,
  type JobInput,
  NotFound,
  StoredModelContent,
  Unmet,
} from '@rowhouse/contract'
import { parseAs } from '@rowhouse/http'
import type { z } from 'zod'
import type { Work } from '../context.ts'
import { findDeployedModel, findNewestOfSnapshot, listDeployedEngineIds } from '../deployments/deployed-model-store.ts'
import { mendCommand } from '../deployments/explain-not-deployed.ts'
import { getRow } from '../documents/answer.ts'
import { checkAssets } from '../documents/asset-door.ts'
import { below, type Credentials, getCredentials } from '../documents/credentials.ts'
import { isRecord } from '../documents/merge-patch.ts'
import { withoutOwned } from '../documents/owned.ts'
import { deployableModelBody, findDeployableModel } from '../models/deployable-model-store.ts'
import { modelName } from '../models/language.ts'
import { findStoredModelForShare, storedModelBody } from '../models/stored-model-store.ts'
import type { DeployableModelRow, DeployedModelRow, Document } from '../rows.ts'
import { nearestTag } from '../runtimes/near-tag.ts'

export type JobWish = z.output<typeof JobInput>

/** The model a job runs, and what follows from where it comes from. */
export interface ChosenModel {
  /** The full copy that goes into the job, contents as references. */
  model: Document
  stored: StoredModelContent
  /** For people: "model 'x' (snapshot x_v1), stage DEV". */
  says: string
  tags: readonly string[]
  stage: string | null
  deployment: DeployedModelRow | null
  /** Runtimes named in the deployment records, when only they may run it. */
  engineIds: readonly string[] | null
  /** By path: `model.storedModel.modelAssets[0]`, `deployment.inputData[0]`. */
  credentials: Credentials
}

/** One of: a deployment by id, a snapshot by id, a stored model by id, a model inline. */
export async function chooseModel(work: Work, wish: JobWish): Promise<ChosenModel> {
  if (wish.deployedModel) return fromDeployment(work, wish.deployedModel.id, wish)
  const snapshotId = wish.model?.id
  if (isUuid(snapshotId)) {
    const snapshot = await findDeployableModel(work.tx, snapshotId)
    if (snapshot) return fromSnapshot(work, snapshot, wish)
  }
  if (wish.storedModel) return fromStoredModel(work, wish.storedModel.id, wish)
  // a full job of another system: the ids in it are not ours, the model in it is whole
  if (isRecord(wish.model?.storedModel)) return fromInline(work, wish)
  if (snapshotId) throw new NotFound('deployable model', snapshotId)
  throw new InputError(
    'InvalidField',
    'The job names no model: give deployedModel.id (a deployment), model.id (a snapshot), storedModel.id, or an inline model.storedModel',
    { field: 'model' },
  )
}

async function fromDeployment(work: Work, id: string, wish: JobWish): Promise<ChosenModel> {
  const { tx } = work
  const deployment = await getRow('deployed model', id, (each) => findDeployedModel(tx, each))
  const snapshot = await getRow('deployable model', deployment.deployable_model_id, (each) =>
    findDeployableModel(tx, each),
  )
  if (deployment.state !== 'DEPLOYED') throw notDeployedAnyMore(deployment, snapshot)
  if (wish.stage && wish.stage !== deployment.stage) {
    throw new Conflict(
      'StageMismatch',
      `The deployment ${id} is in stage ${deployment.stage}, the job asks for stage ${wish.stage}`,
    )
  }
  return ofDeployed(work, deployment, snapshot)
}

async function fromSnapshot(work: Work, snapshot: DeployableModelRow, wish: JobWish): Promise<ChosenModel> {
  const deployment = await findNewestOfSnapshot(work.tx, snapshot.id, wish.stage ?? null)
  if (deployment) return ofDeployed(work, deployment, snapshot)
  const elsewhere = wish.stage ? await findNewestOfSnapshot(work.tx, snapshot.id, null) : undefined
  const near = elsewhere && nearestTag(wish.stage ?? '', [elsewhere.stage])
  const where = wish.stage ? `to stage ${wish.stage}` : 'to any stage'
  const but = elsewhere
    ? `, but to ${elsewhere.stage}${near?.how === 'case' ? ' (stages are compared exactly)' : ''}`
    : ''
  const mend = mendCommand('', wish.stage ?? '<stage>', snapshot).replace("'<stage>'", '<stage>')
  throw new Unmet(
    'ModelNotDeployed',
    `The snapshot '${snapshot.name}' is not deployed ${where}${but}. To mend: ${mend}`,
    {
      deployableModelId: snapshot.id,
      stage: wish.stage ?? null,
      nearest: elsewhere?.stage ?? null,
      mend,
    },
  )
}

async function ofDeployed(
  work: Work,
  deployment: DeployedModelRow,
  snapshot: DeployableModelRow,
): Promise<ChosenModel> {
  const { ctx, tx } = work
  const { _links, ...model } = deployableModelBody(snapshot, ctx.prefix)
  const credentials = await getCredentials(ctx, tx, [deployment.id, snapshot.id])
  return {
    model,
    stored: model.storedModel,
    says: `model '${modelName(model.storedModel) ?? snapshot.stored_model_id}' (snapshot '${snapshot.name}'), stage ${deployment.stage}`,
    tags: deployment.service_tags,
    stage: deployment.stage,
    deployment,
    engineIds: ctx.settings.onlyDeployedRuntimes ? await listDeployedEngineIds(tx, deployment) : null,
    credentials: {
      ...below('model', credentials.get(snapshot.id)),
      ...below('deployment', credentials.get(deployment.id)),
    },
  }
}

async function fromStoredModel(work: Work, id: string, wish: JobWish): Promise<ChosenModel> {
  const row = await getRow('stored model', id, (each) => findStoredModelForShare(work.tx, each))
  const { _links, ...storedModel } = storedModelBody(row, work.ctx.prefix)
  const credentials = await getCredentials(work.ctx, work.tx, [row.id])
  return {
    ...withoutDeployment(storedModel, wish),
    model: { storedModel },
    says: `model '${modelName(storedModel) ?? row.id}' as it is now`,
    credentials: below('model.storedModel', credentials.get(row.id)),
  }
}

async function fromInline(work: Work, wish: JobWish): Promise<ChosenModel> {
  const parsed = parseAs(StoredModelContent, wish.model?.storedModel, { path: ['model', 'storedModel'] })
  const modelAssets = checkAssets(parsed.modelAssets, 'model.storedModel.modelAssets', `${work.ctx.prefix}/files`)
  const storedModel = { ...parsed, modelAssets }
  const described = withoutOwned(wish.model as Document, ['storedModel'])
  return {
    ...withoutDeployment(storedModel, wish),
    model: { ...described, storedModel },
    says: `inline model '${modelName(storedModel) ?? 'without a name'}'`,
    credentials: {},
  }
}

function withoutDeployment(stored: StoredModelContent, wish: JobWish) {
  // as a runtime could have them: its own are trimmed, and none is blank
  const tags = stored.modelMetaData.tags.map((tag) => tag.trim()).filter((tag) => tag !== '')
  return { stored, tags, stage: wish.stage ?? null, deployment: null, engineIds: null }
}

function notDeployedAnyMore(deployment: DeployedModelRow, snapshot: DeployableModelRow): Unmet {
  const mend = mendCommand('', deployment.stage, snapshot)
  const when = deployment.undeployed_at ? ` since ${deployment.undeployed_at.toISOString()}` : ''
  return new Unmet(
    'ModelNotDeployed',
    `The deployment ${deployment.id} (snapshot '${snapshot.name}', stage ${deployment.stage}) is ${deployment.state}${when}. To mend: ${mend}`,
    { deployedModelId: deployment.id, state: deployment.state, stage: deployment.stage, mend },
  )
}

/** Lists of a deployment's document as assets: parsed when they came in, contents as references. */
export function deploymentData(deployment: DeployedModelRow) {
  const list = (member: string) => (deployment.document[member] ?? []) as Asset[]
  return { inputData: list('inputData'), outputData: list('outputData'), additionalAssets: list('additionalAssets') }
}
