/**
 * The mlc wing: routes under the prefix it is registered with, and again below `engine/default`; loops that start when the app is
 * ready and stop when it closes. Its tables are brought up to date by whoever composes the wings.
 */
import { randomUUID } from 'node:crypto'
import type { Client } from '@rowhouse/contract'
import { camundaErrors, onDrain, parseBodiesWithLongs } from '@rowhouse/http'
import { type AnyDatabase, withTables } from '@rowhouse/postgres'
import type { FastifyInstance, FastifyPluginCallback } from 'fastify'
import type { MlcContext, WakeKind } from './context.ts'
import { definitionRoutes } from './definitions/definition.routes.ts'
import { deployShipped, type ShippedDefinition } from './definitions/deploy-shipped.ts'
import { deploymentRoutes } from './definitions/deployment.routes.ts'
import { makeGraphCache } from './definitions/graph-cache.ts'
import { jobRoutes } from './due-work/job.routes.ts'
import { jobDefinitionRoutes } from './due-work/job-definition.routes.ts'
import { eventRoutes } from './events/event.routes.ts'
import { externalTaskRoutes } from './external-tasks/external-task.routes.ts'
import { makeTaskWaiters, type TaskWaiters } from './external-tasks/task-waiters.ts'
import { historyRoutes } from './history/history.routes.ts'
import { incidentRoutes } from './incidents/incident.routes.ts'
import { wakeChannel } from './instances/aggregate-store.ts'
import { executionRoutes } from './instances/execution.routes.ts'
import { engineProblem } from './instances/failure.ts'
import { instanceRoutes } from './instances/instance.routes.ts'
import { makeRunDueLoop } from './instances/run-due.ts'
import { registerList } from './lists/list-resource.ts'
import { eventSubscriptionList } from './message/event-subscription-list.ts'
import { messageRoutes } from './message/message.routes.ts'
import { newId } from './new-id.ts'
import { describeRoutes, hideRoute } from './openapi/describe-routes.ts'
import { signalRoutes } from './signal/signal.routes.ts'
import { taskRoutes } from './tasks/task.routes.ts'
import { variableInstanceList } from './variables/variable-instance-list.ts'
import { makeVault } from './variables/vault.ts'

export interface MlcOptions {
  /** Migrated; owned by the caller. */
  database: AnyDatabase
  modelManage: Client
  shippedDefinitions: ShippedDefinition[]
  /** 32 bytes: users and passwords in URLs are kept encrypted with it. */
  secretKey: Uint8Array
  now?: () => Date
}

/** The version of Camunda whose REST this is. */
const camundaVersion = '7.24.0'

export async function mlc(app: FastifyInstance, options: MlcOptions): Promise<void> {
  // What a diagram did wrong is an engine error in Camunda's dialect, whichever call ran into it.
  camundaErrors(app, engineProblem)
  parseBodiesWithLongs(app)
  const waiters = makeTaskWaiters()
  const ctx: MlcContext = {
    database: withTables<never>(options.database),
    modelManage: options.modelManage,
    graphs: makeGraphCache(),
    vault: makeVault(options.secretKey),
    log: app.log,
    now: options.now ?? (() => new Date()),
    newId,
    serverId: randomUUID(),
    wake: (kind) => wakers[kind](),
    hands: {
      reserve: () => loop.hands.reserve(),
      give: (work) => loop.hands.give(work),
      free: () => loop.hands.free(),
    },
  }
  const loop = makeRunDueLoop(ctx)
  const wakers: Record<WakeKind, () => void> = { 'due-work': loop.wake, 'external-task': waiters.wake }
  for (const prefix of ['', enginePrefix]) await app.register(routes(ctx, waiters), { prefix })
  let unlisten: (() => Promise<void>) | undefined
  const stop = async () => {
    waiters.close()
    await loop.stop()
    await unlisten?.()
    unlisten = undefined
  }
  app.addHook('onReady', async () => {
    unlisten = await options.database.listen(wakeChannel, (payload) => hear(ctx, payload))
    await deployShipped(ctx, options.shippedDefinitions)
    loop.start()
  })
  onDrain(app, stop)
  app.addHook('preClose', async () => waiters.close())
  app.addHook('onClose', stop)
}

/** `kind serverId`, or nothing after the connection broke. What this process said it knows already. */
function hear(ctx: MlcContext, payload: string): void {
  const [kind, from] = payload.split(' ')
  if (from === ctx.serverId) return
  if (kind === 'due-work' || kind === 'external-task') ctx.wake(kind)
  else {
    ctx.wake('due-work')
    ctx.wake('external-task')
  }
}

const enginePrefix = '/engine/default'

function routes(ctx: MlcContext, waiters: TaskWaiters): FastifyPluginCallback {
  return (app, _options, done) => {
    describeRoutes(app)
    if (app.prefix.endsWith(enginePrefix)) app.addHook('onRoute', (route) => hideRoute(route))
    allRoutes(app, ctx, waiters)
    done()
  }
}

function allRoutes(app: FastifyInstance, ctx: MlcContext, waiters: TaskWaiters): void {
  deploymentRoutes(app, ctx)
  definitionRoutes(app, ctx)
  signalRoutes(app, ctx)
  messageRoutes(app, ctx)
  eventRoutes(app, ctx)
  instanceRoutes(app, ctx)
  executionRoutes(app, ctx)
  incidentRoutes(app, ctx)
  jobRoutes(app, ctx)
  jobDefinitionRoutes(app, ctx)
  externalTaskRoutes(app, ctx, waiters)
  taskRoutes(app, ctx)
  historyRoutes(app, ctx)
  registerList(app, ctx, eventSubscriptionList)
  registerList(app, ctx, variableInstanceList)
  app.get('/engine', async () => [{ name: 'default' }])
  app.get('/version', async () => ({ version: camundaVersion }))
}
