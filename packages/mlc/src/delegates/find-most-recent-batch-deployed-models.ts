import { type Delegate, getText, withoutContents } from './delegate.ts'

/** TAG and MODEL_STAGE → the newest batch deployment; none: ModelNotDeployed, which says what was nearly right. */
export const findMostRecentBatchDeployedModels: Delegate = {
  name: 'FindMostRecentBatchDeployedModels',
  onlyReads: true,
  async run(task) {
    const tag = getText(task, 'TAG', "the model's service tag")
    const stage = getText(task, 'MODEL_STAGE', 'the stage tag of the runtimes, such as DEV or PROD')
    const deployed = withoutContents(
      await task.client.deployedModels.findMostRecentBatch(tag, stage, { signal: task.signal }),
    )
    return { DEPLOYED_MODEL: deployed, DEPLOYED_MODELS: [deployed] }
  },
}
