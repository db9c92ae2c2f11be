/** An attempt at a job: what it is given, what it works with, how it ends. */
import type { Client, FinishInput, LeaseBody } from '@rowhouse/contract'
import type { JobConsole } from './console.ts'
import type { ContentCache } from './content-cache.ts'
import type { Launch, PlanInput } from './harness-protocol.ts'
import type { FileRoots } from './inputs-locate.ts'
import type { LooksAhead } from './inputs-look.ts'
import type { RunFacts } from './outcome.ts'
import type { PreparedOutput, Room } from './outputs.ts'
import type { Environment, EnvironmentWish } from './python/environments.ts'
import type { Language } from './run-job-document.ts'
import type { Report } from './run-job-report.ts'

export interface RunContext {
  client: Pick<Client, 'jobs' | 'files'>
  gatewayUrl: string
  runtimeName: string
  fileRoots: FileRoots
  allowLinkLocal: boolean
  jobTimeoutSeconds: number | null
  /** Interpreter and launcher of each language this runtime has. */
  languages: Partial<Record<Language, { interpreter: string; launch: Launch }>>
  /** An interpreter that has the requirements: the given one when there are none. */
  ensureEnvironment: (wish: EnvironmentWish) => Promise<Environment>
  environmentsDir: string
  contentCache: ContentCache
  keepPlaygrounds: boolean
  log: (line: string) => void
}

export interface Attempt {
  lease: LeaseBody
  /** Below the agent's work folder; made and removed here. */
  folder: string
  stopper: AbortController
}

/** How an attempt ended: to be told (`finish`), to be handed back (`release`), or nothing because it was lost. */
export type AttemptEnd =
  | { tell: 'finish'; body: FinishInput }
  | { tell: 'release'; reason: string; counts: boolean }
  | { tell: 'nothing' }

export interface Work {
  context: RunContext
  attempt: Attempt
  signal: AbortSignal
  console: JobConsole
  report: Report
  facts: RunFacts
  inputs: PlanInput[]
  looks: LooksAhead
  /** By slot: 1, 3, 5 … Empty for train. */
  outputs: PreparedOutput[]
  room: Room
}
