import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readdir, readFile, readlink, realpath, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EmbeddedPostgresError } from './embedded-error.ts'

/** PostgreSQL's own note about a running server: pid on the first line, `ready` on the last one when it takes connections. */
export async function readPostmaster(clusterDir: string): Promise<Postmaster | null> {
  let text: string
  try {
    text = await readFile(join(clusterDir, 'postmaster.pid'), 'utf8')
  } catch {
    return null
  }
  const lines = text.split('\n')
  const pid = Number.parseInt(lines[0] ?? '', 10)
  if (!Number.isSafeInteger(pid) || pid <= 0) return null
  const [port = '', socketDir = ''] = lines.slice(3, 5).map((line) => line.trim())
  const socketLock = socketDir === '' ? null : join(socketDir, `.s.PGSQL.${port}.lock`)
  return { pid, ready: lines[7]?.trim() === 'ready', socketLock }
}

interface Postmaster {
  pid: number
  ready: boolean
  /** Holds the pid, too; null without a Unix socket. */
  socketLock: string | null
}

/** Stops a server that a killed process of ours left running on this folder; clears a note whose pid is another program's by now. */
export async function stopLeftover(clusterDir: string, log: (line: string) => void): Promise<void> {
  const found = await readPostmaster(clusterDir)
  if (!found) return
  if (isZombie(found.pid)) return forgetUncollected(found, clusterDir, log)
  if (!isAlive(found.pid)) return
  if (!isPostgres(found.pid)) {
    log(`postmaster.pid names process ${found.pid}, which is not PostgreSQL: removed`)
    await removeNotes(found, clusterDir)
    return
  }
  log(`a PostgreSQL (process ${found.pid}) was left running on ${clusterDir}: stopping it`)
  for (const [signal, patienceMs] of [
    ['SIGINT', 15_000],
    ['SIGQUIT', 10_000],
  ] as const) {
    kill(found.pid, signal, clusterDir)
    if (await ended(found.pid, patienceMs)) return
  }
  throw new EmbeddedPostgresError(
    'FolderInUse',
    `PostgreSQL (process ${found.pid}) still runs on ${clusterDir} and does not stop. End it and start again.`,
  )
}

/**
 * Killed, and never collected: the first process of a container seldom collects what it did not start. PostgreSQL takes the number for a
 * running server and would refuse the folder for ever. Backends outlive their server by a moment: before they are gone the note stays.
 */
async function forgetUncollected(found: Postmaster, clusterDir: string, log: (line: string) => void): Promise<void> {
  const dir = await realpath(clusterDir)
  for (const name of await readdir('/proc')) {
    if (/^\d+$/.test(name) && (await readlink(`/proc/${name}/cwd`).catch(() => '')) === dir) return
  }
  log(`postmaster.pid names process ${found.pid}, which was killed and not collected by its parent: removed`)
  await removeNotes(found, clusterDir)
}

/** Both name the process; PostgreSQL refuses to start while either does and the number is taken. */
async function removeNotes({ socketLock }: Postmaster, clusterDir: string): Promise<void> {
  await rm(join(clusterDir, 'postmaster.pid'), { force: true })
  if (socketLock !== null) await rm(socketLock, { force: true })
}

function kill(pid: number, signal: NodeJS.Signals, clusterDir: string): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return
    throw new EmbeddedPostgresError(
      'FolderInUse',
      `A PostgreSQL of another user (process ${pid}) runs on ${clusterDir}. Stop it as that user, or choose another folder with --data.`,
      error,
    )
  }
}

async function ended(pid: number, patienceMs: number): Promise<boolean> {
  const until = Date.now() + patienceMs
  while (Date.now() < until) {
    if (!isAlive(pid)) return true
    await sleep(20)
  }
  return false
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !isZombie(pid)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** A dead process nobody has collected yet (its parent is busy or does not wait) still answers signal 0. */
function isZombie(pid: number): boolean {
  return procStat(pid)?.[0] === 'Z'
}

/** Fields of /proc/PID/stat after the name: state first. Linux only. */
function procStat(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null
  }
}

function isPostgres(pid: number): boolean {
  return process.platform === 'win32' || /^postgres/.test(basename(programOf(pid)))
}

function programOf(pid: number): string {
  if (process.platform !== 'linux') return ps(pid, 'comm=')
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0', 1)[0] ?? ''
  } catch {
    return ''
  }
}

function ps(pid: number, field: string): string {
  try {
    // its words for a moment depend on language and time zone, which two programs need not share
    const env = { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' }
    return execFileSync('ps', ['-o', field, '-p', String(pid)], { encoding: 'utf8', env }).trim()
  } catch {
    return ''
  }
}

/** The moment a process began: tells two processes that had the same pid one after the other apart. */
export function startMark(pid: number): string {
  if (process.platform === 'linux') return procStat(pid)?.[19] ?? ''
  return process.platform === 'win32' ? '' : ps(pid, 'lstart=')
}
