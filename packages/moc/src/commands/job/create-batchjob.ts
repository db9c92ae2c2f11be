import { isUuid } from '@rowhouse/contract'
import type { Context } from '../../context.ts'
import { type CreateJobOptions, createJob, refuseSwappedArguments } from '../../job-create.ts'
import { getModel } from '../../lookup.ts'

export async function run(
  context: Context,
  [modelName = '', input = '', output = '']: string[],
  options: CreateJobOptions,
): Promise<void> {
  refuseSwappedArguments(modelName, { input, output }, 'model')
  const id = isUuid(modelName) ? modelName : (await getModel(context.client(), modelName)).id
  await createJob(context, { storedModel: { id } }, { input, output }, options)
}
