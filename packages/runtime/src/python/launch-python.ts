/**
 * `Launch` for Python models. The first job of an interpreter starts a process afresh; when it has ended, a warm parent takes over: it has
 * done the imports and forks for each further job (2 ms instead of 30, and instead of seconds where pandas is imported). Whatever keeps a
 * warm parent from serving a job, the job is started afresh.
 *
 * Life of a warm parent here: none → starting → ready → retired (stale, idle, or one too many) → closed when its last child has ended.
 */
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { HarnessProcess, Launch, LaunchOptions } from '../harness-protocol.ts'
import { threadLimits } from './child.ts'
import { spawnPython } from './spawn-python.ts'
import { startZygote, type Zygote } from './zygote.ts'

const parentsMax = 4
const idleMs = 10 * 60_000
const startsMax = 3

interface Warm {
  interpreter: string
  zygote: Zygote | null
  starting: Promise<void> | null
  /** Starts that came to nothing; after some there are no more. */
  failures: number
  modules: Set<string>
  /** An import of the models' libraries starts threads: they are left to each job. */
  isUnfit: boolean
  /** Times of change of the library folders when the parent started. */
  stamp: string
  usedAt: number
  idle: NodeJS.Timeout | null
}

const parents = new Map<string, Warm>()

export const launchPython: Launch = async (given) => {
  const options = await activated(given)
  if (!canBeForked(options)) return spawnPython(options)
  const warm = warmOf(options.interpreter)
  const zygote = await usable(warm)
  const learn = (modules: string[]) => learnFrom(warm, modules)
  if (zygote !== null) {
    try {
      return use(warm, await zygote.fork(options, learn))
    } catch {
      // Nothing of it has run: it is started afresh below.
    }
  }
  const process = await spawnPython(options, learn)
  void process.exited.then(() => start(warm))
  return process
}

/** A program that the model starts by its name (`python`, one that its requirements brought) is that of the model's environment. */
async function activated(options: LaunchOptions): Promise<LaunchOptions> {
  const bin = dirname(options.interpreter)
  const folder = dirname(bin)
  const isVirtual = await stat(join(folder, 'pyvenv.cfg')).catch(() => null)
  if (isVirtual === null) return options
  const { PATH } = options.env
  return { ...options, env: { ...options.env, VIRTUAL_ENV: folder, PATH: PATH ? `${bin}:${PATH}` : bin } }
}

/** Makes the warm parent of an interpreter ready before its first job. */
export async function warmPython(interpreter: string): Promise<void> {
  const warm = warmOf(interpreter)
  await start(warm)
}

/** Closes all warm parents. Their jobs, if any still run, are killed. */
export function coolPython(): void {
  for (const warm of parents.values()) {
    if (warm.idle !== null) clearTimeout(warm.idle)
    warm.zygote?.close()
  }
  parents.clear()
}

function warmOf(interpreter: string): Warm {
  const known = parents.get(interpreter)
  if (known) return known
  const warm: Warm = {
    interpreter,
    zygote: null,
    starting: null,
    failures: 0,
    modules: new Set(),
    isUnfit: false,
    stamp: '',
    usedAt: Date.now(),
    idle: null,
  }
  parents.set(interpreter, warm)
  return warm
}

/**
 * Variables that an interpreter or its libraries read when they start cannot be given to a fork. Elsewhere than on Linux, libraries of the
 * system may not survive a fork.
 */
export function canBeForked({ env }: Pick<LaunchOptions, 'env'>, platform: string = process.platform): boolean {
  if (platform !== 'linux') return false
  return Object.entries(env).every(([name, value]) => {
    if (/^(PYTHON|LD_|MALLOC_|GLIBC_|MKL_|KMP_|GOMP_|NUMEXPR_|CUDA_)/.test(name)) return false
    return threadLimits[name] === undefined || threadLimits[name] === value
  })
}

/** The ready parent, unless libraries were installed or removed since it started. */
async function usable(warm: Warm): Promise<Zygote | null> {
  const { zygote } = warm
  if (zygote === null || zygote.isClosed) return null
  if ((await stampOf(zygote.libraries)) === warm.stamp) return warm.zygote
  retire(warm, zygote)
  return null
}

async function stampOf(folders: readonly string[]): Promise<string> {
  const times = folders.map((folder) =>
    stat(folder).then(
      (found) => found.mtimeMs,
      () => 0,
    ),
  )
  return (await Promise.all(times)).join()
}

function use(warm: Warm, process: HarnessProcess): HarnessProcess {
  warm.usedAt = Date.now()
  void process.exited.then(() => {
    warm.usedAt = Date.now()
  })
  return process
}

function start(warm: Warm): Promise<void> {
  if (parents.get(warm.interpreter) !== warm || warm.failures >= startsMax) return Promise.resolve()
  if (warm.zygote !== null && !warm.zygote.isClosed) return Promise.resolve()
  warm.starting ??= begin(warm).finally(() => {
    warm.starting = null
  })
  return warm.starting
}

async function begin(warm: Warm): Promise<void> {
  try {
    const zygote = await startZygote({
      interpreter: warm.interpreter,
      onUnfit: (_reason, unfit) => {
        warm.isUnfit = true
        if (warm.zygote === unfit) warm.zygote = null
      },
      onClosed: () => {
        if (warm.zygote?.isClosed !== false) warm.zygote = null
      },
    })
    if (parents.get(warm.interpreter) !== warm) return zygote.close()
    warm.stamp = await stampOf(zygote.libraries)
    if (!warm.isUnfit && warm.modules.size > 0) zygote.import([...warm.modules])
    warm.zygote = zygote
    makeRoom()
    watchIdle(warm)
  } catch {
    warm.failures++
  }
}

function learnFrom(warm: Warm, modules: readonly string[]): void {
  const fresh = modules.filter((name) => !warm.modules.has(name))
  for (const name of fresh) warm.modules.add(name)
  if (fresh.length > 0 && !warm.isUnfit) warm.zygote?.import(fresh)
}

function makeRoom(): void {
  const ready = [...parents.values()].filter(({ zygote }) => zygote !== null)
  ready.sort((one, other) => one.usedAt - other.usedAt)
  for (const warm of ready.slice(0, Math.max(0, ready.length - parentsMax))) {
    if (warm.zygote !== null) retire(warm, warm.zygote)
  }
}

function watchIdle(warm: Warm): void {
  if (warm.idle !== null) clearTimeout(warm.idle)
  warm.idle = setTimeout(() => {
    if (warm.zygote === null) return
    const isIdle = warm.zygote.running === 0 && Date.now() - warm.usedAt >= idleMs
    if (isIdle) retire(warm, warm.zygote)
    else watchIdle(warm)
  }, idleMs)
  warm.idle.unref()
}

function retire(warm: Warm, zygote: Zygote): void {
  if (warm.zygote === zygote) warm.zygote = null
  zygote.retire()
}
