import type { Context } from '../../context.ts'
import { type CreateJobOptions, createJob } from '../../job-create.ts'

export function run(
  context: Context,
  [storedModelId = '', input = '', output = '']: string[],
  options: CreateJobOptions,
): Promise<void> {
  return createJob(context, { storedModel: { id: storedModelId } }, { input, output }, options)
}
