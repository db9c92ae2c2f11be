import type { DeployedModelBody } from '@rowhouse/contract'
import type { Context } from '../../context.ts'
import { listUpTo, parseLimit } from '../../lookup.ts'
import { printList } from '../../output.ts'

interface ListOptions {
  state?: string
  tag?: string
  limit?: string
}

export async function run(context: Context, [model = '']: string[], options: ListOptions): Promise<void> {
  const client = context.client()
  const search = {
    ...(model === '' ? {} : { storedModelName: model }),
    ...(options.state === undefined ? {} : { state: options.state.toUpperCase() }),
    ...(options.tag === undefined ? {} : { tag: options.tag }),
  }
  const list = (query: Record<string, string | number | undefined>) =>
    client.deployedModels.findByStoredModelNameAndStateAndTag({ ...search, ...query } as typeof search)
  const rows = await listUpTo<DeployedModelBody>(list, parseLimit(options.limit))
  await printList(context.output, rows, [
    { title: 'ID', value: (row) => row.id },
    { title: 'MODEL', value: (row) => row.deployableModel.storedModel.modelMetaData.name },
    { title: 'SNAPSHOT', value: (row) => row.deployableModel.metaData.name },
    { title: 'RUNTIME', value: (row) => row.engine.name },
    { title: 'STAGE', value: (row) => row.stage },
    { title: 'TAGS', value: (row) => row.serviceTags.join(',') },
    { title: 'STATE', value: (row) => row.state },
    { title: 'CREATED', value: (row) => row.createdDate },
  ])
}
