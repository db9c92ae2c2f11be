/**
 * `npm run quickstart`: the whole story of a batch scoring job in the open. Starts Rowhouse on loopback, then types, one after the other,
 * the commands a user would type, and shows what they answer. Each step really runs; what is there from an earlier run is used again.
 *
 *   npm run quickstart -- [--once] [--port 8090] [--rows 100000]
 */
import { parseArgs } from 'node:util'
import { checkPython, openFolder, Stop, startRowhouse } from './prepare.ts'
import { tellStory } from './story.ts'

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof Stop)) throw error
  process.stderr.write(`\n${error.message}\n`)
  process.exitCode = 1
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      once: { type: 'boolean', default: false },
      port: { type: 'string', default: '8090' },
      rows: { type: 'string', default: '100000' },
    },
  })
  const rows = Number(values.rows)
  if (!Number.isInteger(rows) || rows < 1) throw new Stop(`--rows takes a whole number from 1, not '${values.rows}'`)
  const python = checkPython()
  const folder = openFolder()
  const rowhouse = await startRowhouse(folder, values.port)
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve('interrupted'))
  })
  try {
    const ending = await Promise.race([tellStory({ folder, rowhouse, python, rows }), interrupted, rowhouse.died])
    if (ending === 'interrupted') return 130
    if (values.once) return 0
    process.stdout.write('\nRowhouse stays up. Press Ctrl-C to stop it.\n')
    await Promise.race([interrupted, rowhouse.died])
    return 0
  } finally {
    await rowhouse.stop()
    process.stdout.write('Rowhouse has stopped; its data is kept for the next run.\n')
  }
}
