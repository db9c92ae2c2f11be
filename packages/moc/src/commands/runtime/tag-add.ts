import type { Context } from '../../context.ts'
import { printChanged } from '../../output.ts'
import { changeTags, parseTags } from '../../runtime-tags.ts'

export async function run(context: Context, [runtime = '', ...tags]: string[]): Promise<void> {
  const added = parseTags(tags)
  const engine = await changeTags(context.client(), runtime, (before) => [...new Set([...before, ...added])])
  await printChanged(context.output, `${engine.name}: ${engine.tags.join(',')}`, engine)
}
