/** Runs a real Python on a real plan: a playground with the model's files, inputs as files, and what came of it. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { scanCsv } from '@rowhouse/tables'
import { afterEach } from 'vitest'
import type {
  ColumnType,
  HarnessEvent,
  HarnessPlan,
  HarnessProcess,
  Launch,
  PlanInput,
} from '../src/harness-protocol.ts'
import { ensureEnvironment } from '../src/python/environments.ts'
import { spawnPython } from '../src/python/spawn-python.ts'

export const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim()

const fixtures = fileURLToPath(new URL('models', import.meta.url))

export interface Given {
  /** Text of the primary source, or the name of a file in test/models. */
  source: string
  /** Name of the primary source in the playground. */
  sourceName?: string
  /** Further files of the model by path. */
  files?: Record<string, string | Uint8Array>
  /** A folder to copy into the playground first. */
  folder?: string
  /** Contents by name; the format is the extension's. */
  inputs?: Record<string, string | Uint8Array>
  /** Path of an input that is no file of ours. */
  inputPath?: string
  function?: HarnessPlan['function']
  outputFormat?: 'CSV' | 'JSON'
  columns?: string[]
  arrayInput?: PlanInput['arrayInput']
  /** Types of the columns as a schema gives them; else those of the file. */
  columnTypes?: ColumnType[]
  typing?: 'cells'
  job?: unknown
  plan?: Partial<HarnessPlan>
  env?: Record<string, string>
  interpreter?: string
  launch?: Launch
  /** Called when the process has started. */
  during?: (process: HarnessProcess, events: HarnessEvent[]) => Promise<void> | void
}

export interface Outcome {
  exit: { code: number | null; signal: string | null }
  events: HarnessEvent[]
  /** Lines of stdout and of stderr. */
  stdout: string[]
  stderr: string[]
  output: string
  /** Lines of the output as JSON. */
  values: unknown[]
  rejects: Record<string, unknown>[]
  failed: Extract<HarnessEvent, { event: 'failed' }> | undefined
  finished: Extract<HarnessEvent, { event: 'finished' }> | undefined
  playground: string
  pid: number
}

const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

export async function runPython(given: Given): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'rowhouse-python-'))
  folders.push(folder)
  const { plan, planPath } = await makePlan(given, folder)
  const events: HarnessEvent[] = []
  const console = { stdout: [] as string[], stderr: [] as string[] }
  const process = await (given.launch ?? spawnPython)({
    planPath,
    playground: plan.playground,
    env: { PATH: '/usr/bin:/bin', ...given.env },
    interpreter: given.interpreter ?? python,
    listener: {
      onEvent: (event) => events.push(event),
      onConsole: (stream, line) => console[stream].push(line),
    },
  })
  await given.during?.(process, events)
  const exit = await process.exited
  const output = read(plan.output?.path ?? '')
  const isJson = plan.output?.format === 'JSON'
  return {
    exit,
    events,
    ...console,
    output,
    values: isJson ? jsonLines(output) : [],
    rejects: jsonLines(read(plan.rejectsPath)) as Record<string, unknown>[],
    failed: events.find((event) => event.event === 'failed'),
    finished: events.find((event) => event.event === 'finished'),
    playground: plan.playground,
    pid: process.pid,
  }
}

async function makePlan(given: Given, folder: string): Promise<{ plan: HarnessPlan; planPath: string }> {
  const playground = join(folder, 'playground')
  mkdirSync(playground)
  if (given.folder) cpSync(given.folder, playground, { recursive: true })
  const isFixture = /^[\w-]+\.py$/.test(given.source)
  const source = given.sourceName ?? (isFixture ? given.source : 'source.py')
  const text = isFixture && !given.folder ? readFileSync(join(fixtures, given.source)) : given.source
  if (!(given.folder && isFixture)) write(join(playground, source), text)
  for (const [path, content] of Object.entries(given.files ?? {})) write(join(playground, path), content)
  const jobJsonPath = join(playground, '__moc_runtime', 'model_definition.job.json')
  write(jobJsonPath, JSON.stringify(given.job ?? { id: 'job-1' }))
  const planPath = join(folder, 'plan.json')
  const format = given.outputFormat ?? 'JSON'
  const plan: HarnessPlan = {
    function: given.function ?? 'score',
    playground,
    source: isFixture && given.folder ? given.source : source,
    functions: { init: null, score: null, metrics: null, train: null },
    jobJsonPath,
    inputs: await makeInputs(given, folder),
    output:
      given.function === 'train' ? null : { path: join(folder, 'output'), format, columns: given.columns ?? null },
    rejectsPath: join(folder, 'rejects.jsonl'),
    inputSchema: null,
    outputSchema: null,
    checkInputSchema: false,
    checkOutputSchema: false,
    stopOnBadRecords: false,
    recordsetRows: 16_384,
    ...given.plan,
  }
  writeFileSync(planPath, JSON.stringify(plan))
  return { plan, planPath }
}

async function makeInputs(given: Given, folder: string): Promise<PlanInput[]> {
  const { arrayInput = null } = given
  if (given.inputPath !== undefined) {
    const common = { columns: null, hasBom: false, records: null, bytes: 0, arrayInput }
    return [{ slot: 0, name: 'input', path: given.inputPath, format: 'JSON', ...common }]
  }
  const inputs: PlanInput[] = []
  for (const [name, content] of Object.entries(given.inputs ?? {})) {
    const path = join(folder, name)
    write(path, content)
    const format = name.endsWith('.csv') ? 'CSV' : name.endsWith('.txt') || name.endsWith('.xml') ? 'TEXT' : 'JSON'
    // What the scan refuses never reaches a harness in a job; here it shall.
    const scan = format === 'CSV' ? await scanCsv(path).catch(() => null) : null
    const typed = (index: number, type: ColumnType) => given.columnTypes?.[index] ?? type
    const columns = scan?.columns.map(({ name, type, blanks }, at) => ({ name, type: typed(at, type), blanks })) ?? null
    const common = {
      columns,
      hasBom: scan?.hasBom ?? false,
      records: scan?.records ?? null,
      bytes: content.length,
      ...(given.typing && { typing: given.typing }),
    }
    inputs.push({ slot: inputs.length * 2, name, path, format, arrayInput, ...common })
  }
  return inputs
}

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}

const read = (path: string) => (statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path, 'utf8') : '')
const jsonLines = (text: string): unknown[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))

/** An interpreter that has pandas and numpy: made once on this machine, through the same room that jobs use. */
export async function pythonWithPandas(): Promise<string> {
  const { interpreter } = await ensureEnvironment({
    python,
    requirementsText: 'pandas\nnumpy\n',
    cacheDir: join(tmpdir(), `rowhouse-test-envs-${process.getuid?.() ?? 0}`),
    onLine: () => {},
  })
  return interpreter
}

export const lines = (...values: unknown[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('')
