import type { DeployableModelBody } from '@rowhouse/contract'
import type { Context } from '../../context.ts'
import { getModel, listUpTo, parseLimit } from '../../lookup.ts'
import { printList } from '../../output.ts'

export async function run(context: Context, [model = '']: string[], options: { limit?: string }): Promise<void> {
  const client = context.client()
  const all = await listUpTo<DeployableModelBody>(
    (query) => client.deployableModels.list(query),
    model === '' ? parseLimit(options.limit) : 10_000,
  )
  const isOfModel = (snapshot: DeployableModelBody) =>
    model === '' || snapshot.storedModel.id === model || snapshot.storedModel.modelMetaData.name === model
  const found = all.filter(isOfModel).slice(0, parseLimit(options.limit))
  if (found.length === 0 && model !== '') await getModel(client, model)
  await printList(context.output, found, [
    { title: 'ID', value: (snapshot) => snapshot.id },
    { title: 'NAME', value: (snapshot) => snapshot.metaData.name },
    { title: 'MODEL', value: (snapshot) => snapshot.storedModel.modelMetaData.name },
    { title: 'TAGS', value: (snapshot) => snapshot.metaData.tags.join(',') },
    { title: 'CREATED', value: (snapshot) => snapshot.createdDate },
  ])
}
