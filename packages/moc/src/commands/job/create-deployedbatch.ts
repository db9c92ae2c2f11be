import type { Context } from '../../context.ts'
import { type CreateJobOptions, createJob, refuseSwappedArguments } from '../../job-create.ts'

export async function run(
  context: Context,
  [deployedModelId = '', input = '', output = '']: string[],
  options: CreateJobOptions,
): Promise<void> {
  refuseSwappedArguments(deployedModelId, { input, output }, 'deployment')
  await createJob(context, { deployedModel: { id: deployedModelId } }, { input, output }, options)
}
