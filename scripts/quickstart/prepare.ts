import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

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
  passwordFile: string
  mocConfig: string
}

export interface Rowhouse {
  /** When it is ready. */
  url: Promise<string>
  wasReady(): boolean
  stop(): Promise<void>
  /** Rejects with {@link Stop} when Rowhouse ends by itself. */
  died: Promise<never>
}

/**
 * All in one folder, so that a Rowhouse the reader starts himself has nothing to do with it. The administrator's password is made once and kept
 * beside the data, for the owner's eyes only.
 */
export function openFolder(name: string): Folder {
  const files = join(root, name)
  const data = join(files, '.rowhouse')
  mkdirSync(files, { recursive: true })
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const passwordFile = join(data, 'quickstart-password')
  if (!existsSync(passwordFile))
    writeFileSync(passwordFile, `${randomBytes(18).toString('base64url')}\n`, { mode: 0o600 })
  return {
    data,
    files,
    username: 'admin',
    passwordFile,
    password: readFileSync(passwordFile, 'utf8').trim(),
    mocConfig: join(data, 'moc.json'),
  }
}

/** What its words mean for who typed the quickstart. */
const hints: [RegExp, string][] = [
  [/choose another port/, '\nHere: npm run quickstart -- --port 8091'],
  [/choose another folder/, '\nHere: npm run quickstart -- --port 8091 --folder quickstart-files/second'],
]

export function startRowhouse(folder: Folder, port: string): Rowhouse {
  process.stdout.write(`$ ${upLine(folder, port)}\n`)
  const bin = join(root, 'packages', 'rowhouse', 'bin', 'rowhouse.mjs')
  const child = spawn(process.execPath, [bin, ...upArguments(folder, port)], {
    cwd: root,
    env: { ...process.env, ROWHOUSE_ADMIN_USER: folder.username, ROWHOUSE_ADMIN_PASSWORD: folder.password },
    // over the channel it notices that we are gone, whatever ended us
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // a Ctrl-C in the terminal must reach Rowhouse through us
    detached: process.platform !== 'win32',
  })
  const said: string[] = []
  createInterface({ input: child.stderr as Readable }).on('line', (line) => said.push(line))
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  let isReady = false
  const died = ended.then(() => {
    const last = said.slice(-8).join('\n')
    const hint = hints.find(([pattern]) => pattern.test(last))?.[1] ?? ''
    throw new Stop(`Rowhouse did not ${isReady ? 'stay up' : 'start'}:\n${last}${hint}`)
  })
  died.catch(() => undefined)
  const url = readyUrl(child.stdout as Readable).then((found) => {
    isReady = true
    process.stdout.write(`ready ${found}\n`)
    return found
  })
  return { url, died, wasReady: () => isReady, stop: () => stopChild(child, ended) }
}

function upArguments({ data }: Folder, port: string): string[] {
  return ['up', '--port', port, '--data', relative(root, data), '--stage', 'DEV', '--tag', 'cc-fraud']
}

export function upLine(folder: Folder, port: string): string {
  return `npx rowhouse ${upArguments(folder, port).join(' ')}`
}

async function readyUrl(output: Readable): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const match = /^ready (\S+)/.exec(line)
    if (match?.[1] !== undefined) return match[1]
  }
  return new Promise<never>(() => undefined)
}

async function stopChild(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
  await ended
}
