import { Denied, Unmet } from '@rowhouse/contract'
import { z } from 'zod'
import { type App, type AppOptions, camundaErrors, makeApp, parseForms, whoIs } from '../src/index.ts'

const now = new Date('2026-01-02T03:04:05.678Z')
const apps: App[] = []

/** To be called after each test. */
export async function closeApps(): Promise<void> {
  for (const app of apps.splice(0)) await app.close()
}

async function authenticate(token: string) {
  if (token === 'ann') return { kind: 'user' as const, name: 'ann', groups: [], isAdmin: false }
  if (token === 'root') return { kind: 'user' as const, name: 'root', groups: ['ADMIN'], isAdmin: true }
  if (token === 'agent') return { kind: 'runtime' as const, name: 'agent', groups: [], isAdmin: false }
  throw new Denied('Unauthenticated', 'The token is not valid')
}

/** An app with a route of each kind, and a wing in Camunda's dialect. */
export async function started(
  options: Partial<AppOptions> = {},
  more: (app: App) => void = () => undefined,
): Promise<App> {
  const app = makeApp({
    authenticate,
    now: () => now,
    openapi: { title: 't', version: '1', description: 'd' },
    ...options,
  })
  apps.push(app)
  await app.register((plugin, _options, done) => {
    const routes = plugin as unknown as App
    parseForms(routes)
    routes.get('/who', async (request) => ({ who: whoIs(request) }))
    routes.get('/open', { config: { access: 'public' } }, async () => ({ ok: true }))
    routes.get('/admins', { config: { access: ['admin'] } }, async () => ({ ok: true }))
    routes.get('/runtimes', { config: { access: ['runtime'] } }, async () => ({ ok: true }))
    routes.post(
      '/things',
      { schema: { body: z.object({ name: z.string(), deep: z.object({ count: z.number() }).optional() }) } },
      async (request) => request.body,
    )
    routes.post('/any', async (request) => ({ body: request.body ?? null }))
    routes.get('/fails/:how', async (request) => {
      const { how } = request.params as { how: string }
      if (how === 'unmet') throw new Unmet('NoMatchingRuntime', 'Nobody matches', { seen: [] })
      if (how === 'away')
        throw Object.assign(new Error('connect ENOENT /x/.s.PGSQL.5432'), { code: 'ENOENT', syscall: 'connect' })
      if (how === 'refused') {
        const each = Object.assign(new Error('connect ECONNREFUSED ::1:5432'), {
          code: 'ECONNREFUSED',
          syscall: 'connect',
        })
        throw Object.assign(new AggregateError([each]), { code: each.code })
      }
      if (how === 'without an address of ours')
        throw Object.assign(new Error('connect EADDRNOTAVAIL ::1:5432'), { code: 'EADDRNOTAVAIL', syscall: 'connect' })
      if (how === 'nameless')
        throw Object.assign(new Error('getaddrinfo EAI_AGAIN db'), { code: 'EAI_AGAIN', syscall: 'getaddrinfo' })
      if (how === 'cut')
        throw Object.assign(new Error('terminating connection due to administrator command'), { code: '57P01' })
      if (how === 'full') throw Object.assign(new Error('could not extend file "base/1/2"'), { code: '53100' })
      if (how === 'upgraded') {
        const code = { code: '0A000', routine: 'RevalidateCachedQuery' }
        throw Object.assign(new Error('cached plan must not change result type'), code)
      }
      if (how === 'late')
        throw Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' })
      if (how === 'terminated') throw new Error('Connection terminated unexpectedly')
      throw new Error('secret inner detail')
    })
    done()
  })
  await app.register(
    (plugin, _options, done) => {
      camundaErrors(plugin)
      plugin.get('/x', async () => {
        throw new Unmet('ModelNotDeployed', 'Nothing is deployed')
      })
      plugin.post('/y', async () => ({}))
      done()
    },
    { prefix: '/mlc-service/rest' },
  )
  more(app)
  await app.ready()
  return app
}

export const as = (token: string) => ({ authorization: `Bearer ${token}` })
