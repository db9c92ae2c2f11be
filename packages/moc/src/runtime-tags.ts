import { type Client, type EngineBody, parseTag } from '@rowhouse/contract'
import { getRuntime } from './lookup.ts'

/** Reads, changes and writes back with If-Match, so that two people at once do not undo each other. */
export async function changeTags(
  client: Client,
  runtime: string,
  change: (tags: readonly string[]) => string[],
): Promise<EngineBody> {
  const engine = await getRuntime(client, runtime)
  return client.engines.patch(
    engine.id,
    { tags: change(engine.tags) },
    { headers: { 'if-match': `"${engine.version}"` } },
  )
}

export function parseTags(texts: string[]): string[] {
  return texts.flatMap((text) => text.split(',')).map((text) => parseTag(text))
}
