import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'

const ownProgram = join(import.meta.dirname, 'programs', 'hold-server.ts')
const holders: ChildProcess[] = []

interface HoldOptions extends SpawnOptions {
  node?: string
  program?: string
  copiesDir?: string
}

/** The server held by a program of its own, to be killed. */
export async function hold(
  dataDir: string,
  { node = process.execPath, program = ownProgram, copiesDir, ...options }: HoldOptions = {},
): Promise<{ holder: ChildProcess; said: { url: string; pid: number; uid: number; error?: string } }> {
  const args = copiesDir === undefined ? [dataDir] : [dataDir, copiesDir]
  const holder = spawn(node, ['--conditions=source', program, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    ...options,
  })
  holders.push(holder)
  // 'close', not 'exit': its last words come before
  const gone = once(holder, 'close').then(() => ['{"error":"ended without a word"}'])
  const [line] = await Promise.race([
    once(createInterface({ input: holder.stdout as NodeJS.ReadableStream }), 'line'),
    gone,
  ])
  return { holder, said: JSON.parse(line) }
}

/** Lets go in order. */
export async function release(holder: ChildProcess): Promise<void> {
  await ended(holder, () => holder.stdin?.end())
}

export async function ended(child: ChildProcess, how: () => void): Promise<void> {
  const exit = once(child, 'exit')
  how()
  await exit
}

/** Call it after each test. */
export async function releaseAll(): Promise<void> {
  for (const holder of holders.splice(0))
    if (holder.exitCode === null && holder.signalCode === null) await release(holder)
}

/** Who runs a process, and which program it is. */
export function describeProcess(pid: number): { uid: number; program: string } {
  if (process.platform === 'linux')
    return { uid: statSync(`/proc/${pid}`).uid, program: readlinkSync(`/proc/${pid}/exe`) }
  const ps = (field: string) => execFileSync('ps', ['-o', field, '-p', String(pid)], { encoding: 'utf8' }).trim()
  return { uid: Number(ps('uid=')), program: ps('comm=') }
}

export async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}
