/**
 * CSV to CSV with the small logistic model: rows a second and peak memory of the whole tree, the start of the
 * model's process and the pass over the input's types included, against a csv.DictReader loop over the same model in the same run. `npm run bench -- rows [--rows 1000000] [--rounds 3]`.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Watched, watchProgram } from './process-tree.ts'
import { percentile, printTable } from './table.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const python = join(root, 'models', 'cc-fraud')

interface Contender {
  name: string
  run(input: string, output: string): Promise<Watched>
}

const job = (language: string) => (input: string, output: string) =>
  watchProgram(process.execPath, [join(root, 'bench', 'rows-job.ts'), language, input, output])

const loop: Contender = {
  name: 'csv.DictReader loop',
  run: (input, output) => watchProgram('python3', [join(root, 'bench', 'dictreader_loop.py'), python, input, output]),
}
const perRecordPython: Contender = { name: 'per-record Python', run: job('python') }
const javaScript: Contender = { name: 'JavaScript', run: job('javascript') }

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { rows: { type: 'string' }, rounds: { type: 'string' } } })
  const rows = Number(values.rows ?? 1_000_000)
  const rounds = Number(values.rounds ?? 3)
  const folder = join(tmpdir(), 'rowhouse-bench')
  mkdirSync(folder, { recursive: true })
  const small = transactions(folder, rows)
  const large = transactions(folder, rows * 3)
  const output = (contender: Contender) => join(folder, `out-${contender.name.replace(/\W/g, '-')}.csv`)

  const contenders = [loop, perRecordPython, javaScript]
  const measured = new Map<Contender, Watched[]>(contenders.map((contender) => [contender, []]))
  // In turns, so that a disturbance meets all of them.
  for (let round = 0; round < rounds; round += 1)
    for (const contender of contenders) measured.get(contender)?.push(await contender.run(small, output(contender)))
  const digests = new Set(contenders.map((contender) => digest(output(contender))))
  const longRuns = new Map<Contender, Watched>()
  for (const contender of [perRecordPython, javaScript])
    longRuns.set(contender, await contender.run(large, output(contender)))

  printFigures(rows, contenders, measured, longRuns)
  console.log(digests.size === 1 ? 'All outputs are the same, byte for byte.' : 'THE OUTPUTS DIFFER.')
  if (digests.size !== 1) process.exitCode = 1
}

type Runs = ReadonlyMap<Contender, readonly Watched[]>

function printFigures(
  rows: number,
  contenders: Contender[],
  runs: Runs,
  longRuns: ReadonlyMap<Contender, Watched>,
): void {
  const all = (contender: Contender, of: keyof Watched) => (runs.get(contender) ?? []).map((one) => one[of])
  const middle = (contender: Contender, of: keyof Watched) => percentile(all(contender, of), 0.5)
  const titles = ['wall s', 'cpu s', 'k rows/s', 'ratio', 'by cpu', 'goal', 'peak MB', '3 × rows: peak MB', 'goal']
  printTable(
    [`${rows.toLocaleString('en-US')} rows × 18 columns, CSV → CSV`, ...titles],
    contenders.map((contender) => {
      const against = contender === javaScript ? perRecordPython : loop
      const ratio = (of: keyof Watched) => (middle(against, of) / middle(contender, of)).toFixed(2)
      const peak = Math.max(...all(contender, 'peakMb'))
      const long = longRuns.get(contender)
      return [
        contender.name,
        middle(contender, 'seconds'),
        middle(contender, 'cpuSeconds'),
        rows / middle(contender, 'seconds') / 1000,
        contender === loop ? '' : `${ratio('seconds')} × ${against.name}`,
        contender === loop ? '' : ratio('cpuSeconds'),
        contender === loop ? '' : contender === javaScript ? '≥ 5' : '≥ 1.1',
        peak,
        long ? `${long.peakMb.toFixed(1)} (${(long.peakMb - peak).toFixed(1)} more)` : '',
        long ? '≤ 20 more' : '',
      ]
    }),
  )
}

/** Made once per size and kept; the same rows on every machine. */
function transactions(folder: string, rows: number): string {
  const path = join(folder, `transactions-${rows}.csv`)
  if (existsSync(path)) return path
  console.log(`making ${path}`)
  const part = `${path}.part`
  const file = openSync(part, 'w')
  try {
    const script = join(python, 'make_transactions.py')
    execFileSync('python3', [script, '--rows', String(rows), '--seed', '7'], { stdio: ['ignore', file, 'inherit'] })
    renameSync(part, path)
  } finally {
    closeSync(file)
    rmSync(part, { force: true })
  }
  return path
}

const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')
