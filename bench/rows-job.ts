/**
 * One job as the agent runs it, without a server: the input is looked through (while the model runs, as its schema names all types) and a
 * model's process scores it. Started by rows.ts as a
 * process of its own, so that its whole tree can be measured: `node rows-job.ts LANGUAGE INPUT OUTPUT`. Prints the seconds of the job and the
 * processor time before it: an agent is there before its jobs, so its own start does not count.
 */
import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { HarnessEvent, HarnessPlan } from '../packages/runtime/src/harness-protocol.ts'

const models = {
  javascript: { folder: 'cc-fraud-js', source: 'cc_fraud.js', interpreter: process.execPath },
  python: { folder: 'cc-fraud', source: 'cc_fraud.py', interpreter: 'python3' },
}

// As built, which is how it is shipped.
const { lookThrough } = await import('../packages/runtime/dist/inputs-look.js')
const { launchNode } = await import('../packages/runtime/dist/launch-node.js')
const { spawnPython } = await import('../packages/runtime/dist/python/spawn-python.js')

const [language, input = '', output = ''] = process.argv.slice(2)
if (language !== 'javascript' && language !== 'python') throw new Error(`no language '${language}'`)
const folder = await mkdtemp(join(tmpdir(), 'rowhouse-bench-job-'))
try {
  await score(models[language], folder)
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function score(model: (typeof models)['python'], folder: string): Promise<void> {
  const playground = join(folder, 'playground')
  await cp(fileURLToPath(new URL(`../models/${model.folder}`, import.meta.url)), playground, { recursive: true })
  const { user, system } = process.cpuUsage()
  const startedAt = performance.now()
  const schema: unknown = JSON.parse(await readFile(join(playground, 'input_schema.avsc'), 'utf8'))
  const { size: bytes } = await stat(input)
  const look = await lookThrough({ path: input, bytes }, schema)
  const plan: HarnessPlan = {
    function: 'score',
    playground,
    source: model.source,
    functions: { init: null, score: null, metrics: null, train: null },
    jobJsonPath: join(folder, 'job.json'),
    inputs: [
      {
        slot: 0,
        name: 'transactions.csv',
        path: input,
        format: 'CSV',
        columns: look.columns,
        hasBom: look.hasBom,
        records: null,
        bytes,
        arrayInput: null,
      },
    ],
    output: { path: output, format: 'CSV', columns: null },
    rejectsPath: join(folder, 'rejects.jsonl'),
    inputSchema: null,
    outputSchema: null,
    checkInputSchema: false,
    checkOutputSchema: false,
    stopOnBadRecords: false,
    recordsetRows: 16_384,
  }
  const planPath = join(folder, 'plan.json')
  await writeFile(plan.jobJsonPath, '{}')
  await writeFile(planPath, JSON.stringify(plan))
  const last = await runPlan(model.interpreter, planPath, playground)
  const { records } = await look.scan
  if (last?.event !== 'finished' || last.recordsOut !== records)
    throw new Error(`the job failed: ${JSON.stringify(last)}`)
  console.log(`seconds ${(performance.now() - startedAt) / 1000}`)
  console.log(`own-start ${(user + system) / 1e6}`)
}

async function runPlan(interpreter: string, planPath: string, playground: string): Promise<HarnessEvent | undefined> {
  let last: HarnessEvent | undefined
  const env = { PATH: process.env.PATH ?? '' }
  const listener = {
    onEvent: (event: HarnessEvent) => (last = event),
    onConsole: (_: string, line: string) => console.error(line),
  }
  const options = { planPath, playground, env, interpreter, listener }
  const child = await (language === 'javascript' ? launchNode(options) : spawnPython(options))
  await child.exited
  return last
}
