import { AppError, type DeployableModelBody, type DeployedModelBody, Unmet } from '@rowhouse/contract'
import { type Delegate, type DelegateTask, findDocument, missing, type Outputs, withoutContents } from './delegate.ts'

/**
 * DEPLOYABLE_MODEL → deployments on the matching runtimes of each stage named in its `targetRuntimes`; none named: none.
 * The same snapshot, runtime and stage gives the existing deployment, so a repeated call changes nothing. A stage without a runtime does
 * not keep the others waiting; it is told when they have theirs.
 */
async function deploy(task: DelegateTask): Promise<Outputs> {
  const deployable = findDocument(task, 'DEPLOYABLE_MODEL')
  if (deployable === undefined) throw missing(task, 'DEPLOYABLE_MODEL', 'the snapshot to deploy')
  const snapshot = await task.client.deployableModels.get(deployable.id, { signal: task.signal })
  const made: DeployedModelBody[] = []
  const unmet: AppError[] = []
  for (const stage of stagesOf(snapshot)) {
    const wish = { deployableModel: { id: snapshot.id }, stage }
    try {
      const answer = await task.client.deployedModels.create(wish, { signal: task.signal })
      made.push(...(answer._embedded.deployedModels ?? []))
    } catch (error) {
      if (!(error instanceof AppError && error.kind === 'Unmet')) throw error
      unmet.push(error)
    }
  }
  const [first, second] = unmet
  if (second !== undefined) throw new Unmet(second.code, unmet.map((each) => each.message).join('; '))
  if (first !== undefined) throw first
  return { DEPLOYED_MODELS: withoutContents(made), DEPLOYED_MODEL: withoutContents(made[0] ?? null) }
}

/** A target may also repeat the service tags, which are no stages beside one; alone, one names both (a model and its runtimes with one tag). */
function stagesOf(snapshot: DeployableModelBody): string[] {
  const serviceTags = new Set(snapshot.metaData.tags)
  const stages = snapshot.targetRuntimes.flatMap(({ tags }) => {
    const others = tags.filter((tag) => !serviceTags.has(tag))
    return others.length > 0 ? others : tags
  })
  return [...new Set(stages)]
}

export const deployModel: Delegate = { name: 'DeployModel', run: deploy }
export const deployBatchModel: Delegate = { name: 'DeployBatchModel', run: deploy }
