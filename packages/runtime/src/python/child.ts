/** What a model's process is to us, however it was started: three pipes to read, a group to kill, an end to wait for. */
import type { Readable } from 'node:stream'
import type { HarnessExit, HarnessListener, HarnessProcess } from '../harness-protocol.ts'
import { parseEvent, parseImported } from './events.ts'
import { eachLine } from './lines.ts'

/** `-u`: a print is seen when it happens. UTF-8 whatever the locale says. */
export const pythonFlags = ['-u', '-X', 'utf8'] as const

/** No event of ours comes near it; a model that finds the channel may write what it likes. */
const eventCharactersMax = 8 * 1024 * 1024

/** Programs of the model that left its group may hold its pipes open after it has ended. */
const drainMs = 2_000

/** One thread for each process of numeric libraries: as many workers run as there are cores, and last digits stay the same. */
export function modelEnvironment(env: Record<string, string>): Record<string, string> {
  return { ...threadLimits, ...env }
}

export const threadLimits: Readonly<Record<string, string>> = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' }

/** `pipes`: stdout, stderr and events. `learn` is told which libraries the model imported. */
export function listen(
  pipes: readonly Readable[],
  listener: HarnessListener,
  learn: (modules: string[]) => void = () => {},
): void {
  const [stdout, stderr, events] = pipes
  if (stdout) eachLine(stdout, (line) => listener.onConsole('stdout', line))
  if (stderr) eachLine(stderr, (line) => listener.onConsole('stderr', line))
  const hear = (line: string) => {
    const modules = parseImported(line)
    if (modules === null) listener.onEvent(parseEvent(line))
    else learn(modules)
  }
  if (events) eachLine(events, hear, eventCharactersMax)
}

export function asHarnessProcess(pid: number, exited: Promise<HarnessExit>): HarnessProcess {
  return { pid, exited, kill: (signal) => killGroup(pid, signal) }
}

export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Resolves when all that was said has been read; pipes still held open by somebody else are let go. */
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
