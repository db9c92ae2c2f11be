/**
 * Virtual environments for models with a requirements.txt. One per interpreter and requirements, reused by all jobs that ask for the
 * same. Life: built beside its place under a name of its own, then renamed; whoever comes second (another job, another runtime on the same
 * folder) finds the first one's and removes its own. A folder with its final name is always whole. A job that is stopped meanwhile
 * leaves it to be finished, and the next one finds it made; but where pip reads files of the job's own, the job waits for it.
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, realpath, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ModelFailure } from '@rowhouse/contract'
import { describePython, type PythonFacts } from './describe-python.ts'
import { resolveRequirements } from './local-requirements.ts'
import { runInstaller } from './run-installer.ts'

export interface EnvironmentWish {
  /** Interpreter to build upon. */
  python: string
  /** null or nothing but comments: the interpreter itself is the environment. */
  requirementsText: string | null
  /** Where the text stands: it may refer to files beside it. */
  model?: { folder: string; path: string }
  cacheDir: string
  /** What venv and pip say, line by line. */
  onLine: (line: string) => void
  /** Of the job: aborted, it does not wait any longer. */
  signal?: AbortSignal
}

export interface Environment {
  interpreter: string
}

/** Served by our stand-ins; no package index has them. */
const ours = new Set(['modelop', 'modelop-sdk'])
/** Part of each environment's key: raise it when what is built here changes. */
const recipe = 1
const buildingSuffix = '.building'
const abandonedAfterMs = 6 * 60 * 60_000

const building = new Map<string, Promise<Environment>>()

export async function ensureEnvironment(wish: EnvironmentWish): Promise<Environment> {
  const facts = await knownPython(wish.python)
  const { text, key } = await resolved(wish)
  const requirements = effectiveRequirements(text)
  if (requirements === null) return { interpreter: facts.executable }
  const named = effectiveRequirements(key) ?? requirements
  const place = join(wish.cacheDir, environmentKey(await realpath(facts.executable), facts, named))
  if (await isWhole(place)) {
    // Marks it as used, so that the oldest can be told from the rest.
    await utimes(place, new Date(), new Date()).catch(() => undefined)
    wish.onLine('Using the environment made before for these requirements')
    return { interpreter: interpreterIn(place) }
  }
  const running = building.get(place)
  if (running !== undefined) {
    wish.onLine('Waiting for the environment that another job is making for these requirements')
    return whileWanted(running, wish.signal)
  }
  const made = build(place, facts.executable, requirements, wish).finally(() => building.delete(place))
  building.set(place, made)
  return text === key ? whileWanted(made, wish.signal) : made
}

function whileWanted<T>(made: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return made
  const stopped = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  return Promise.race([made, stopped])
}

async function resolved({ requirementsText, model }: EnvironmentWish): Promise<{ text: string; key: string }> {
  const text = requirementsText ?? ''
  return model === undefined ? { text, key: text } : resolveRequirements(text, model.folder, model.path)
}

/** Without comments, blank lines and what the runtime brings itself; null: nothing is left to install. */
export function effectiveRequirements(text: string | null): string | null {
  const kept = (text ?? '')
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '' && !ours.has(distributionName(line)))
  return kept.length === 0 ? null : `${kept.join('\n')}\n`
}

/** `Modelop_SDK[x] >= 1` → `modelop-sdk`: names are the same whatever their case and separators. */
function distributionName(line: string): string {
  const name = /^[A-Za-z0-9][A-Za-z0-9._-]*/.exec(line)?.[0] ?? ''
  return name.toLowerCase().replace(/[-_.]+/g, '-')
}

export function environmentKey(
  executable: string,
  facts: Pick<PythonFacts, 'version' | 'platform'>,
  text: string,
): string {
  const hash = createHash('sha256').update(JSON.stringify([recipe, executable, facts.version, facts.platform, text]))
  return `py${facts.version}-${hash.digest('hex').slice(0, 24)}`
}

async function build(place: string, python: string, requirements: string, wish: EnvironmentWish): Promise<Environment> {
  const { cacheDir, onLine } = wish
  await mkdir(cacheDir, { recursive: true })
  void removeAbandoned(cacheDir)
  const beside = `${place}.${randomBytes(4).toString('hex')}${buildingSuffix}`
  try {
    await makeVenv(python, beside, wish)
    const list = join(beside, 'requirements.txt')
    await writeFile(list, requirements)
    onLine('About to install reqs from file: requirements.txt')
    const flags = ['--disable-pip-version-check', '--no-input', '--progress-bar', 'off']
    const pip = await runInstaller(interpreterIn(beside), ['-m', 'pip', 'install', ...flags, '-r', list], onLine)
    if (pip.code !== 0) throw requirementsNotMet(pip.lines)
    await moveScripts(beside, place)
    await rename(beside, place).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
    return { interpreter: interpreterIn(place) }
  } finally {
    await rm(beside, { recursive: true, force: true })
  }
}

async function makeVenv(python: string, beside: string, wish: EnvironmentWish): Promise<void> {
  wish.onLine(`Making a virtual environment: ${python} -m venv`)
  const venv = await runInstaller(python, ['-m', 'venv', beside], wish.onLine)
  if (venv.code === 0) {
    wish.onLine('Virtual environment made and activated')
    return
  }
  const said = venv.lines.join('\n')
  if (/ensurepip|No module named '?venv/.test(said)) {
    throw new ModelFailure(
      'VenvMissing',
      `The model has a requirements.txt, and ${python} cannot make virtual environments: on Debian and Ubuntu install the package python3-venv (apt install python3-venv), then run the job again`,
      { python },
    )
  }
  throw new ModelFailure(
    'VenvFailed',
    `The virtual environment cannot be made with ${python}: ${venv.lines.at(-1) ?? 'no reason given'}`,
    { python },
  )
}

/** pip's own words: its ERROR lines, else its last one. */
function requirementsNotMet(lines: readonly string[]): ModelFailure {
  const errors = lines.filter((line) => line.startsWith('ERROR: ')).map((line) => line.slice('ERROR: '.length))
  const reason = (errors.length > 0 ? errors : lines.slice(-1)).join(' ').slice(0, 2_000)
  return new ModelFailure('RequirementsNotMet', `requirements.txt cannot be installed: ${reason}`)
}

/** Programs that pip installed name the interpreter by its path, which is about to change. */
async function moveScripts(beside: string, place: string): Promise<void> {
  const folder = join(beside, 'bin')
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name)
    const found = await stat(path).catch(() => undefined)
    if (!found?.isFile() || found.size > 1 << 20) continue
    const content = await readFile(path, 'latin1')
    if (content.includes(beside)) await writeFile(path, content.replaceAll(beside, place), 'latin1')
  }
}

/** What a runtime left that died while it built. */
async function removeAbandoned(cacheDir: string): Promise<void> {
  for (const name of await readdir(cacheDir).catch(() => [])) {
    if (!name.endsWith(buildingSuffix)) continue
    const path = join(cacheDir, name)
    const found = await stat(path).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs > abandonedAfterMs) await rm(path, { recursive: true, force: true })
  }
}

async function isWhole(place: string): Promise<boolean> {
  return stat(interpreterIn(place)).then(
    () => true,
    () => false,
  )
}

function interpreterIn(folder: string): string {
  return join(folder, 'bin', 'python')
}

const described = new Map<string, Promise<PythonFacts>>()

function knownPython(python: string): Promise<PythonFacts> {
  const known = described.get(python)
  if (known !== undefined) return known
  const facts = describePython(python)
  described.set(python, facts)
  facts.catch(() => described.delete(python))
  return facts
}
