import { NotFound } from '@rowhouse/contract'
import type { Context } from '../../context.ts'
import { printChanged } from '../../output.ts'
import { changeTags, parseTags } from '../../runtime-tags.ts'

export async function run(context: Context, [runtime = '', ...tags]: string[]): Promise<void> {
  const removed = parseTags(tags)
  const engine = await changeTags(context.client(), runtime, (before) => {
    const absent = removed.find((tag) => !before.includes(tag))
    if (absent !== undefined)
      throw new NotFound('tag', absent, `${runtime} has no tag '${absent}'; it has: ${before.join(', ') || 'none'}`)
    return before.filter((tag) => !removed.includes(tag))
  })
  await printChanged(context.output, `${engine.name}: ${engine.tags.join(',')}`, engine)
}
