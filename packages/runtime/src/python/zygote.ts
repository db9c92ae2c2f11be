/**
 * One warm parent (harness/python/zygote.py): it has done the imports of an environment and forks for each job.
 * Life: started → ready → fork, fork, … → retired (also when an import turned out unfit) → closed. A child's three
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
import type { HarnessExit, HarnessProcess, LaunchOptions } from '../harness-protocol.ts'
import { asHarnessProcess, drained, killGroup, listen, modelEnvironment, pythonFlags } from './child.ts'
import { eachLine } from './lines.ts'

const script = fileURLToPath(new URL('../../harness/python/zygote.py', import.meta.url))
/** What `sun_path` holds on the least generous system, its closing NUL included. */
const socketPathMax = 104
const channels = ['stdout', 'stderr', 'events'] as const
type Channel = (typeof channels)[number]

/** A child's end, which may come before it is complete. */
interface End {
  exited: Promise<HarnessExit>
  tell(exit: HarnessExit): void
}

interface Birth {
  pid: number | null
  sockets: Partial<Record<Channel, Socket>>
  complete: (sockets: Record<Channel, Socket>, pid: number) => void
  refuse: () => void
}

export interface Zygote {
  /** Folders with libraries: a change there makes it stale. */
  readonly libraries: readonly string[]
  readonly isClosed: boolean
  /** Children that have not ended. */
  readonly running: number
  /** Rejects when no child came of it; then nothing has run. */
  fork(options: LaunchOptions, learn: (modules: string[]) => void): Promise<HarnessProcess>
  import(modules: readonly string[]): void
  /** Closes it when its last child has ended. */
  retire(): void
  /** Kills its children. */
  close(): void
}

export interface ZygoteOptions {
  interpreter: string
  /** How long a child may take to report. */
  forkMs?: number
  /** It forks no more; it closes when its last child has ended. */
  onUnfit(reason: string, zygote: Zygote): void
  onClosed(): void
}

export async function startZygote(options: ZygoteOptions): Promise<Zygote> {
  const folder = mkdtempSync(join(tmpdir(), 'rowhouse-'))
  try {
    const path = join(folder, 's')
    if (Buffer.byteLength(path) >= socketPathMax) throw new Error(`${path} is too long for a socket`)
    const births = new Map<string, Birth>()
    const server = createServer((socket) => receive(socket, births))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, resolve)
    })
    server.unref()
    const parent = new WarmParent(options, { folder, path, server, births })
    await parent.ready
    return parent
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

interface Door {
  folder: string
  path: string
  server: Server
  births: Map<string, Birth>
}

class WarmParent implements Zygote {
  libraries: readonly string[] = []
  isClosed = false
  readonly ready: Promise<void>
  readonly #options: ZygoteOptions
  readonly #door: Door
  readonly #process: ChildProcessByStdio<Writable, Readable, null>
  readonly #ends = new Map<number, End>()
  #isRetired = false

  constructor(options: ZygoteOptions, door: Door) {
    this.#options = options
    this.#door = door
    this.#process = spawn(options.interpreter, [...pythonFlags, script], {
      env: modelEnvironment({ PATH: process.env.PATH ?? '/usr/bin:/bin' }),
      cwd: door.folder,
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    this.#process.stdin.on('error', () => {})
    this.ready = new Promise((resolve, reject) => {
      this.#process.once('error', (error) => {
        this.close()
        reject(error)
      })
      this.#process.once('close', () => {
        this.close()
        reject(new Error('the warm parent ended before it was ready'))
      })
      eachLine(this.#process.stdout, (line) => this.#hear(line, resolve))
    })
  }

  get running(): number {
    return this.#ends.size
  }

  import(modules: readonly string[]): void {
    this.#order({ import: modules })
  }

  retire(): void {
    this.#isRetired = true
    if (this.#ends.size === 0) this.close()
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#process.stdin.destroy()
    this.#door.server.close()
    rmSync(this.#door.folder, { recursive: true, force: true })
    for (const end of this.#ends.values()) end.tell({ code: null, signal: 'SIGKILL', parentDied: true })
    this.#options.onClosed()
  }

  fork(launch: LaunchOptions, learn: (modules: string[]) => void): Promise<HarnessProcess> {
    const { births, path } = this.#door
    const identity = randomBytes(16).toString('hex')
    return new Promise<HarnessProcess>((resolve, reject) => {
      const stop = () => {
        births.delete(identity)
        this.#process.off('close', onEnd)
        clearTimeout(late)
      }
      const fail = (reason: string) => {
        stop()
        reject(new Error(reason))
      }
      const onEnd = () => fail('the warm parent ended')
      const late = setTimeout(() => fail('the warm parent does not answer'), this.#options.forkMs ?? 5_000)
      if (this.isClosed) return onEnd()
      this.#process.once('close', onEnd)
      const complete = (sockets: Record<Channel, Socket>, pid: number) => {
        stop()
        resolve(begin(sockets, pid, { launch, learn, end: this.#ends.get(pid) ?? makeEnd() }))
      }
      births.set(identity, { pid: null, sockets: {}, complete, refuse: () => fail('the warm parent is unfit') })
      this.#order({ fork: identity, socket: path })
    })
  }

  #order(what: object): void {
    if (!this.isClosed) this.#process.stdin.write(`${JSON.stringify(what)}\n`)
  }

  #hear(line: string, onReady: () => void): void {
    const said = parseSaying(line)
    if (said.ready) {
      this.libraries = said.libraries ?? []
      this.#hold(false)
      onReady()
    }
    if (said.unfit) {
      this.#options.onUnfit(said.unfit, this)
      this.retire()
    }
    if (said.refused) this.#door.births.get(said.refused)?.refuse()
    if (said.forked && said.pid) {
      this.#ends.set(said.pid, makeEnd())
      this.#hold(true)
      born(this.#door.births, said.forked, said.pid)
    }
    if (said.exited) {
      this.#ends.get(said.exited)?.tell({ code: said.code ?? null, signal: said.signal ?? null })
      this.#ends.delete(said.exited)
      if (this.#ends.size > 0) return
      if (this.#isRetired) this.close()
      else this.#hold(false)
    }
  }

  /** It keeps this process alive only while a child of it runs. */
  #hold(isHeld: boolean): void {
    for (const handle of [this.#process, this.#process.stdin, this.#process.stdout]) {
      if (isHeld && 'ref' in handle && typeof handle.ref === 'function') handle.ref()
      if (!isHeld && 'unref' in handle && typeof handle.unref === 'function') handle.unref()
    }
  }
}

/** A line of harness/python/zygote.py. */
interface Saying {
  ready?: boolean
  libraries?: string[]
  unfit?: string
  refused?: string
  forked?: string
  pid?: number
  exited?: number
  code?: number | null
  signal?: string | null
}

/** What an interpreter prints when it starts (a `sitecustomize`, a wrapper's greeting) says nothing. */
function parseSaying(line: string): Saying {
  try {
    return Object(JSON.parse(line)) as Saying
  } catch {
    return {}
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
  const exited = new Promise<HarnessExit>((resolve) => {
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
