import type { Context } from '../../context.ts'
import { getModel } from '../../lookup.ts'
import { printDocument } from '../../output.ts'

export async function run(context: Context, [model = '']: string[]): Promise<void> {
  await printDocument(context.output, await getModel(context.client(), model))
}
