import { type CallOptions, type Client, type DeployableModelBody, type HalList, isUuid } from '@rowhouse/contract'
import type { Context } from '../../context.ts'
import { getModel, listUpTo, parseLimit } from '../../lookup.ts'
import { printList } from '../../output.ts'

export async function run(context: Context, [model = '']: string[], options: { limit?: string }): Promise<void> {
  const client = context.client()
  const found = await listUpTo<DeployableModelBody>(
    (query) => (model === '' ? client.deployableModels.list(query) : findOfModel(client, model, { query })),
    parseLimit(options.limit),
  )
  if (found.length === 0 && model !== '') await getModel(client, model)
  await printList(context.output, found, [
    { title: 'ID', value: (snapshot) => snapshot.id },
    { title: 'NAME', value: (snapshot) => snapshot.metaData.name },
    { title: 'MODEL', value: (snapshot) => snapshot.storedModel.modelMetaData.name },
    { title: 'TAGS', value: (snapshot) => snapshot.metaData.tags.join(',') },
    { title: 'CREATED', value: (snapshot) => snapshot.createdDate },
  ])
}

/** By the model's id, else by its name or the snapshot's own. */
function findOfModel(client: Client, model: string, page: CallOptions): Promise<HalList<DeployableModelBody>> {
  const { findByStoredModelId, findByName } = client.deployableModels
  return isUuid(model) ? findByStoredModelId(model, page) : findByName(model, page)
}
