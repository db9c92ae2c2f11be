import { Conflict, type DeployedModelBody, InputError } from '@rowhouse/contract'
import type { Work } from '../context.ts'
import { getRow } from '../documents/answer.ts'
import { mergePatch } from '../documents/merge-patch.ts'
import { editedColumns, recordOf, withoutOwned } from '../documents/owned.ts'
import { storableJson } from '../documents/storable-json.ts'
import { endCancelled } from '../jobs/end-cancelled.ts'
import type { DeployedModelRow, Document } from '../rows.ts'
import { lockRuntimes } from '../runtimes/runtime-store.ts'
import { deployedModelBodies, findDeployedModel } from './deployed-model-store.ts'
import { placedElsewhere, readDataWish, storeData } from './deployment-data.ts'

/** Sets input, output and what people note; `state: UNDEPLOYED` undeploys: its queued jobs are cancelled, running ones end. */
export async function patchDeployment(
  work: Work,
  id: string,
  patch: Document,
  checkVersion: (version: number) => void,
): Promise<DeployedModelBody> {
  // with the lock no job of it is being created meanwhile
  await lockRuntimes(work.tx)
  const before = await getRow('deployed model', id, (each) => findDeployedModel(work.tx, each))
  checkVersion(before.version)
  const state = stateAfter(before, patch.state)
  checkPlace(before, patch)
  const merged = recordOf(mergePatch(before.document, withoutOwned(patch, placedElsewhere)))
  const document = await storeData(work, before.id, merged, readDataWish(work, withEmptyLists(patch)))
  const isUndeployed = state === 'UNDEPLOYED' && before.state !== 'UNDEPLOYED'
  const row = await work.tx
    .updateTable('model_manage.deployed_model')
    .set({
      document: storableJson(document),
      state,
      ...editedColumns(work, before, patch),
      ...(isUndeployed ? { undeployed_at: work.now } : {}),
    })
    .where('id', '=', before.id)
    .returningAll()
    .executeTakeFirstOrThrow()
  if (isUndeployed) await cancelQueuedJobs(work, row)
  const [body] = await deployedModelBodies(work.ctx, work.tx, [row])
  return body as DeployedModelBody
}

/** People undeploy, no more. */
function stateAfter(before: DeployedModelRow, wish: unknown): DeployedModelRow['state'] {
  const state = String(wish ?? before.state).toUpperCase()
  if (state === before.state) return before.state
  if (state === 'UNDEPLOYED') return state
  if (state === 'DEPLOYED') {
    throw new Conflict(
      'AlreadyUndeployed',
      `The deployment ${before.id} is ${before.state}; deploy the snapshot anew: moc deployment create ${before.deployable_model_id} --stage ${before.stage}`,
      { state: before.state },
    )
  }
  throw new InputError('InvalidField', `'state' is '${String(wish)}': it must be UNDEPLOYED`, { field: 'state' })
}

/** Sent back as it was read it is well; who names another stage or tag would wait in vain for it. */
function checkPlace(before: DeployedModelRow, { stage, serviceTags }: Document): void {
  if (stage !== undefined && stage !== before.stage) {
    throw new InputError(
      'InvalidField',
      `'stage' of a deployment stays ${before.stage}; to deploy to another: moc deployment create ${before.deployable_model_id} --stage <stage>`,
      { field: 'stage' },
    )
  }
  if (serviceTags !== undefined && JSON.stringify(serviceTags) !== JSON.stringify(before.service_tags)) {
    throw new InputError(
      'InvalidField',
      "'serviceTags' of a deployment are those of its snapshot: change metaData.tags there and deploy again",
      { field: 'serviceTags' },
    )
  }
}

/** null takes a list away: the deployment keeps none. */
function withEmptyLists(patch: Document): Document {
  return Object.fromEntries(Object.entries(patch).map(([member, value]) => [member, value ?? []]))
}

async function cancelQueuedJobs(work: Work, row: DeployedModelRow): Promise<void> {
  const jobs = await work.tx
    .selectFrom('model_manage.job')
    .select(['id', 'status'])
    .where('deployed_model_id', '=', row.id)
    .where('status', 'in', ['CREATED', 'WAITING'])
    .orderBy('seq')
    .forUpdate()
    .execute()
  await endCancelled(work, jobs, `its deployment ${row.id} (stage ${row.stage}) was undeployed by ${work.who}`)
}
