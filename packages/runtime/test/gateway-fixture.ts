/**
 * A small real HTTP server that speaks the runtime protocol and records what it is told. It keeps no rules of its own beyond fencing:
 * what a test wants to happen (a cancel, a lost lease, a network cut) the test says.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FinishInput, JobProgress, LeaseBody, ReleaseInput } from '@rowhouse/contract'

export interface FixtureJob {
  id: string
  document: Record<string, unknown>
  credentials: LeaseBody['credentials']
  attempt: number
  state: 'WAITING' | 'RUNNING' | 'ENDED'
  messages: string[]
  progress: JobProgress[]
  finish?: FinishInput
  released: string[]
  /** Hand-backs that count as a failed try. */
  failures: string[]
  cancelled: boolean
  leasedAt: number
}

export interface GatewayFixture {
  url: string
  jobs: Map<string, FixtureJob>
  files: Map<string, Buffer>
  /** Hashes asked for, in order. */
  downloads: string[]
  registrations: Record<string, unknown>[]
  heartbeats: { session: number; running: { jobId: string; attempt: number }[] }[]
  unregistered: number
  /** Authorization headers seen. */
  tokens: Set<string>
  addJob(document: Record<string, unknown>, credentials?: FixtureJob['credentials']): string
  ended(jobId: string): Promise<FixtureJob>
  /** Resolves once the job's model has said or shown that it runs. */
  until(what: string, predicate: () => boolean): Promise<void>
  cancel(jobId: string): void
  /** Gives the attempt to nobody: every later write with its number is a 409. */
  lose(jobId: string): void
  /** Answers finish with a 500 this many times (after having taken it). */
  breakFinish: number
  refuseFinish: string | null
  /** Calls that are taken in and never answered. */
  deafTo: RegExp | null
  forgetRuntimes(): void
  takeOver(): void
  changeToken(token: string): void
  /** Who calls is turned off, until it is healed. The port stays taken meanwhile: nobody else may get it. */
  cut(): void
  heal(): void
  close(): Promise<void>
}

const api = '/model-manage/api'

export async function startGateway(options: { token?: string; heartbeatMs?: number } = {}): Promise<GatewayFixture> {
  const gateway = new Fixture(options)
  await gateway.open()
  return gateway
}

class Fixture implements GatewayFixture {
  url = ''
  jobs = new Map<string, FixtureJob>()
  files = new Map<string, Buffer>()
  downloads: string[] = []
  registrations: Record<string, unknown>[] = []
  heartbeats: GatewayFixture['heartbeats'] = []
  unregistered = 0
  tokens = new Set<string>()
  breakFinish = 0
  refuseFinish: string | null = null
  deafTo: RegExp | null = null
  #session = 0
  #known = false
  #server: Server | undefined
  #isCut = false
  #polls = new Set<() => void>()
  #options: { token?: string; heartbeatMs?: number }

  constructor(options: { token?: string; heartbeatMs?: number }) {
    this.#options = options
  }

  addJob(document: Record<string, unknown>, credentials: FixtureJob['credentials'] = {}): string {
    const id = `job-${this.jobs.size + 1}`
    const job: FixtureJob = {
      id,
      document: { ...document, id },
      credentials,
      attempt: 0,
      state: 'WAITING',
      messages: [],
      progress: [],
      released: [],
      failures: [],
      cancelled: false,
      leasedAt: 0,
    }
    this.jobs.set(id, job)
    this.#wake()
    return id
  }

  async ended(jobId: string): Promise<FixtureJob> {
    await this.until(`the end of ${jobId}`, () => this.jobs.get(jobId)?.state === 'ENDED')
    return this.jobs.get(jobId) as FixtureJob
  }

  async until(what: string, predicate: () => boolean): Promise<void> {
    for (const end = Date.now() + 120_000; Date.now() < end; ) {
      if (predicate()) return
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    throw new Error(
      `gave up waiting for ${what}: ${JSON.stringify([...this.jobs.values()].map(({ document: _, ...job }) => job))}`,
    )
  }

  cancel(jobId: string): void {
    const job = this.jobs.get(jobId)
    if (job) job.cancelled = true
  }

  lose(jobId: string): void {
    const job = this.jobs.get(jobId)
    if (job) job.attempt += 1
  }

  forgetRuntimes(): void {
    this.#known = false
    this.#wake()
  }

  takeOver(): void {
    this.#session++
    this.#wake()
  }

  changeToken(token: string): void {
    this.#options = { ...this.#options, token }
  }

  async open(): Promise<void> {
    const server = createServer((request, response) => {
      this.#answer(request, response).catch((error) => {
        response.writeHead(500).end(String(error))
      })
    })
    server.on('connection', (socket) => this.#isCut && socket.destroy())
    this.#server = server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, '127.0.0.1', resolve)
    })
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  cut(): void {
    this.#isCut = true
    this.#server?.closeAllConnections()
  }

  heal(): void {
    this.#isCut = false
  }

  async close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (!server) return
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  }

  #wake(): void {
    for (const poll of [...this.#polls]) poll()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const url = new URL(request.url ?? '/', 'http://fixture')
    const path = url.pathname.replace(api, '')
    if (request.headers.authorization) this.tokens.add(request.headers.authorization)
    if (this.#options.token !== undefined && request.headers.authorization !== `Bearer ${this.#options.token}`) {
      return problem(response, 401, 'Unauthenticated', 'no valid token')
    }
    const raw = await bytesOf(request)
    if (this.deafTo?.test(path)) return
    if (request.method === 'GET') return this.#download(path, response)
    if (path === '/files') return this.#upload(raw, response)
    const body = raw.length === 0 ? {} : JSON.parse(raw.toString('utf8'))
    if (path === '/engines/register') return this.#register(body, response)
    const attempt = /^\/jobs\/([^/]+)\/attempts\/(\d+)\/(progress|finish|release)$/.exec(path)
    if (attempt) return this.#attempt(attempt[1] ?? '', Number(attempt[2]), attempt[3] ?? '', body, response)
    if (!this.#known) return problem(response, 404, 'NotFound', "No engine with id 'engine-1'")
    if (body.session !== this.#session) return problem(response, 409, 'SessionOutdated', 'registered anew elsewhere')
    if (path.endsWith('/heartbeat')) return this.#heartbeat(body, response)
    if (path.endsWith('/lease')) return this.#lease(body.waitMs, response)
    if (path.endsWith('/unregister')) {
      this.unregistered++
      return send(response, 204)
    }
    return problem(response, 404, 'NotFound', `no route ${path}`)
  }

  #register(body: Record<string, unknown>, response: ServerResponse): unknown {
    this.registrations.push(body)
    this.#known = true
    this.#session++
    return send(response, 200, {
      id: 'engine-1',
      name: body.name,
      tags: body.initialTags,
      session: this.#session,
      heartbeatMs: this.#options.heartbeatMs ?? 100,
      leaseMs: 30_000,
    })
  }

  #heartbeat(body: GatewayFixture['heartbeats'][number], response: ServerResponse): unknown {
    this.heartbeats.push(body)
    const lost = body.running.filter(({ jobId, attempt }) => this.jobs.get(jobId)?.attempt !== attempt)
    const cancel = body.running.filter(({ jobId }) => this.jobs.get(jobId)?.cancelled)
    return send(response, 200, { cancel, lost })
  }

  #lease(waitMs: number, response: ServerResponse): void {
    const give = (): boolean => {
      if (!this.#known) {
        problem(response, 404, 'NotFound', "No engine with id 'engine-1'")
        return true
      }
      const job = [...this.jobs.values()].find(({ state }) => state === 'WAITING')
      if (!job) return false
      job.state = 'RUNNING'
      job.attempt++
      job.leasedAt = performance.now()
      const { id: jobId, attempt, document, credentials } = job
      send(response, 200, { jobId, attempt, leaseMs: 30_000, job: document, credentials })
      return true
    }
    if (give()) return
    const finish = () => {
      clearTimeout(timer)
      this.#polls.delete(poll)
    }
    const timer = setTimeout(() => {
      finish()
      send(response, 204)
    }, waitMs)
    const poll = () => {
      if (give()) finish()
    }
    this.#polls.add(poll)
    response.once('close', finish)
  }

  #attempt(jobId: string, attempt: number, verb: string, body: unknown, response: ServerResponse): unknown {
    const job = this.jobs.get(jobId)
    if (!job) return problem(response, 404, 'NotFound', `No job with id '${jobId}'`)
    const {
      messages = [],
      progress,
      reason,
      counts,
    } = body as Partial<ReleaseInput> & { messages?: string[]; progress?: JobProgress }
    const repeated = verb === 'finish' && job.state === 'ENDED' && job.attempt === attempt
    if (job.attempt !== attempt || (job.state !== 'RUNNING' && !repeated)) {
      return problem(response, 409, 'LeaseLost', `attempt ${attempt} of ${jobId} is not current`)
    }
    if (verb === 'finish' && this.refuseFinish !== null && (body as FinishInput).jobStatus === 'COMPLETE') {
      return problem(response, 400, 'InvalidField', this.refuseFinish)
    }
    if (!repeated) job.messages.push(...messages)
    if (progress) job.progress.push(progress)
    if (verb === 'progress') return send(response, 200, { cancel: job.cancelled })
    if (verb === 'release') {
      job[counts ? 'failures' : 'released'].push(reason ?? '')
      job.state = 'ENDED'
      return send(response, 204)
    }
    job.finish = body as FinishInput
    job.state = 'ENDED'
    if (this.breakFinish-- > 0) return problem(response, 500, 'Bug', 'internal error')
    return send(response, 200, { id: jobId })
  }

  #upload(raw: Buffer, response: ServerResponse): unknown {
    const sha256 = createHash('sha256').update(raw).digest('hex')
    this.files.set(sha256, raw)
    return send(response, 201, { sha256, size: raw.length })
  }

  #download(path: string, response: ServerResponse): unknown {
    this.downloads.push(path.replace('/files/', ''))
    const content = this.files.get(path.replace('/files/', ''))
    if (!content) return problem(response, 404, 'NotFound', `No file ${path}`)
    return response
      .writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': content.length })
      .end(content)
  }
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

function send(response: ServerResponse, status: number, body?: unknown): ServerResponse {
  if (body === undefined) return response.writeHead(status).end()
  return response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function problem(response: ServerResponse, status: number, code: string, message: string): ServerResponse {
  return send(response, status, { code, message, timestamp: new Date().toISOString(), status })
}
