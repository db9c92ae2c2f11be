import type { StoredModelBody } from '@rowhouse/contract'
import type { Context } from '../../context.ts'
import { readModelFolder } from '../../model-folder.ts'
import { printMade } from '../../output.ts'

export async function run(
  context: Context,
  [folder = '']: string[],
  options: { name?: string; source?: string },
): Promise<void> {
  const client = context.client()
  const { body, notes } = await readModelFolder(client, folder, options)
  for (const note of notes) context.output.say(note)
  const model = await client.storedModels.create(body)
  await printMade(context.output, `Imported model ${model.modelMetaData.name ?? ''}:`, withoutCustom(model))
}

/** Public folders were seen with credentials in `custom`: it is stored, and not printed. */
function withoutCustom(model: StoredModelBody): StoredModelBody {
  return { ...model, modelMetaData: { ...model.modelMetaData, custom: {} } }
}
