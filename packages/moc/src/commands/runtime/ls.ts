import type { EngineBody } from '@rowhouse/contract'
import type { Context } from '../../context.ts'
import { listUpTo, parseLimit } from '../../lookup.ts'
import { printList } from '../../output.ts'
import { parseTags } from '../../runtime-tags.ts'

export async function run(
  context: Context,
  _args: string[],
  options: { limit?: string; stage?: string; tag?: string[] },
): Promise<void> {
  const client = context.client()
  const wanted = parseTags([...(options.tag ?? []), ...(options.stage === undefined ? [] : [options.stage])])
  const rows = await listUpTo<EngineBody>(
    (query) => (wanted.length === 0 ? client.engines.list(query) : client.engines.findByTags(wanted, { query })),
    parseLimit(options.limit),
  )
  await printList(context.output, rows, [
    { title: 'ID', value: (engine) => engine.id },
    { title: 'NAME', value: (engine) => engine.name },
    { title: 'TAGS', value: (engine) => engine.tags.join(',') },
    { title: 'STATE', value: stateOf },
    { title: 'LANGUAGES', value: (engine) => engine.capabilities.languages.join(',') },
    { title: 'WAITING', value: (engine) => engine.queue?.waiting },
    { title: 'RUNNING', value: (engine) => engine.queue?.running },
  ])
}

/** The wire's word for an idle runtime is INIT, which reads as if it were still starting. */
function stateOf(engine: EngineBody): string {
  if (!engine.alive) return 'GONE'
  return engine.state === 'INIT' ? 'INIT (idle)' : engine.state
}
