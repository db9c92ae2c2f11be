import type { Context } from '../../context.ts'
import { getRuntime } from '../../lookup.ts'
import { printChanged } from '../../output.ts'

/** What makes a runtime serve batch again. */
export async function run(context: Context, [runtime = '']: string[]): Promise<void> {
  const client = context.client()
  const engine = await getRuntime(client, runtime)
  const changed = await client.engines.patch(
    engine.id,
    { inputEndpoints: [], outputEndpoints: [] },
    { headers: { 'if-match': `"${engine.version}"` } },
  )
  await printChanged(context.output, `${engine.name}: no endpoints`, changed)
}
