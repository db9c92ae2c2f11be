import type { Context } from '../../context.ts'
import { type CreateJobOptions, createJob } from '../../job-create.ts'

export function run(
  context: Context,
  [deployedModelId = '', input = '', output = '']: string[],
  options: CreateJobOptions,
): Promise<void> {
  return createJob(context, { deployedModel: { id: deployedModelId } }, { input, output }, options)
}
