/**
 * One warm parent (harness/python/zygote.py): it has done the imports of an environment and forks for each job.
 * Life: started → ready → fork, fork, … → closed (by us, by its own end, or when an import turned out unfit). A child's three
 * channels arrive over a socket in a folder that only this user can enter; what the child is to run and its variables go to the child
 * alone. A parent never outlives this process: it ends when its standard input closes.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { HarnessProcess, LaunchOptions } from '../harness-protocol.ts'
import { asHarnessProcess, drained, type Exit, killGroup, listen, modelEnvironment, pythonFlags } from './child.ts'
import { eachLine } from './lines.ts'

const script = fileURLToPath(new URL('../../harness/python/zygote.py', import.meta.url))
/** What `sun_path` holds on the least generous system, its closing NUL included. */
const socketPathMax = 104
const channels = ['stdout', 'stderr', 'events'] as const
type Channel = (typeof channels)[number]

/** A child's end, which may come before it is complete. */
interface End {
  exited: Promise<Exit>
  tell(exit: Exit): void
}

interface Birth {
  pid: number | null
  sockets: Partial<Record<Channel, Socket>>
  complete: (sockets: Record<Channel, Socket>, pid: number) => void
}

export interface Zygote {
  /** Folders with libraries: a change there makes it stale. */
  readonly libraries: readonly string[]
  readonly isClosed: boolean
  /** Rejects when no child came of it; then nothing has run. */
  fork(options: LaunchOptions, learn: (modules: string[]) => void): Promise<HarnessProcess>
  import(modules: readonly string[]): void
  close(): void
}

export interface ZygoteOptions {
  interpreter: string
  /** How long a child may take to report. */
  forkMs?: number
  onUnfit(reason: string): void
  onClosed(): void
}

export async function startZygote(options: ZygoteOptions): Promise<Zygote> {
  const folder = mkdtempSync(join(tmpdir(), 'rowhouse-'))
  const path = join(folder, 's')
  try {
    if (Buffer.byteLength(path) >= socketPathMax) throw new Error(`${path} is too long for a socket`)
    const births = new Map<string, Birth>()
    const server = createServer((socket) => receive(socket, births))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, resolve)
    })
    server.unref()
    return await serve(options, { folder, path, server, births })
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

interface Parts {
  folder: string
  path: string
  server: Server
  births: Map<string, Birth>
}

async function serve(options: ZygoteOptions, { folder, path, server, births }: Parts): Promise<Zygote> {
  const parent = spawn(options.interpreter, [...pythonFlags, script], {
    env: modelEnvironment({ PATH: process.env.PATH ?? '/usr/bin:/bin' }),
    cwd: folder,
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const ends = new Map<number, End>()
  let isClosed = false
  const close = () => {
    if (isClosed) return
    isClosed = true
    parent.stdin.destroy()
    server.close()
    rmSync(folder, { recursive: true, force: true })
    for (const end of ends.values()) end.tell({ code: null, signal: 'SIGKILL' })
    options.onClosed()
  }
  parent.once('close', close)
  parent.stdin.on('error', () => {})
  const order = (what: object) => void parent.stdin.write(`${JSON.stringify(what)}\n`)

  const libraries = await new Promise<string[]>((resolve, reject) => {
    parent.once('error', (error) => {
      close()
      reject(error)
    })
    parent.once('close', () => reject(new Error('the warm parent ended before it was ready')))
    eachLine(parent.stdout, (line) => {
      const said: unknown = JSON.parse(line)
      if (typeof said !== 'object' || said === null) return
      if ('ready' in said && 'libraries' in said) resolve(said.libraries as string[])
      if ('unfit' in said) options.onUnfit(String(said.unfit))
      if ('forked' in said && 'pid' in said) {
        ends.set(Number(said.pid), makeEnd())
        hold(parent, true)
        born(births, String(said.forked), Number(said.pid))
      }
      if ('exited' in said) {
        const { exited, code, signal } = said as unknown as { exited: number } & Exit
        ends.get(exited)?.tell({ code, signal })
        ends.delete(exited)
        if (ends.size === 0) hold(parent, false)
      }
    })
  })

  hold(parent, false)

  return {
    libraries,
    get isClosed() {
      return isClosed
    },
    import: (modules) => order({ import: modules }),
    close,
    fork: (launch, learn) =>
      new Promise<HarnessProcess>((resolve, reject) => {
        const identity = randomBytes(16).toString('hex')
        const late = setTimeout(() => give(new Error('the warm parent does not answer')), options.forkMs ?? 5_000)
        const give = (error: Error) => {
          births.delete(identity)
          parent.off('close', ended)
          clearTimeout(late)
          reject(error)
        }
        const ended = () => give(new Error('the warm parent ended'))
        if (isClosed) return ended()
        parent.once('close', ended)
        const complete = (sockets: Record<Channel, Socket>, pid: number) => {
          births.delete(identity)
          parent.off('close', ended)
          clearTimeout(late)
          resolve(begin(sockets, pid, { launch, learn, end: ends.get(pid) ?? makeEnd() }))
        }
        births.set(identity, { pid: null, sockets: {}, complete })
        order({ fork: identity, socket: path })
      }),
  }
}

/** A warm parent keeps this process alive only while a child of it runs. */
function hold(parent: ChildProcessByStdio<Writable, Readable, null>, isHeld: boolean): void {
  for (const handle of [parent, parent.stdin, parent.stdout]) {
    if (isHeld && 'ref' in handle && typeof handle.ref === 'function') handle.ref()
    if (!isHeld && 'unref' in handle && typeof handle.unref === 'function') handle.unref()
  }
}

/** A child's channel says first whose and which it is. */
function receive(socket: Socket, births: Map<string, Birth>): void {
  socket.on('error', () => {})
  let text = ''
  const hear = (chunk: Buffer) => {
    text += chunk.toString('latin1')
    const end = text.indexOf('\n')
    if (end === -1) return
    socket.off('data', hear)
    socket.pause()
    const [identity = '', name = ''] = text.slice(0, end).split(' ')
    const rest = Buffer.from(text.slice(end + 1), 'latin1')
    if (rest.length > 0) socket.unshift(rest)
    const birth = births.get(identity)
    const channel = channels.find((known) => known === name)
    if (birth === undefined || channel === undefined) {
      socket.destroy()
      return
    }
    birth.sockets[channel] = socket
    completeBirth(birth)
  }
  socket.on('data', hear)
}

function born(births: Map<string, Birth>, identity: string, pid: number): void {
  const birth = births.get(identity)
  if (birth === undefined) {
    // Given up before it came: it has not been told what to run.
    killGroup(pid, 'SIGKILL')
    return
  }
  birth.pid = pid
  completeBirth(birth)
}

function completeBirth({ pid, sockets: { stdout, stderr, events }, complete }: Birth): void {
  if (pid !== null && stdout && stderr && events) complete({ stdout, stderr, events }, pid)
}

function makeEnd(): End {
  let tell: End['tell'] = () => {}
  const exited = new Promise<Exit>((resolve) => {
    tell = resolve
  })
  return { exited, tell }
}

interface Beginning {
  launch: LaunchOptions
  learn: (modules: string[]) => void
  end: End
}

function begin(sockets: Record<Channel, Socket>, pid: number, { launch, learn, end }: Beginning): HarnessProcess {
  const pipes = channels.map((name) => sockets[name])
  listen(pipes, launch.listener, learn)
  for (const pipe of pipes) pipe.resume()
  const exited = end.exited.then(async (exit) => {
    killGroup(pid, 'SIGKILL')
    await drained(pipes)
    return exit
  })
  const { planPath, env } = launch
  sockets.events.write(`${JSON.stringify({ plan: planPath, env: modelEnvironment(env) })}\n`)
  return asHarnessProcess(pid, exited)
}
