import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { isAlive } from '@rowhouse/postgres/embedded'
import { stopLeftover } from '../../postgres/src/postmaster.ts'

export const bin = fileURLToPath(new URL('../bin/rowhouse.mjs', import.meta.url))
export const password = 'a-password-of-the-tests'

export interface Up {
  url: string
  stdout: string[]
  stderr: string[]
  child: ChildProcess
  ended: Promise<number | null>
  /** Process ids: `server`, `runtime`, `postgres`. */
  pid(part: 'server' | 'runtime' | 'postgres'): number
  /** Any call as the administrator. */
  call(path: string, init?: RequestInit): Promise<Response>
  stop(): Promise<number | null>
}

export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'rh-up-'))
}

const running = new Set<Up>()

/** Stops what still runs, a PostgreSQL whose supervisor was killed too, and removes the folder. */
export async function clean(folder: string): Promise<void> {
  for (const up of running) await up.stop()
  running.clear()
  await stopLeftover(join(folder, '.rowhouse', 'postgres', 'cluster'), () => undefined)
  rmSync(folder, { recursive: true, force: true })
}

export async function startUp(
  folder: string,
  args: string[] = [],
  env: Record<string, string> = { ROWHOUSE_ADMIN_PASSWORD: password },
): Promise<Up> {
  const child = spawn(process.execPath, [bin, 'up', '--port', '0', ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stdout: string[] = []
  const stderr: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => stderr.push(line))
  const ended = new Promise<number | null>((settle) => child.once('close', settle))
  const ready = new Promise<string>((settle) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      stdout.push(line)
      if (line.startsWith('ready ')) settle(line.slice(6))
    })
  })
  const early = ended.then((code) =>
    Promise.reject(new Error(`ended with ${code} before it was ready:\n${[...stdout, ...stderr].join('\n')}`)),
  )
  early.catch(() => undefined)
  const url = await Promise.race([ready, early])
  let token: string | undefined
  const up: Up = {
    url,
    stdout,
    stderr,
    child,
    ended,
    pid: (part) => pidOf(folder, part),
    async call(path, init = {}) {
      token ??= await askToken(url)
      return fetch(url + path, {
        ...init,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      })
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      return ended
    },
  }
  running.add(up)
  return up
}

async function askToken(url: string): Promise<string> {
  const answer = await fetch(`${url}/gocli/token`, {
    method: 'POST',
    body: new URLSearchParams({ username: 'admin', password }),
  })
  return ((await answer.json()) as { access_token: string }).access_token
}

export function pidOf(folder: string, part: 'server' | 'runtime' | 'postgres'): number {
  const data = join(folder, '.rowhouse')
  if (part === 'postgres')
    return Number(readFileSync(join(data, 'postgres', 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0])
  return (
    (JSON.parse(readFileSync(join(data, 'children.json'), 'utf8')) as Record<string, { pid: number }>)[part]?.pid ?? 0
  )
}

export function isGone(pid: number): boolean {
  return !isAlive(pid)
}

/** Runs to its end. */
export async function run(
  folder: string,
  args: string[],
  options: { env?: Record<string, string> } = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: folder,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const code = await new Promise<number | null>((settle) => child.once('close', settle))
  return { code, stdout, stderr }
}
