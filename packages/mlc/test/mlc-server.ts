/** The mlc wing as a real app on a real, empty database, with a stand-in for its neighbour that answers over HTTP. */
import { randomBytes, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Denied, makeClient } from '@rowhouse/contract'
import { type App, makeApp, type Principal } from '@rowhouse/http'
import { migrate, openDatabase } from '@rowhouse/postgres'
import { freshDatabase } from '@rowhouse/postgres/testing'
import { onTestFinished } from 'vitest'
import { mlc, mlcMigrations, type ShippedDefinition } from '../src/index.ts'
import { type ModelManageStandIn, startModelManage } from './model-manage-stand-in.ts'

export const rest = '/mlc-service/rest'

export interface MlcServer {
  app: App
  modelManage: ModelManageStandIn
  database: ReturnType<typeof openDatabase<never>>
  /** As a user; `as` another token. */
  call(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Answer>
  deploy(files: Record<string, string | Buffer>, fields?: Record<string, string>): Promise<Answer>
  /** Another server of the wing on the same database. */
  second(): Promise<App>
}
export interface CallOptions {
  as?: 'user' | 'internal' | 'other' | 'runtime'
  headers?: Record<string, string>
}
export interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: bodies of many shapes are looked into
  body: any
  headers: Record<string, unknown>
}

const principals: Record<string, Principal> = {
  user: { kind: 'user', name: 'ann', groups: [], isAdmin: false },
  other: { kind: 'user', name: 'bob', groups: [], isAdmin: false },
  internal: { kind: 'internal', name: 'model-manage', groups: [], isAdmin: false },
  runtime: { kind: 'runtime', name: 'r1', groups: [], isAdmin: false },
}

export async function definition(name: string): Promise<string> {
  return readFile(new URL(`../../../definitions/${name}`, import.meta.url), 'utf8')
}

export async function startMlc(
  options: { shipped?: ShippedDefinition[]; now?: () => Date; unsecured?: boolean; openapi?: boolean } = {},
): Promise<MlcServer> {
  const fresh = await freshDatabase()
  const database = openDatabase<never>(fresh.url, { max: 12 })
  await migrate(database as never, mlcMigrations)
  const modelManage = await startModelManage()
  const apps: App[] = []
  const secretKey = randomBytes(32)
  onTestFinished(async () => {
    for (const app of apps) await app.close()
    await modelManage.stop()
    await database.close()
    await fresh.drop()
  })

  async function open(): Promise<App> {
    const app = makeApp({
      logger: false,
      ...(options.openapi ? { openapi: { title: 'mlc', version: '1', description: 'the wing alone' } } : {}),
      unsecured: options.unsecured ?? false,
      authenticate: async (token) =>
        principals[token] ?? Promise.reject(new Denied('Unauthenticated', 'unknown token')),
    })
    await app.register(
      async (plugin) =>
        mlc(plugin as never, {
          database,
          modelManage: makeClient({ baseUrl: modelManage.url }),
          shippedDefinitions: options.shipped ?? [],
          secretKey,
          ...(options.now === undefined ? {} : { now: options.now }),
        }),
      { prefix: rest },
    )
    await app.ready()
    apps.push(app)
    return app
  }

  const app = await open()
  const call: MlcServer['call'] = async (method, path, body, { as = 'user', headers = {} } = {}) => {
    const answer = await app.inject({
      method: method as 'GET',
      url: `${rest}${path}`,
      headers: { ...(options.unsecured ? {} : { authorization: `Bearer ${as}` }), ...headers },
      ...(body === undefined ? {} : { payload: body as object }),
    })
    return { status: answer.statusCode, body: read(answer.body), headers: answer.headers }
  }
  return {
    app,
    modelManage,
    database,
    call,
    second: open,
    async deploy(files, fields = {}) {
      const { payload, contentType } = form(files, fields)
      return call('POST', '/deployment/create', payload, { headers: { 'content-type': contentType } })
    },
  }
}

function read(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text)
  } catch {
    return text
  }
}

function form(files: Record<string, string | Buffer>, fields: Record<string, string>) {
  const boundary = `----form${randomUUID()}`
  const parts: Buffer[] = []
  for (const [name, value] of Object.entries(fields)) {
    parts.push(Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`))
  }
  for (const [name, content] of Object.entries(files)) {
    const head = `Content-Disposition: form-data; name="data"; filename="${name}"\r\nContent-Type: application/octet-stream`
    parts.push(Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`), Buffer.from(content), Buffer.from('\r\n'))
  }
  parts.push(Buffer.from(`--${boundary}--\r\n`))
  return { payload: Buffer.concat(parts), contentType: `multipart/form-data; boundary=${boundary}` }
}

/** Looks until it is so; the test's own time limit ends a vain wait. */
export async function until<T>(look: () => Promise<T | undefined | false | null>): Promise<T> {
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false && found !== null) return found
    await new Promise((resolve) => setTimeout(resolve, 15))
  }
}
