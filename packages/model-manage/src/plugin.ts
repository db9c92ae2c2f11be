import { join } from 'node:path'
import type { Client } from '@rowhouse/contract'
import { onDrain, typedApp } from '@rowhouse/http'
import { type AnyDatabase, forgetOldIdempotencyKeys, type Migrations, withTables } from '@rowhouse/postgres'
import type { FastifyInstance } from 'fastify'
import type { Context, Settings } from './context.ts'
import { deployedModelRoutes } from './deployments/deployed-model.routes.ts'
import { schemaName } from './documents/answer.ts'
import { discoveryRoutes, noteCollections } from './documents/discovery.routes.ts'
import { halAnswer } from './documents/hal-answer.ts'
import { refuseUnstorable } from './documents/refuse-unstorable.ts'
import { openContentStore } from './files/content-store.ts'
import { fileRoutes } from './files/file.routes.ts'
import { expireLeases } from './jobs/expire-leases.ts'
import { jobRoutes } from './jobs/job.routes.ts'
import { jobHistoryRoutes } from './jobs/job-history.routes.ts'
import { leaseRoutes } from './jobs/lease.routes.ts'
import { makeLeaseWaiters } from './jobs/lease-waiters.ts'
import { watchLeases } from './jobs/watch-leases.ts'
import { startLoop } from './loop.ts'
import { deployableModelRoutes } from './models/deployable-model.routes.ts'
import { storedModelRoutes } from './models/stored-model.routes.ts'
import { notificationRoutes } from './notifications/notification.routes.ts'
import { startOutbox } from './outbox.ts'
import type { Tables } from './rows.ts'
import { engineRoutes } from './runtimes/engine.routes.ts'
import { queuedChannel } from './tell.ts'

export const modelManageMigrations: Migrations = {
  schema: schemaName,
  directory: new URL('../migrations/', import.meta.url),
}

export interface ModelManageOptions {
  /** Migrated; owned by the caller. Of this wing only the schema model_manage. */
  database: AnyDatabase
  /** The way to the mlc wing: events go there. */
  mlc: Client
  /** Managed files live below this folder. */
  filesDir: string
  /** 32 bytes: encrypts credentials at rest. */
  secretKey: Uint8Array
  settings: Settings
  now?: () => Date
}

/** The wing's routes and loops; registered under `/model-manage/api`. */
export async function modelManage(instance: FastifyInstance, options: ModelManageOptions): Promise<void> {
  const app = typedApp(instance)
  const waiters = makeLeaseWaiters()
  const ctx: Context = {
    database: withTables<Tables>(options.database),
    mlc: options.mlc,
    files: await openContentStore(join(options.filesDir, 'sha256')),
    secretKey: options.secretKey,
    settings: options.settings,
    now: options.now ?? (() => new Date()),
    prefix: app.prefix,
    warn: (line, data) => app.log.warn(data, line),
    waiters,
    wakeOutbox: () => outbox.wake(),
  }
  app.addHook('preValidation', refuseUnstorable)
  app.addHook('preSerialization', halAnswer)
  const found = noteCollections(app, ctx)
  storedModelRoutes(app, ctx)
  deployableModelRoutes(app, ctx)
  deployedModelRoutes(app, ctx)
  engineRoutes(app, ctx)
  jobRoutes(app, ctx)
  leaseRoutes(app, ctx)
  jobHistoryRoutes(app, ctx)
  fileRoutes(app, ctx)
  notificationRoutes(app, ctx)
  discoveryRoutes(app, ctx, found)

  // before the first request: what went silent while no server was there is not yet gone
  await watchLeases(ctx, ctx.now())
  const onError = (error: unknown) => app.log.error({ err: error }, 'a loop of model-manage failed; it goes on')
  const outbox = startOutbox(ctx, onError)
  const leases = startLoop(() => expireLeases(ctx), Math.min(1_000, ctx.settings.leaseMs / 4), onError)
  const housekeeping = startLoop(() => forgetOldKeys(ctx), 3_600_000, onError)
  const unlisten = await ctx.database.listen(queuedChannel, (engineId) =>
    engineId === '' ? waiters.wakeAll() : waiters.wake(engineId),
  )
  const stopLoops = async () => {
    waiters.close()
    await Promise.all([outbox.stop(), leases.stop(), housekeeping.stop()])
  }
  onDrain(instance, stopLoops)
  app.addHook('onClose', async () => {
    await stopLoops()
    await unlisten()
  })
}

async function forgetOldKeys(ctx: Context): Promise<boolean> {
  await forgetOldIdempotencyKeys(ctx.database.kysely, schemaName)
  return false
}
