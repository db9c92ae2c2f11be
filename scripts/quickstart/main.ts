/**
 * `npm run quickstart`: the whole story of a batch scoring job in the open. Starts Rowhouse on loopback, then types, one after the other,
 * the commands a user would type, and shows what they answer. Each step really runs; what is there from an earlier run is used again.
 *
 *   npm run quickstart -- [--once] [--port 8090] [--rows 100000] [--folder quickstart-files]
 */
import { parseArgs } from 'node:util'
import { openFolder, Stop, startRowhouse } from './prepare.ts'
import { tellStory } from './story.ts'

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof Stop)) throw error
  process.stderr.write(`\n${error.message}\n`)
  process.exitCode = 1
}

async function main(): Promise<number> {
  const values = readOptions()
  const rows = Number(values.rows)
  if (!Number.isInteger(rows) || rows < 1) throw new Stop(`--rows takes a whole number from 1, not '${values.rows}'`)
  const folder = openFolder(values.folder)
  const interruption = listenForInterruption()
  const rowhouse = startRowhouse(folder, values.port)
  try {
    const { signal } = interruption
    const story = async () =>
      tellStory({ folder, url: await rowhouse.url, port: values.port, rows, signal, once: values.once })
    await Promise.race([story(), interruption.came, rowhouse.died])
    if (interruption.signal.aborted) return 130
    if (values.once) return 0
    process.stdout.write('\nRowhouse stays up. Press Ctrl-C to stop it.\n')
    await Promise.race([interruption.came, rowhouse.died])
    return 0
  } catch (error) {
    if (interruption.signal.aborted) return 130
    throw error
  } finally {
    await rowhouse.stop()
    if (rowhouse.wasReady()) process.stdout.write('Rowhouse has stopped; its data is kept for the next run.\n')
  }
}

function readOptions(): { once: boolean; port: string; rows: string; folder: string } {
  try {
    const { values } = parseArgs({
      options: {
        once: { type: 'boolean', default: false },
        port: { type: 'string', default: '8090' },
        rows: { type: 'string', default: '100000' },
        folder: { type: 'string', default: 'quickstart-files' },
      },
    })
    return values
  } catch (error) {
    const [sentence] = (error as Error).message.split('. ')
    throw new Stop(
      `${sentence}. Usage: npm run quickstart -- [--once] [--port 8090] [--rows 100000] [--folder quickstart-files]`,
    )
  }
}

/** A signal, however often it comes; or whoever read our words has gone (`npm run quickstart | head`). */
function listenForInterruption(): { signal: AbortSignal; came: Promise<void> } {
  const controller = new AbortController()
  const came = new Promise<void>((settle) => controller.signal.addEventListener('abort', () => settle()))
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => controller.abort())
  process.stdout.on('error', () => controller.abort())
  process.stderr.on('error', () => undefined)
  return { signal: controller.signal, came }
}
