/** The wing over a PostgreSQL database of its own, called through `inject`; at the mlc's place stands an app that writes down what it is told. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AppError, type Client, type DomainEvent, makeClient } from '@rowhouse/contract'
import { type App, fetchThrough, makeApp, type Principal, stopApp } from '@rowhouse/http'
import { modelManage, modelManageMigrations, type Settings } from '@rowhouse/model-manage'
import { type Database, migrate, openDatabase } from '@rowhouse/postgres'
import { freshDatabase } from '@rowhouse/postgres/testing'
import fastify, { type FastifyInstance } from 'fastify'

const principals: Record<string, Principal> = {
  ann: { kind: 'user', name: 'ann', groups: ['fraud'], isAdmin: false },
  bob: { kind: 'user', name: 'bob', groups: [], isAdmin: false },
  runtime: { kind: 'runtime', name: 'runtimes', groups: [], isAdmin: false },
  mlc: { kind: 'internal', name: 'mlc', groups: [], isAdmin: true },
}

/** What the wing's callers call it by. */
export const origin = 'http://localhost:80'

export interface Wing {
  app: App
  /** As ann, a user. */
  ann: Client
  bob: Client
  runtime: Client
  mlc: Client
  /** What the mlc was told, in order. */
  told: DomainEvent[]
  /** What the mlc knows of process instances, by id; what was asked for. */
  instances: Map<string, Record<string, unknown>>
  instancesAsked: string[][]
  /** While true the mlc answers 503. */
  mlcAway: (away: boolean) => void
  /** Calls with such an event the mlc answers with 500. */
  mlcStumblesOver: (event: (event: DomainEvent) => boolean) => void
  /** The wing's clock; null goes with the real one. */
  clock: { now: Date | null; forward(ms: number): Promise<void> }
  pool: Database<never>['pool']
  /** Lines of the servers' log, from warnings up. */
  warned: string[]
  /** Another server on the same database. */
  another(): Promise<{ app: App; runtime: Client; ann: Client }>
  stop(): Promise<void>
}

const usual: Settings = { heartbeatMs: 10_000, leaseMs: 30_000, attemptsMax: 3, onlyDeployedRuntimes: false }

export async function startWing(unusual: Partial<Settings> = {}): Promise<Wing> {
  const settings = { ...usual, ...unusual }
  const fresh = await freshDatabase()
  const database = openDatabase<never>(fresh.url, { max: 8 })
  await migrate(database, modelManageMigrations)
  const folder = await mkdtemp(join(tmpdir(), 'rowhouse-mm-'))
  const secretKey = randomBytes(32)
  const clock: Wing['clock'] = {
    now: null,
    // the servers looked all the while
    async forward(ms) {
      const next = new Date((this.now ?? new Date()).getTime() + ms)
      await database.pool.query('update model_manage.lease_watch set looked_at = $1', [next])
      this.now = next
    },
  }
  const told: DomainEvent[] = []
  let away = false
  let stumbles: (event: DomainEvent) => boolean = () => false
  const mlcApp = fastify()
  mlcApp.post('/mlc-service/rest/events', async (request, reply) => {
    if (away) return reply.code(503).send({ type: 'Unavailable', message: 'away', code: null })
    const { events } = request.body as { events: DomainEvent[] }
    if (events.some(stumbles)) return reply.code(500).send({ type: 'Bug', message: 'stumbled', code: null })
    told.push(...events)
    return { taken: events.length }
  })
  const instances: Wing['instances'] = new Map()
  const instancesAsked: Wing['instancesAsked'] = []
  mlcApp.post('/mlc-service/rest/history/process-instance', async (request, reply) => {
    if (away) return reply.code(503).send({ type: 'Unavailable', message: 'away', code: null })
    const { processInstanceIds } = request.body as { processInstanceIds: string[] }
    instancesAsked.push(processInstanceIds)
    return processInstanceIds.flatMap((id) => instances.get(id) ?? [])
  })
  const mlc = makeClient({ baseUrl: '', fetch: fetchThrough(() => mlcApp as unknown as FastifyInstance) })
  const apps: App[] = []
  const warned: string[] = []
  const start = async () => {
    const app = makeApp({
      authenticate: async (token) => {
        const principal = principals[token]
        if (principal === undefined) throw new AppError('Denied', 'Unauthenticated', 'wrong token')
        return principal
      },
      openapi: { title: 'test', version: '0', description: 'test' },
      logger: { level: 'warn', stream: { write: (line) => void warned.push(line) } },
    })
    const now = () => clock.now ?? new Date()
    await app.register(modelManage as never, {
      ...{ prefix: '/model-manage/api', database, mlc, filesDir: folder, secretKey, settings, now },
    })
    await app.ready()
    apps.push(app)
    return app
  }
  const as = (app: App, token: string) =>
    makeClient({ baseUrl: '', fetch: fetchThrough(() => app as unknown as FastifyInstance), token: () => token })
  const app = await start()
  return {
    app,
    ann: as(app, 'ann'),
    bob: as(app, 'bob'),
    runtime: as(app, 'runtime'),
    mlc: as(app, 'mlc'),
    told,
    instances,
    instancesAsked,
    mlcAway: (value) => {
      away = value
    },
    mlcStumblesOver: (event) => {
      stumbles = event
    },
    clock,
    pool: database.pool,
    warned,
    another: async () => {
      const other = await start()
      return { app: other, runtime: as(other, 'runtime'), ann: as(other, 'ann') }
    },
    stop: async () => {
      for (const each of apps) await stopApp(each as unknown as FastifyInstance, 2_000)
      await mlcApp.close()
      await database.close()
      await fresh.drop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The error a promise ends with. */
export async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('nothing failed')
}

/** Waits until `look` gives something; fails after 50 seconds, before the test's own time is over. */
export async function eventually<T>(look: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  const until = Date.now() + 50_000
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen
    if (Date.now() > until) throw new Error(`never came true: ${look.toString()}`)
    await new Promise((done) => setTimeout(done, 10))
  }
}
