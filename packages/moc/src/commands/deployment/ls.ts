import { type DeployedModelBody, DeployedModelState, InputError } from '@rowhouse/contract'
import type { Context } from '../../context.ts'
import { getModel, listUpTo, parseLimit } from '../../lookup.ts'
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
    ...(options.state === undefined ? {} : { state: parseState(options.state) }),
    ...(options.tag === undefined ? {} : { tag: options.tag }),
  }
  const list = (query: Record<string, string | number | undefined>) =>
    client.deployedModels.findByStoredModelNameAndStateAndTag({ ...search, ...query } as typeof search)
  const rows = await listUpTo<DeployedModelBody>(list, parseLimit(options.limit))
  if (rows.length === 0 && model !== '') await getModel(client, model)
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

function parseState(text: string): string {
  const parsed = DeployedModelState.safeParse(text.toUpperCase())
  if (parsed.success) return parsed.data
  const states = DeployedModelState.options.map((state) => state.toLowerCase()).join(', ')
  throw new InputError('BadState', `--state takes one of ${states}, not '${text}'`)
}
