/**
 * A whole Rowhouse for a story: `rowhouse up` as a user starts it, in a folder of its own, on a port of its own, with the real database, server and
 * runtime; `moc` and HTTP as a user types them.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { type Client, makeClient } from '@rowhouse/contract'
import { freePort } from '../packages/rowhouse/src/port.ts'
import { listProcesses } from './processes.ts'

export { freePort }
export const root = resolve(import.meta.dirname, '..')
const username = 'admin'
const password = 'a-password-of-the-stories'

/** Parts by what their command line has, and nobody else's: a runtime names the gateway in its own, and its warm parent the runtime's folder. */
export const parts = {
  server: /packages\/gateway\/(dist|src)\/main\./,
  runtime: /packages\/runtime\/(dist|src)\/main\./,
  PostgreSQL: /\/postgres -D /,
  'a backend of PostgreSQL': /^postgres: rowhouse: rowhouse rowhouse/,
}
export type Part = keyof typeof parts

export interface Ran {
  code: number | null
  stdout: string
  stderr: string
}

export interface Rowhouse {
  url: string
  /** Where it was started: files below may be read and written by its runtime. */
  folder: string
  dataFolder: string
  client: Client
  token: string
  /** Runs moc with the configuration of this Rowhouse. */
  moc(...args: string[]): Promise<Ran>
  /** A process below the supervisor; waits for it where it is not there just now. */
  findPid(part: Part): Promise<number>
  /** What it said on stderr. */
  said(): string
  /** Starts it again in the same folder, after a kill or a stop. */
  restart(): Promise<void>
  kill(signal: NodeJS.Signals): Promise<void>
  stop(): Promise<number | null>
  /** Stops it and removes its folder. */
  remove(): Promise<void>
}

export interface UpOptions {
  args?: string[]
  /** Default: a runtime with the tags DEV and cc-fraud. */
  tags?: string[]
  stage?: string
  env?: Record<string, string>
}

export async function startRowhouse(options: UpOptions = {}): Promise<Rowhouse> {
  const folder = mkdtempSync(join(tmpdir(), 'rowhouse-story-'))
  const port = await freePort()
  const dataFolder = join(folder, '.rowhouse')
  const tags = options.tags ?? ['cc-fraud']
  const args = [
    'up',
    '--port',
    String(port),
    '--stage',
    options.stage ?? 'DEV',
    ...tags.flatMap((tag) => ['--tag', tag]),
    ...(options.args ?? []),
  ]
  const url = `http://127.0.0.1:${port}`
  const mocConfig = join(folder, 'moc-config.json')
  let running = await launch(folder, args, options.env)
  // an unsecured one has no users
  const getToken = async () => (args.includes('--unsecured') ? '' : askToken(url))
  let token = await getToken()
  const client = makeClient({
    baseUrl: url,
    token: () => token || undefined,
    renewToken: async () => {
      token = await getToken()
    },
  })

  const rowhouse: Rowhouse = {
    url,
    folder,
    dataFolder,
    client,
    get token() {
      return token
    },
    moc: (...mocArgs) =>
      runProgram('moc', mocArgs, {
        cwd: folder,
        env: { ROWHOUSE_MOC_CONFIG: mocConfig, ROWHOUSE_MOC_USER: username, ROWHOUSE_MOC_PASSWORD: password },
      }),
    findPid: (part) => eventually(`the process of ${part}`, async () => findDescendant(running.child.pid ?? 0, part)),
    said: () => running.said.join('\n'),
    restart: async () => {
      running = await launch(folder, args, options.env)
      token = await getToken()
    },
    kill: async (signal) => {
      running.child.kill(signal)
      await running.ended
    },
    stop: async () => {
      if (running.child.exitCode === null && running.child.signalCode === null) running.child.kill('SIGTERM')
      return running.ended
    },
    remove: async () => {
      await rowhouse.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  const signedIn = await rowhouse.moc('init', url)
  if (signedIn.code !== 0) throw new Error(`moc init failed: ${signedIn.stderr}`)
  return rowhouse
}

interface Running {
  child: ChildProcess
  said: string[]
  ended: Promise<number | null>
}

async function launch(folder: string, args: string[], env: Record<string, string> = {}): Promise<Running> {
  const child = spawn(process.execPath, [join(root, 'packages', 'rowhouse', 'bin', 'rowhouse.mjs'), ...args], {
    cwd: folder,
    env: { ...process.env, ROWHOUSE_ADMIN_USER: username, ROWHOUSE_ADMIN_PASSWORD: password, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line))
  const ended = new Promise<number | null>((done) => child.once('exit', (code) => done(code)))
  const ready = new Promise<void>((done) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('ready ')) done()
    })
  })
  await Promise.race([
    ready,
    ended.then((code) => {
      throw new Error(`rowhouse up ended with ${code} before it was ready:\n${said.join('\n')}`)
    }),
  ])
  return { child, said, ended }
}

/** No colours. Where both are set, Node says on stderr which one it heeds. */
export const plain = { NO_COLOR: '1', FORCE_COLOR: undefined }

/** Runs a program of the workspace by its bin, as an installed user would. */
export function runProgram(
  name: 'moc' | 'rowhouse',
  args: string[],
  options: { cwd: string; env?: Record<string, string>; stdin?: string },
): Promise<Ran> {
  return runCommand(process.execPath, [join(root, 'packages', name, 'bin', `${name}.mjs`), ...args], options)
}

/** Any program; the story goes on hearing of its own meanwhile. */
export async function runCommand(
  command: string,
  args: string[],
  options: { cwd: string; env?: Record<string, string>; stdin?: string; shell?: boolean },
): Promise<Ran> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...plain, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    shell: options.shell ?? false,
  })
  child.stdin.end(options.stdin ?? '')
  const [stdout, stderr, code] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    new Promise<number | null>((done) => child.once('close', done)),
  ])
  return { code, stdout, stderr }
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += chunk
  return text
}

async function askToken(url: string): Promise<string> {
  const response = await fetch(`${url}/gocli/token`, {
    method: 'POST',
    body: new URLSearchParams({ username, password }),
  })
  if (!response.ok) throw new Error(`no token: ${response.status} ${await response.text()}`)
  return ((await response.json()) as { access_token: string }).access_token
}

function findDescendant(ancestor: number, part: Part): number | undefined {
  const listed = listProcesses()
  const parents = new Map(listed.map(({ pid, parent }) => [pid, parent]))
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid)
    return parent !== undefined && (parent === ancestor || (parent > 1 && isBelow(parent)))
  }
  return listed.find(({ pid, command }) => parts[part].test(command) && isBelow(pid))?.pid
}

/** Looks again until `look` gives something, for up to `seconds`; then fails saying what was waited for. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined>, seconds = 90): Promise<T> {
  const deadline = Date.now() + seconds * 1000
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s for ${what}`)
    await new Promise((done) => setTimeout(done, 50))
  }
}

export function lastWord(text: string): string {
  return text.trim().split(/\s+/).at(-1) ?? ''
}

/** A folder below the one Rowhouse was started in. */
export function makeFolder(rowhouse: Rowhouse, name: string): string {
  const path = join(rowhouse.folder, name)
  mkdirSync(path, { recursive: true })
  return path
}

export function readLines(path: string): string[] {
  return readFileSync(path, 'utf8').trimEnd().split(/\r?\n/)
}
