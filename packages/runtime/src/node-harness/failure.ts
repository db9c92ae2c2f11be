/** How a job fails: one sentence, the phase, and the traceback without the harness's own frames. */
import { realpathSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import type { HarnessEvent } from '../harness-protocol.ts'

export type Phase = Extract<HarnessEvent, { event: 'failed' }>['phase']

export interface Place {
  record: number | null
  line: number | null
}

/** The process is started in the playground; a model may go elsewhere later. */
const playground = realpathSync(process.cwd())
const folders = [`${pathToFileURL(playground)}/`, `${playground}/`]

const nowhere: Place = { record: null, line: null }
const errorCharactersMax = 4_000
const tracebackLinesMax = 200

export class JobFailed extends Error {
  readonly phase: Phase
  readonly place: Place
  readonly traceback: string[]
  /** The model raised it; else it is told in our own words. */
  readonly isRaised: boolean

  constructor(phase: Phase, message: string, more: { place?: Place; traceback?: string[]; isRaised?: boolean } = {}) {
    super(message)
    this.phase = phase
    this.place = more.place ?? nowhere
    this.traceback = more.traceback ?? []
    this.isRaised = more.isRaised ?? false
  }
}

/** The failure that something thrown by the model's own code means. */
export function failureOf(phase: Phase, thrown: unknown, place: Place = nowhere): JobFailed {
  return new JobFailed(phase, describe(thrown), { place, traceback: tracebackOf(thrown), isRaised: true })
}

/** `TypeError: Cannot read properties of null (reading 'amount')`; what is no error as it is shown. */
export function describe(thrown: unknown): string {
  return withoutFolders(firstWords(thrown)).slice(0, errorCharactersMax)
}

function firstWords(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return thrown.message === '' ? thrown.name : `${thrown.name}: ${thrown.message}`
    return inspect(thrown, { depth: 2 })
  } catch {
    return 'something that cannot be shown'
  }
}

/** The playground is the reader's folder: its path, different in each attempt, tells nothing. */
const withoutFolders = (text: string): string => folders.reduce((left, folder) => left.replaceAll(folder, ''), text)

function tracebackOf(thrown: unknown): string[] {
  try {
    const lines: string[] = []
    // An error may be its own cause.
    for (let error: unknown = thrown; error instanceof Error && lines.length < tracebackLinesMax; error = error.cause) {
      const own = stackOf(error)
      lines.push(...(lines.length === 0 ? own : own.map((line, index) => (index === 0 ? `caused by ${line}` : line))))
    }
    return lines.slice(0, tracebackLinesMax)
  } catch {
    return []
  }
}

/** Frames of the model and its libraries; Node's and the harness's own are left out, the playground's path too. */
function stackOf(error: Error): string[] {
  const lines = String(error.stack ?? describe(error)).split('\n')
  return lines
    .filter((line) => !isFrame(line) || folders.some((folder) => line.includes(folder)))
    .map((line) => withoutFolders(line).slice(0, errorCharactersMax))
    .filter((line) => line.trim() !== '')
}

const isFrame = (line: string): boolean => /^\s+at /.test(line)
