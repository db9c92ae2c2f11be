/**
 * What an agent that was killed left behind: model processes that still run, side files beside outputs, folders. The next agent in the same
 * work folder clears it before it takes jobs. Each agent has a folder of its own, named by its process id.
 */
import { execFile } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, readlink, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { InputError } from '@rowhouse/contract'

/** One line each, never written over: a note that a death cut off spoils no other. */
const notes = 'leftovers.jsonl'

/** For the next agent in this work folder, should this one be killed. Written before a side file is made, and as soon as a process has started. */
export function noteLeftover(attemptFolder: string, what: { pid: number } | { sideFile: string }): void {
  appendFileSync(join(attemptFolder, notes), `${JSON.stringify({ ...what, at: Date.now() })}\n`)
}

export async function claimWorkFolder(workDir: string, log: (line: string) => void): Promise<string> {
  const own = join(workDir, `agent-${process.pid}`)
  try {
    makeFolder(workDir)
  } catch (error) {
    const why = (error as Error).message
    throw new InputError(
      'BadWorkFolder',
      `The work folder ${workDir} cannot be used (${why}). Choose another with --work-dir`,
    )
  }
  for (const name of await readdir(workDir)) {
    const pid = Number(/^agent-(\d+)$/.exec(name)?.[1] ?? Number.NaN)
    if (Number.isNaN(pid) || (pid !== process.pid && isAlive(pid))) continue
    await clearAgent(join(workDir, name), log)
  }
  await mkdir(own, { recursive: true, mode: 0o700 })
  return own
}

/** Step by step: Node's own recursive way never ends where no folder can be made at all, as below /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  makeFolder(dirname(folder))
  mkdirSync(folder, { mode: 0o700 })
}

async function clearAgent(folder: string, log: (line: string) => void): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) await clearAttempt(join(folder, name), log)
  await rm(folder, { recursive: true, force: true }).catch(() => {})
}

async function clearAttempt(folder: string, log: (line: string) => void): Promise<void> {
  const noted = await readFile(join(folder, notes), 'utf8').catch(() => '')
  const left = noted.split('\n').map(parseNote)
  for (const { process } of left) if (process) await endProcess(process, folder, log)
  for (const { sideFile } of left) if (sideFile !== undefined) await rm(sideFile, { force: true }).catch(() => {})
}

interface NotedProcess {
  pid: number
  /** When it was noted, right after its start. */
  at: number
}

function parseNote(line: string): { process?: NotedProcess; sideFile?: string } {
  try {
    const { pid, at, sideFile } = JSON.parse(line) as { pid?: unknown; at?: unknown; sideFile?: unknown }
    if (typeof pid === 'number' && pid > 1) return { process: { pid, at: Number(at) } }
    return typeof sideFile === 'string' && sideFile.endsWith('.part') ? { sideFile } : {}
  } catch {
    return {}
  }
}

async function endProcess(noted: NotedProcess, folder: string, log: (line: string) => void): Promise<void> {
  // A process id may have been given to another program since.
  if (!(await (existsSync('/proc/self/cwd') ? runsIn(noted.pid, folder) : startedWhenNoted(noted)))) return
  try {
    process.kill(-noted.pid, 'SIGKILL')
    log(`killed process ${noted.pid}, left behind by an agent that died`)
  } catch {
    // it ended in between
  }
}

async function runsIn(pid: number, folder: string): Promise<boolean> {
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined)
  return cwd?.startsWith(join(folder, 'playground')) ?? false
}

const run = promisify(execFile)
/** Between a start and its note, at most; `ps` tells starts in whole seconds, on Linux a second too late or too early. */
const startToNoteMs = 3_000

/** Where there is no /proc: leads a group of its own, is this user's, and started when the note was written. */
export async function startedWhenNoted({ pid, at }: NotedProcess): Promise<boolean> {
  const env = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' }
  const told = await run('ps', ['-o', 'uid=,pgid=,lstart=', '-p', String(pid)], { env }).catch(() => undefined)
  const [, uid, group, start = ''] = /^\s*(\d+)\s+(\d+)\s+(.+?)\s*$/.exec(told?.stdout ?? '') ?? []
  const startedAt = Date.parse(`${start} UTC`)
  const isOurs = Number(uid) === process.getuid?.() && Number(group) === pid
  return isOurs && Math.abs(at - startedAt) <= startToNoteMs
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !isZombie(pid)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Dead, and not collected by its parent; the first process of a container seldom does it. */
function isZombie(pid: number): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).startsWith('Z')
  } catch {
    return false
  }
}
