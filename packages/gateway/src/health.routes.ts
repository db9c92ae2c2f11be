import { Unavailable } from '@rowhouse/contract'
import type { App } from '@rowhouse/http'
import type { GatewayDatabase } from './users.ts'

/** `live`: the process answers. `ready`: it can do work now, its database included. */
export function healthRoutes(app: App, database: GatewayDatabase): void {
  const route = (summary: string) => ({
    config: { access: 'public' as const },
    schema: { summary, tags: ['health'], security: [] },
  })
  app.get('/health/live', route('Whether the process answers'), async () => ({ status: 'UP' }))
  app.get(
    '/health/ready',
    route('Whether the server can do work: 503 without its database, or while it stops'),
    async (_request, reply) => {
      reply.header('cache-control', 'no-store')
      if (app.draining.aborted) throw new Unavailable('The server is stopping', 2000)
      await database.pool.query('select 1').catch((error: Error) => {
        throw new Unavailable('The database does not answer just now', 2000, error)
      })
      return { status: 'UP', components: { database: { status: 'UP' } } }
    },
  )
}
