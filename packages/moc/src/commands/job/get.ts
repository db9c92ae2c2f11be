import type { Context } from '../../context.ts'
import { printDocument } from '../../output.ts'

export async function run(context: Context, [id = '']: string[]): Promise<void> {
  await printDocument(context.output, await context.client().jobs.get(id))
}
