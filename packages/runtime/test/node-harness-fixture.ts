/** Runs a JavaScript model, given as text, over an input, given as text, in its real child process. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { scanCsv } from '@rowhouse/tables'
import type {
  ColumnType,
  HarnessEvent,
  HarnessPlan,
  HarnessProcess,
  Launch,
  PlanInput,
} from '../src/harness-protocol.ts'
import { launchNode } from '../src/launch-node.ts'

export interface Run {
  events: HarnessEvent[]
  console: string[]
  exit: { code: number | null; signal: string | null }
  output: string
  rejects: Record<string, unknown>[]
  finished: Extract<HarnessEvent, { event: 'finished' }> | undefined
  failed: Extract<HarnessEvent, { event: 'failed' }> | undefined
}

export interface Wish {
  /** Source of the model, or all files of its folder with `model.js` among them. */
  model: string | Record<string, string>
  inputs?: {
    name: string
    text: string | Uint8Array
    typing?: PlanInput['typing']
    types?: Record<string, ColumnType>
  }[]
  outputFormat?: 'CSV' | 'JSON'
  outputColumns?: string[]
  plan?: Partial<HarnessPlan>
  env?: Record<string, string>
  /** Another language's harness, to compare with. */
  other?: { launch: Launch; interpreter: string }
  /** Told the lines of its console as they come. */
  onStart?: (child: HarnessProcess, console: readonly string[]) => Promise<void>
}

export async function runModel(wish: Wish): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'rowhouse-node-'))
  try {
    return await runIn(folder, wish)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function runIn(folder: string, wish: Wish): Promise<Run> {
  const playground = join(folder, 'playground')
  const files = typeof wish.model === 'string' ? { 'model.js': wish.model } : wish.model
  for (const [name, text] of Object.entries(files)) await writeTo(join(playground, name), text)
  // A foreign package.json above the playground must not decide what a model's file is.
  await writeFile(join(folder, 'package.json'), '{"type":"commonjs"}')
  const plan = await makePlan(folder, playground, wish)
  await writeFile(plan.jobJsonPath, JSON.stringify({ id: 'job-1', model: { name: 'm' } }))
  const planPath = join(folder, 'plan.json')
  await writeFile(planPath, JSON.stringify(plan))
  const events: HarnessEvent[] = []
  const lines: string[] = []
  const { launch, interpreter } = wish.other ?? { launch: launchNode, interpreter: process.execPath }
  const child = await launch({
    planPath,
    playground,
    env: wish.env ?? {},
    interpreter,
    listener: { onEvent: (event) => events.push(event), onConsole: (stream, line) => lines.push(`${stream}: ${line}`) },
  })
  const [exit] = await Promise.all([child.exited, wish.onStart?.(child, lines)])
  return {
    events,
    console: lines,
    exit,
    output: await readText(join(folder, 'output')),
    rejects: (await readText(plan.rejectsPath))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
    finished: events.find((event) => event.event === 'finished'),
    failed: events.find((event) => event.event === 'failed'),
  }
}

async function writeTo(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

const readText = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '')

async function makePlan(folder: string, playground: string, wish: Wish): Promise<HarnessPlan> {
  const wished: NonNullable<Wish['inputs']> = wish.inputs ?? [{ name: 'in.csv', text: 'id,x\na,1\nb,2\nc,3\n' }]
  const inputs: PlanInput[] = []
  for (const [index, { name, text, typing, types }] of wished.entries()) {
    const path = join(folder, `input-${index}-${name}`)
    await writeFile(path, text)
    const format = name.endsWith('.csv') ? 'CSV' : name.endsWith('.txt') ? 'TEXT' : 'JSON'
    const scan = format === 'CSV' ? await scanCsv(path) : null
    inputs.push({
      slot: index * 2,
      name,
      path,
      format,
      columns: scan?.columns.map(({ name, type }) => ({ name, type: types?.[name] ?? type })) ?? null,
      typing: typing ?? 'columns',
      hasBom: scan?.hasBom ?? false,
      records: scan?.records ?? null,
      bytes: text.length,
      arrayInput: null,
    })
  }
  return {
    function: 'score',
    playground,
    source: 'model.js',
    functions: { init: null, score: null, metrics: null, train: null },
    jobJsonPath: join(folder, 'job.json'),
    inputs,
    output: { path: join(folder, 'output'), format: wish.outputFormat ?? 'JSON', columns: wish.outputColumns ?? null },
    rejectsPath: join(folder, 'rejects.jsonl'),
    inputSchema: null,
    outputSchema: null,
    checkInputSchema: false,
    checkOutputSchema: false,
    stopOnBadRecords: false,
    recordsetRows: 16_384,
    ...wish.plan,
  }
}
