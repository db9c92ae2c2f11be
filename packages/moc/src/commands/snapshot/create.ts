import type { Context } from '../../context.ts'
import { getModel } from '../../lookup.ts'
import { printMade } from '../../output.ts'
import { parseTags } from '../../runtime-tags.ts'

interface SnapshotOptions {
  tag?: string[]
  stage?: string[]
  name?: string
  description?: string
}

export async function run(context: Context, [modelName = '']: string[], options: SnapshotOptions): Promise<void> {
  const { tag = [], stage = [] } = options
  const client = context.client()
  const model = await getModel(client, modelName)
  const snapshot = await client.deployableModels.create({
    storedModel: { id: model.id },
    metaData: {
      tags: parseTags(tag),
      ...(options.name === undefined ? {} : { name: options.name }),
      ...(options.description === undefined ? {} : { description: options.description }),
    },
    targetRuntimes: parseTags(stage).map((one) => ({ tags: [one] })),
  })
  if (tag.length === 0)
    context.output.say('The snapshot has no service tag, so it cannot be deployed as batch. Give it one with --tag')
  await printMade(context.output, `Snapshot ${snapshot.metaData.name ?? ''}:`, snapshot)
}
