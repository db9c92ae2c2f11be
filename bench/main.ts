/**
 * `npm run bench [-- rows | latency | jobs-list]`: each prints a table and the command that made it. Ratios against a peer of the same run carry
 * over to other machines, absolute figures do not.
 */
import { cpus, loadavg, totalmem } from 'node:os'

const benches: Record<string, () => Promise<{ run(args: string[]): Promise<void> }>> = {
  latency: () => import('./latency.ts'),
  rows: () => import('./rows.ts'),
  'jobs-list': () => import('./jobs-list.ts'),
}

const [name, ...args] = process.argv.slice(2)
if (name !== undefined && !Object.hasOwn(benches, name)) {
  process.stderr.write(`There is no bench '${name}'; there are: ${Object.keys(benches).join(', ')}\n`)
  process.exit(2)
}
console.log(
  `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, ${process.platform}, load before: ${loadavg()[0]?.toFixed(1)}\n`,
)
for (const [each, load] of Object.entries(benches)) {
  if (name !== undefined && name !== each) continue
  console.log(`$ npm run bench -- ${[each, ...args].join(' ')}`)
  await (await load()).run(args)
  console.log('')
}
