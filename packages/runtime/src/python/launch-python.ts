/**
 * A model's process, started afresh: the interpreter runs harness/python/run.py with the plan. Its console and its events are told
 * line by line; it leads a process group of its own, and what it leaves behind in that group dies with it.
 */
import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { ModelFailure } from '@rowhouse/contract'
import type { HarnessListener, HarnessProcess, Launch, LaunchOptions } from '../harness-protocol.ts'
import { parseEvent } from './events.ts'
import { eachLine } from './lines.ts'

/** Also right for the built package: src/python and dist/python lie equally deep. */
export const runScript = fileURLToPath(new URL('../../harness/python/run.py', import.meta.url))

/** `-u`: a print is seen when it happens. UTF-8 whatever the locale says. */
export const pythonFlags = ['-u', '-X', 'utf8'] as const

/** Programs of the model that left the group may hold its pipes open after it has ended. */
export const drainMs = 2_000

export const launchPython: Launch = (options) =>
  new Promise((resolve, reject) => {
    const child = spawn(options.interpreter, [...pythonFlags, runScript, options.planPath], {
      cwd: options.playground,
      env: modelEnvironment(options.env),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    child.once('error', (error) => reject(cannotStart(options, error)))
    child.once('spawn', () => {
      const pid = child.pid
      if (pid === undefined) return
      const pipes = [child.stdout, child.stderr, child.stdio[3]] as Readable[]
      listen(pipes, options.listener)
      const exited = new Promise<{ code: number | null; signal: string | null }>((done) => {
        child.once('exit', (code, signal) => {
          killGroup(pid, 'SIGKILL')
          void drained(pipes).then(() => done({ code, signal }))
        })
      })
      resolve(asHarnessProcess(pid, exited))
    })
  })

/** One thread for each process of numeric libraries: as many workers run as there are cores, and last digits stay the same. */
export function modelEnvironment(env: Record<string, string>): Record<string, string> {
  return { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', ...env }
}

/** stdout, stderr and events, in this order. */
export function listen(pipes: readonly Readable[], listener: HarnessListener): void {
  const [stdout, stderr, events] = pipes
  if (stdout) eachLine(stdout, (line) => listener.onConsole('stdout', line))
  if (stderr) eachLine(stderr, (line) => listener.onConsole('stderr', line))
  if (events) eachLine(events, (line) => listener.onEvent(parseEvent(line)), Number.POSITIVE_INFINITY)
}

export function asHarnessProcess(pid: number, exited: HarnessProcess['exited']): HarnessProcess {
  return { pid, exited, kill: (signal) => killGroup(pid, signal) }
}

export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** All that was said has been read; pipes still held open by somebody else are let go. */
export async function drained(pipes: readonly Readable[]): Promise<void> {
  const ends = pipes.map(
    (pipe) => new Promise<void>((resolve) => (pipe.closed ? resolve() : pipe.once('close', resolve))),
  )
  const letGo = setTimeout(() => {
    for (const pipe of pipes) pipe.destroy()
  }, drainMs)
  await Promise.all(ends)
  clearTimeout(letGo)
}

function cannotStart(options: LaunchOptions, error: Error): ModelFailure {
  return new ModelFailure(
    'InterpreterMissing',
    `The model's process cannot be started: ${options.interpreter}: ${error.message}. Start the runtime with --python and the path of a Python 3.9 or newer`,
    { interpreter: options.interpreter },
  )
}
