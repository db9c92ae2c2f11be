/**
 * What an agent that was killed left behind: model processes that still run, side files beside outputs, folders. The next agent in the same
 * work folder clears it before it takes jobs. Each agent has a folder of its own, named by its process id.
 */
import { appendFileSync } from 'node:fs'
import { mkdir, readdir, readFile, readlink, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** One line each, never written over: a note that a death cut off spoils no other. */
const notes = 'leftovers.jsonl'

/** For the next agent in this work folder, should this one be killed. Written before a side file is made. */
export function noteLeftover(attemptFolder: string, what: { pid: number } | { sideFile: string }): void {
  appendFileSync(join(attemptFolder, notes), `${JSON.stringify(what)}\n`)
}

export async function claimWorkFolder(workDir: string, log: (line: string) => void): Promise<string> {
  const own = join(workDir, `agent-${process.pid}`)
  await mkdir(workDir, { recursive: true, mode: 0o700 })
  for (const name of await readdir(workDir)) {
    const pid = Number(/^agent-(\d+)$/.exec(name)?.[1] ?? Number.NaN)
    if (Number.isNaN(pid) || (pid !== process.pid && isAlive(pid))) continue
    await clearAgent(join(workDir, name), log)
  }
  await mkdir(own, { recursive: true, mode: 0o700 })
  return own
}

async function clearAgent(folder: string, log: (line: string) => void): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) await clearAttempt(join(folder, name), log)
  await rm(folder, { recursive: true, force: true }).catch(() => {})
}

async function clearAttempt(folder: string, log: (line: string) => void): Promise<void> {
  const noted = await readFile(join(folder, notes), 'utf8').catch(() => '')
  const left = noted.split('\n').map(parseNote)
  for (const { pid } of left) if (pid !== undefined) await endProcess(pid, folder, log)
  for (const { sideFile } of left) if (sideFile !== undefined) await rm(sideFile, { force: true }).catch(() => {})
}

function parseNote(line: string): { pid?: number; sideFile?: string } {
  try {
    const { pid, sideFile } = JSON.parse(line) as { pid?: unknown; sideFile?: unknown }
    if (typeof pid === 'number' && pid > 1) return { pid }
    return typeof sideFile === 'string' && sideFile.endsWith('.part') ? { sideFile } : {}
  } catch {
    return {}
  }
}

async function endProcess(pid: number, folder: string, log: (line: string) => void): Promise<void> {
  if (!(await runsIn(pid, folder))) return
  try {
    process.kill(-pid, 'SIGKILL')
    log(`killed process ${pid}, left behind by an agent that died`)
  } catch {
    // it ended in between
  }
}

/** A process id may have been given to another program since: only one that works in the attempt's folder is ours. */
async function runsIn(pid: number, folder: string): Promise<boolean> {
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined)
  return cwd?.startsWith(join(folder, 'playground')) ?? false
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
