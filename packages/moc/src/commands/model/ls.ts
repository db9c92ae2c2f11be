import type { StoredModelBody } from '@rowhouse/contract'
import type { Context } from '../../context.ts'
import { listUpTo, parseLimit } from '../../lookup.ts'
import { printList } from '../../output.ts'

export async function run(context: Context, _args: string[], options: { limit?: string }): Promise<void> {
  const client = context.client()
  const models = await listUpTo<StoredModelBody>((query) => client.storedModels.list(query), parseLimit(options.limit))
  await printList(context.output, models, [
    { title: 'ID', value: (model) => model.id },
    { title: 'NAME', value: (model) => model.modelMetaData.name },
    { title: 'TYPE', value: (model) => model.modelMetaData.type },
    { title: 'TAGS', value: (model) => model.modelMetaData.tags.join(',') },
    { title: 'CREATED', value: (model) => model.createdDate },
  ])
}
