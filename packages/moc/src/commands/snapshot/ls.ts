import { type Client, type DeployableModelBody, isUuid } from '@rowhouse/contract'
import type { Context } from '../../context.ts'
import { getModel, listUpTo, parseLimit } from '../../lookup.ts'
import { printList } from '../../output.ts'

export async function run(context: Context, [model = '']: string[], options: { limit?: string }): Promise<void> {
  const client = context.client()
  const limit = parseLimit(options.limit)
  const found =
    model === ''
      ? await listUpTo<DeployableModelBody>((query) => client.deployableModels.list(query), limit)
      : (await listOfModel(client, model, limit)).slice(0, limit)
  if (found.length === 0 && model !== '') await getModel(client, model)
  await printList(context.output, found, [
    { title: 'ID', value: (snapshot) => snapshot.id },
    { title: 'NAME', value: (snapshot) => snapshot.metaData.name },
    { title: 'MODEL', value: (snapshot) => snapshot.storedModel.modelMetaData.name },
    { title: 'TAGS', value: (snapshot) => snapshot.metaData.tags.join(',') },
    { title: 'CREATED', value: (snapshot) => snapshot.createdDate },
  ])
}

/** By the model's id, else by its name; the search takes a snapshot's own name for one, too. */
async function listOfModel(client: Client, model: string, limit: number): Promise<DeployableModelBody[]> {
  const { findByStoredModelId, findByName } = client.deployableModels
  if (isUuid(model)) return listUpTo((query) => findByStoredModelId(model, { query }), limit)
  const named = await listUpTo<DeployableModelBody>((query) => findByName(model, { query }), 10_000)
  return named.filter((snapshot) => snapshot.storedModel.modelMetaData.name === model)
}
