/**
 * What an agent that was killed left behind: model processes that still run, side files beside outputs, folders. The next agent in the same
 * work folder clears it before it takes jobs. Each agent has a folder of its own, named by its process id.
 */
import { mkdir, readdir, readFile, readlink, rm } from 'node:fs/promises'
import { join } from 'node:path'

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
  const noted = await readFile(join(folder, 'leftovers.json'), 'utf8').catch(() => undefined)
  if (noted === undefined) return
  try {
    const { pid, sideFiles } = JSON.parse(noted) as { pid?: unknown; sideFiles?: unknown[] }
    if (typeof pid === 'number' && pid > 1 && (await runsIn(pid, folder))) {
      process.kill(-pid, 'SIGKILL')
      log(`killed process ${pid}, left behind by an agent that died`)
    }
    for (const sideFile of sideFiles ?? [])
      if (typeof sideFile === 'string' && /\.part$/.test(sideFile)) await rm(sideFile, { force: true })
  } catch {
    // The process ended in between, or the note was half-written: the folder goes in any case.
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
