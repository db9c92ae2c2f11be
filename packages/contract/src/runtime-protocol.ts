/**
 * What a runtime and model-manage say to each other. A runtime registers, beats, and takes jobs by a long poll; each lease is an
 * attempt with a number, and every later write names that number: 409 LeaseLost when another attempt has begun.
 */
import { z } from 'zod'
import { Asset } from './assets.ts'
import { Capabilities, JobEndStatus, JobProgress, JobResult } from './model-manage.ts'

/** `POST /model-manage/api/engines/register` → 200 {@link RegisteredBody}. A known name takes that record and its attempts over. */
export const RegisterInput = z.object({
  name: z.string().min(1).max(200),
  group: z.string().nullish(),
  /** Applied at the first registration of this name only; people own the tags afterwards. */
  initialTags: z.array(z.string()).default([]),
  stage: z.string().nullish(),
  engineType: z.string().default('MODEL_OP_ENGINE'),
  release: z.string().nullish(),
  capabilities: Capabilities.prefault({}),
  platform: z.looseObject({}).nullish(),
  slots: z.number().int().min(1).max(64).default(1),
})
export type RegisterInput = z.input<typeof RegisterInput>
export interface RegisteredBody {
  id: string
  name: string
  tags: string[]
  /** Proof of this registration: a later one with the same name outdates it. Sent with each heartbeat and lease call. */
  session: number
  heartbeatMs: number
  leaseMs: number
}

export interface AttemptRef {
  jobId: string
  /** 1, 2, 3 … */
  attempt: number
}

/** `POST /engines/{id}/heartbeat` → 200 {@link HeartbeatBody}; renews the runtime's lease and those of the attempts it names. 409 when outdated. */
export const HeartbeatInput = z.object({
  session: z.number().int(),
  state: z.enum(['INIT', 'RUNNING', 'FINISHING', 'FINISHED', 'ERROR']).default('INIT'),
  running: z.array(z.object({ jobId: z.string(), attempt: z.number().int() })).default([]),
})
export type HeartbeatInput = z.input<typeof HeartbeatInput>
export interface HeartbeatBody {
  /** To be stopped: a person cancelled the job. */
  cancel: AttemptRef[]
  /** No longer this runtime's: throw the work away. */
  lost: AttemptRef[]
}

/** `POST /engines/{id}/lease` → 200 {@link LeaseBody}, or 204 after `waitMs` without work. */
export const LeaseInput = z.object({
  session: z.number().int(),
  /** Which of the runtime's slots asks. One that asks has nothing in hand: what it was given before and never spoke of, it is given again. */
  slot: z.number().int().min(0).max(63).optional(),
  waitMs: z.number().int().min(0).max(60_000).default(20_000),
})
export type LeaseInput = z.input<typeof LeaseInput>
export interface LeaseBody extends AttemptRef {
  leaseMs: number
  /** The full job document, with contents of embedded assets. */
  job: Record<string, unknown>
  /**
   * What was taken out of URLs at the door, by asset path such as `inputData[0]`: user and password (empty when there were none), and the
   * members of the query that open a presigned URL, as they stood there.
   */
  credentials: Record<string, { username: string; password: string; query?: string }>
}

/** `POST /jobs/{id}/attempts/{attempt}/progress` → 200 {@link ProgressBody}; also renews the attempt's lease. */
export const ProgressInput = z.object({
  progress: JobProgress.nullish(),
  /** Appended to jobMessages, in order. */
  messages: z.array(z.string()).max(5000).default([]),
})
export type ProgressInput = z.input<typeof ProgressInput>
export interface ProgressBody {
  cancel: boolean
}

/** `POST /jobs/{id}/attempts/{attempt}/finish` → 200. CANCELLED only in answer to a cancel. */
export const FinishInput = z.object({
  jobStatus: JobEndStatus,
  jobResult: JobResult,
  outcome: z.string().nullish(),
  messages: z.array(z.string()).default([]),
  progress: JobProgress.nullish(),
  /** As published: embedded content, a managed file's contentHash, or the URL written. */
  outputData: z.array(Asset).nullish(),
  /** Further artefacts: outputDir of a training job. */
  additionalAssets: z.array(Asset).nullish(),
})
export type FinishInput = z.input<typeof FinishInput>

/** `POST /jobs/{id}/attempts/{attempt}/release` → 204: handed back unfinished; no try (a stopping runtime), or a failed one where it counts. */
export const ReleaseInput = z.object({ reason: z.string(), counts: z.boolean().default(false) })
export type ReleaseInput = z.input<typeof ReleaseInput>
