import type { DeployableModelBody, DeployedModelBody } from '@rowhouse/contract'
import { type Delegate, type DelegateTask, findDocument, missing, type Outputs, withoutContents } from './delegate.ts'

/**
 * DEPLOYABLE_MODEL → deployments on the matching runtimes of each stage named in its `targetRuntimes`; none named: none.
 * The same snapshot, runtime and stage gives the existing deployment, so a repeated call changes nothing.
 */
async function deploy(task: DelegateTask): Promise<Outputs> {
  const deployable = findDocument(task, 'DEPLOYABLE_MODEL')
  if (deployable === undefined) throw missing(task, 'DEPLOYABLE_MODEL', 'the snapshot to deploy')
  const snapshot = await task.client.deployableModels.get(deployable.id, { signal: task.signal })
  const made: DeployedModelBody[] = []
  for (const stage of stagesOf(snapshot)) {
    const answer = await task.client.deployedModels.create(
      { deployableModel: { id: snapshot.id }, stage },
      { signal: task.signal },
    )
    made.push(...(answer._embedded.deployedModels ?? []))
  }
  return { DEPLOYED_MODELS: withoutContents(made), DEPLOYED_MODEL: withoutContents(made[0] ?? null) }
}

/** A target may also repeat the service tags, which are no stages. */
function stagesOf(snapshot: DeployableModelBody): string[] {
  const serviceTags = new Set(snapshot.metaData.tags)
  const tags = snapshot.targetRuntimes.flatMap((target) => target.tags)
  return [...new Set(tags)].filter((tag) => !serviceTags.has(tag))
}

export const deployModel: Delegate = { name: 'DeployModel', run: deploy }
export const deployBatchModel: Delegate = { name: 'DeployBatchModel', run: deploy }
