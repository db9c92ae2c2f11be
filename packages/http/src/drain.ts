import { setTimeout as sleep } from 'node:timers/promises'
import { Unavailable } from '@rowhouse/contract'
import type { FastifyInstance } from 'fastify'

type Drainer = () => Promise<void> | void

declare module 'fastify' {
  interface FastifyInstance {
    /** Aborts when the server begins to stop: long polls answer at once. */
    draining: AbortSignal
    drainState: DrainState
  }
}

interface DrainState {
  controller: AbortController
  running: number
  drainers: Drainer[]
}

export function makeDrainable(app: FastifyInstance): void {
  const state: DrainState = { controller: new AbortController(), running: 0, drainers: [] }
  app.decorate('drainState', state)
  app.decorate('draining', state.controller.signal)
  app.addHook('onRequest', async (request) => {
    // what the wings ask one another still belongs to work that began before
    const isInside = request.principal?.kind === 'internal' || request.routeOptions.config.access === 'public'
    if (state.controller.signal.aborted && !isInside)
      throw new Unavailable('The server is stopping; try again in a moment', 2000)
  })
  app.addHook('onRequest', async (_request, reply) => {
    let isRunning = true
    const end = () => {
      if (isRunning) state.running--
      isRunning = false
    }
    state.running++
    reply.raw.once('finish', end)
    reply.raw.once('close', end)
  })
  app.addHook('preClose', async () => state.controller.abort())
}

/** Loops of a wing that are to end before the server closes, while the other wing still answers. */
export function onDrain(app: FastifyInstance, drainer: Drainer): void {
  app.drainState.drainers.push(drainer)
}

/** Graceful stop: no new work, long polls end, loops end, running requests are answered, then the sockets close. */
export async function stopApp(
  app: Pick<FastifyInstance, 'drainState' | 'log' | 'server' | 'close'>,
  graceMs = 10_000,
): Promise<void> {
  const { controller, drainers } = app.drainState
  const until = Date.now() + graceMs
  controller.abort()
  await Promise.race([
    Promise.allSettled(drainers.map(async (drainer) => drainer())),
    sleep(graceMs, undefined, { ref: false }),
  ])
  while (app.drainState.running > 0 && Date.now() < until) await sleep(10)
  if (app.drainState.running > 0) {
    app.log.warn({ running: app.drainState.running }, 'requests still ran at the end of the grace period')
    app.server.closeAllConnections()
  }
  await app.close()
}
