import type { Context } from '../../context.ts'
import { getRuntime } from '../../lookup.ts'
import { printDocument } from '../../output.ts'

export async function run(context: Context, [runtime = '']: string[]): Promise<void> {
  await printDocument(context.output, await getRuntime(context.client(), runtime))
}
