/**
 * The agent. Life: registers (waiting for the gateway if need be) → beats, naming what it runs → leases jobs by long polls, one per free
 * slot → drains: stops leasing, kills the models, hands their jobs back, unregisters. It keeps nothing that outlives it: the server's rows
 * say which attempt is whose, and an attempt that is no longer ours is thrown away.
 */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  AppError,
  type AttemptRef,
  type Client,
  type FinishInput,
  type LeaseBody,
  type RegisteredBody,
  type RegisterInput,
} from '@rowhouse/contract'
import { type Link, makeLink, messageOf, register } from './register.ts'
import { runJob } from './run-job.ts'
import type { RunContext } from './run-job-attempt.ts'
import { isLost } from './run-job-report.ts'
import { isTransient, untilAnswered } from './run-job-retry.ts'
import { Stopped, type StopReason } from './run-job-stop.ts'

export interface AgentOptions {
  client: Client
  registration: RegisterInput
  slots: number
  /** Of this agent alone. */
  workFolder: string
  run: RunContext
  log: (line: string) => void
  onRegistered?: (registered: RegisteredBody) => void
}

export interface Agent {
  /** Why it ended. Rejects when the gateway refuses to register it. */
  ended: Promise<'drained' | 'outdated'>
  drain(reason: string): Promise<void>
}

/** How long a stopping agent tries to reach the server before it leaves the rest to the lease's end. */
const farewellMs = 4_000
const pollMs = 20_000
/** How long one try at telling a job's end may take, embedded output included: a connection may be dead without a sign. */
const finishMs = 60_000

export function startAgent(options: AgentOptions): Agent {
  const agent = new RunningAgent(options)
  const ended = agent.live()
  return {
    ended,
    async drain(reason) {
      agent.stop({ why: 'released', reason })
      await ended.catch(() => {})
    },
  }
}

interface RunningAttempt {
  lease: LeaseBody
  stopper: AbortController
}

class RunningAgent {
  readonly #options: AgentOptions
  readonly #stopping = new AbortController()
  /** By job and attempt: the next attempt of a lost job may come here while the last one is still dying. */
  readonly #running = new Map<string, RunningAttempt>()
  readonly #link: Link
  #registered: RegisteredBody | undefined
  #registering: Promise<RegisteredBody | undefined> | undefined
  #outdated = false

  constructor(options: AgentOptions) {
    this.#options = options
    this.#link = makeLink(options.run.gatewayUrl, options.log, this.#stopping.signal)
  }

  async live(): Promise<'drained' | 'outdated'> {
    const registered = await this.#register()
    if (!registered) return 'drained'
    this.#options.onRegistered?.(registered)
    const beating = new AbortController()
    const beats = this.#beat(beating.signal)
    await Promise.all(Array.from({ length: this.#options.slots }, (_, slot) => this.#takeJobs(slot)))
    beating.abort()
    await beats
    if (!this.#outdated) await this.#unregister()
    return this.#outdated ? 'outdated' : 'drained'
  }

  /** No more leases; everything that runs is stopped for this reason. */
  stop(reason: StopReason): void {
    if (!this.#stopping.signal.aborted) this.#stopping.abort(new Stopped(reason))
    for (const attempt of this.#running.values()) attempt.stopper.abort(new Stopped(reason))
  }

  /** One registration at a time, whoever asks for it first. */
  #register(): Promise<RegisteredBody | undefined> {
    const { client, registration } = this.#options
    this.#registering ??= register(client, registration, this.#link, this.#stopping.signal)
      .then((registered) => {
        this.#registered = registered
        return registered
      })
      .finally(() => {
        this.#registering = undefined
      })
    return this.#registering
  }

  async #beat(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const registered = this.#registered
      const answered = registered !== undefined && (await this.#beatOnce(registered))
      // Leases are renewed by beats: after an absence of the gateway the next one does not wait its turn.
      await sleep(answered ? registered.heartbeatMs : 500, undefined, { signal }).catch(() => {})
    }
  }

  /** Answers whether it was heard. */
  async #beatOnce(registered: RegisteredBody): Promise<boolean> {
    const running = [...this.#running.values()].map(({ lease }) => ({ jobId: lease.jobId, attempt: lease.attempt }))
    const state = running.length > 0 ? ('RUNNING' as const) : ('INIT' as const)
    try {
      const body = { session: registered.session, state, running }
      const answer = await this.#options.client.engines.heartbeat(registered.id, body, {
        signal: AbortSignal.timeout(registered.leaseMs),
      })
      this.#link.answered()
      for (const ref of answer?.lost ?? []) this.#stopAttempt(ref, { why: 'lost' })
      for (const ref of answer?.cancel ?? []) this.#stopAttempt(ref, { why: 'cancelled' })
      return true
    } catch (error) {
      await this.#refused(error, registered)
      return false
    }
  }

  #stopAttempt(ref: AttemptRef, reason: StopReason): void {
    const attempt = this.#running.get(keyOf(ref))
    if (!attempt || attempt.stopper.signal.aborted) return
    this.#options.log(`job ${ref.jobId} (attempt ${ref.attempt}) is ${reason.why}: stopping its model`)
    attempt.stopper.abort(new Stopped(reason))
  }

  /** What an unanswered or refused call means for the registration. */
  async #refused(error: unknown, registered: RegisteredBody): Promise<void> {
    if (error instanceof AppError && error.kind === 'Conflict') {
      if (this.#registered !== registered || this.#outdated) return
      this.#outdated = true
      this.#options.log(
        `another runtime registered as '${registered.name}': this one stops (give each runtime a name of its own)`,
      )
      this.stop({ why: 'lost' })
    } else if (error instanceof AppError && error.kind === 'NotFound') {
      if (this.#registered !== registered) return
      this.#options.log(`the gateway does not know '${registered.name}' any more: registering again`)
      this.#registered = undefined
      await this.#register().catch((again) => this.#link.away(again))
    } else {
      await this.#link.away(error)
    }
  }

  async #takeJobs(slot: number): Promise<void> {
    const stopping = this.#stopping.signal
    while (!stopping.aborted) {
      const registered = this.#registered ?? (await this.#register().catch((error) => this.#link.away(error)))
      if (!registered) continue
      const lease = await this.#lease(registered, slot)
      if (lease) await this.#runAttempt(lease)
    }
  }

  async #lease(registered: RegisteredBody, slot: number): Promise<LeaseBody | undefined> {
    const stopping = this.#stopping.signal
    try {
      const signal = AbortSignal.any([stopping, AbortSignal.timeout(pollMs + 15_000)])
      const lease = await this.#options.client.engines.lease(
        registered.id,
        { session: registered.session, slot, waitMs: pollMs },
        { signal },
      )
      this.#link.answered()
      return lease
    } catch (error) {
      if (!stopping.aborted) await this.#refused(error, registered)
      return undefined
    }
  }

  async #runAttempt(lease: LeaseBody): Promise<void> {
    const { run, workFolder, log } = this.#options
    const stopper = new AbortController()
    this.#running.set(keyOf(lease), { lease, stopper })
    if (this.#stopping.signal.aborted) stopper.abort(this.#stopping.signal.reason)
    let removed: Promise<void> | undefined
    const folder = join(workFolder, `batch-${lease.jobId.replace(/[^\w.-]/g, '_')}-${lease.attempt}`)
    try {
      const end = await runJob({ lease, folder, stopper }, run).finally(() => {
        // the server need not wait until a large folder is gone
        if (!run.keepPlaygrounds) removed = rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => {})
      })
      if (end.tell === 'finish') await this.#finish(lease, end.body, stopper.signal)
      else if (end.tell === 'release') await this.#release(lease, end.reason, end.counts)
      else log(`job ${lease.jobId} (attempt ${lease.attempt}) was lost: its work is thrown away`)
    } catch (error) {
      log(
        `job ${lease.jobId} (attempt ${lease.attempt}): ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      )
      // A fault of ours may come again with every try: it counts, so that the job does not go round for ever.
      await this.#release(lease, `the runtime failed: ${messageOf(error)}`, true)
    } finally {
      this.#running.delete(keyOf(lease))
      await removed
    }
  }

  /** Told until the server answers: it counts once per attempt. A result the server refuses becomes an error that says so. */
  async #finish(lease: LeaseBody, body: FinishInput, attemptSignal: AbortSignal): Promise<void> {
    const { client, log } = this.#options
    const told = new AbortController()
    const farewell = this.#untilFarewell(attemptSignal, told.signal)
    const tell = (result: FinishInput) =>
      untilAnswered(() => {
        const signal = AbortSignal.any([farewell, AbortSignal.timeout(finishMs)])
        return client.jobs.finish(lease, result, { signal })
      }, farewell)
    try {
      await tell(body)
    } catch (error) {
      if (isLost(error)) log(`job ${lease.jobId} (attempt ${lease.attempt}) is no longer ours: ${messageOf(error)}`)
      else if (error instanceof AppError && !isTransient(error)) {
        const outcome = `the server refused the job's result: ${error.message}`
        log(`job ${lease.jobId}: ${outcome}`)
        await tell({ jobStatus: 'ERROR', jobResult: 'UNKNOWN', outcome, messages: body.messages ?? [] }).catch(() => {})
      } else log(`job ${lease.jobId} (attempt ${lease.attempt}) could not be told to the server: ${messageOf(error)}`)
    } finally {
      told.abort()
    }
  }

  async #release(lease: LeaseBody, reason: string, counts = false): Promise<void> {
    const { client, log } = this.#options
    const signal = AbortSignal.timeout(farewellMs)
    try {
      await untilAnswered(() => client.jobs.release(lease, { reason, counts }, { signal }), signal)
      log(`job ${lease.jobId} (attempt ${lease.attempt}) is handed back: ${reason}`)
    } catch (error) {
      if (!isLost(error))
        log(`job ${lease.jobId} could not be handed back (its lease will run out): ${messageOf(error)}`)
    }
  }

  async #unregister(): Promise<void> {
    const registered = this.#registered
    if (!registered) return
    const { client } = this.#options
    const signal = AbortSignal.timeout(farewellMs)
    await untilAnswered(() => client.engines.unregister(registered.id, registered.session, { signal }), signal).catch(
      () => {},
    )
  }

  /** Aborts when the attempt is lost, and a while after the agent was told to stop. `told`: nobody listens any more; the agent outlives its jobs. */
  #untilFarewell(attemptSignal: AbortSignal, told: AbortSignal): AbortSignal {
    const farewell = new AbortController()
    const onStop = () =>
      setTimeout(
        () => farewell.abort(new Stopped({ why: 'released', reason: 'the runtime stops' })),
        farewellMs,
      ).unref()
    if (this.#stopping.signal.aborted) onStop()
    else this.#stopping.signal.addEventListener('abort', onStop, { once: true, signal: told })
    const onAttempt = () => {
      const reason = attemptSignal.reason
      if (reason instanceof Stopped && reason.stop.why === 'lost') farewell.abort(reason)
    }
    if (attemptSignal.aborted) onAttempt()
    else attemptSignal.addEventListener('abort', onAttempt, { once: true, signal: told })
    return farewell.signal
  }
}

function keyOf({ jobId, attempt }: AttemptRef): string {
  return `${jobId}/${attempt}`
}
