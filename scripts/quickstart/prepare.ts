import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

/** Ends the quickstart with a sentence for the reader. */
export class Stop extends Error {}

export const root = resolve(import.meta.dirname, '..', '..')

export interface Folder {
  /** What Rowhouse itself keeps: database, keys, managed files. */
  data: string
  /** Inputs and outputs of the story; below the folder Rowhouse is started in, so that the runtime may read it. */
  files: string
  username: string
  password: string
  mocConfig: string
}

export interface Rowhouse {
  url: string
  stop(): Promise<void>
  /** Rejects with {@link Stop} when Rowhouse ends by itself. */
  died: Promise<never>
}

export function checkPython(): string {
  const python = process.platform === 'win32' ? 'python' : 'python3'
  const probe = spawnSync(python, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], { encoding: 'utf8' })
  if (probe.error || probe.status !== 0)
    throw new Stop(
      'Python is missing: the quickstart scores with a Python model. Install Python 3.9 or newer (python3) and try again.',
    )
  const [major = 0, minor = 0] = probe.stdout.trim().split('.').map(Number)
  if (major < 3 || (major === 3 && minor < 9))
    throw new Stop(`Python ${probe.stdout.trim()} is too old. Install Python 3.9 or newer (python3) and try again.`)
  return python
}

/** The administrator's password is made once and kept beside the data, for the owner's eyes only. */
export function openFolder(): Folder {
  const data = join(root, '.rowhouse')
  const files = join(root, 'quickstart-files')
  mkdirSync(data, { recursive: true, mode: 0o700 })
  mkdirSync(files, { recursive: true })
  const passwordFile = join(data, 'quickstart-password')
  if (!existsSync(passwordFile))
    writeFileSync(passwordFile, `${randomBytes(18).toString('base64url')}\n`, { mode: 0o600 })
  return {
    data,
    files,
    username: 'admin',
    password: readFileSync(passwordFile, 'utf8').trim(),
    mocConfig: join(data, 'moc.json'),
  }
}

export async function startRowhouse(folder: Folder, port: string): Promise<Rowhouse> {
  const args = [
    join(root, 'packages', 'rowhouse', 'bin', 'rowhouse.mjs'),
    'up',
    '--port',
    port,
    '--data',
    folder.data,
    '--stage',
    'DEV',
    '--tag',
    'cc-fraud',
  ]
  process.stdout.write(`$ npx rowhouse up --port ${port} --stage DEV --tag cc-fraud\n`)
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ROWHOUSE_ADMIN_USER: folder.username, ROWHOUSE_ADMIN_PASSWORD: folder.password },
    stdio: ['ignore', 'pipe', 'pipe'],
    // a Ctrl-C in the terminal must reach Rowhouse through us, once
    detached: process.platform !== 'win32',
  })
  const said: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line))
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const died = ended.then(() => {
    throw new Stop(`Rowhouse did not ${url === '' ? 'start' : 'stay up'}:\n${said.slice(-8).join('\n')}`)
  })
  died.catch(() => undefined)
  let url = ''
  url = await Promise.race([readyUrl(child), died])
  process.stdout.write(`ready ${url}\n`)
  return { url, died, stop: () => stopChild(child, ended) }
}

async function readyUrl(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Stop('Rowhouse has no output')
  for await (const line of createInterface({ input: child.stdout })) {
    const match = /^ready (\S+)/.exec(line)
    if (match?.[1] !== undefined) return match[1]
  }
  return new Promise<never>(() => undefined)
}

async function stopChild(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
  await ended
}
