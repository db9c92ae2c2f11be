import { join } from 'node:path'
import type { Client } from '@rowhouse/contract'
import { type App, onDrain } from '@rowhouse/http'
import type { Database, Migrations } from '@rowhouse/postgres'
import type { FastifyInstance } from 'fastify'
import type { Context, Settings } from './context.ts'
import { deployedModelRoutes } from './deployments/deployed-model.routes.ts'
import { openContentStore } from './files/content-store.ts'
import { makeLeaseWaiters } from './jobs/lease-waiters.ts'
import { deployableModelRoutes } from './models/deployable-model.routes.ts'
import { storedModelRoutes } from './models/stored-model.routes.ts'
import { startOutbox } from './outbox.ts'
import type { Tables } from './rows.ts'
import { engineRoutes } from './runtimes/engine.routes.ts'

export const modelManageMigrations: Migrations = {
  schema: 'model_manage',
  directory: new URL('../migrations/', import.meta.url),
}

/** A database whatever its owner declares of its tables. */
export type AnyDatabase = Omit<Database<never>, 'kysely' | 'transaction'> & { kysely: unknown; transaction: unknown }

export interface ModelManageOptions {
  /** Migrated; owned by the caller. Of this wing only the schema model_manage. */
  database: AnyDatabase
  /** The way to the mlc wing: events go there. */
  mlc: Client
  /** Managed files live below this folder. */
  filesDir: string
  /** 32 bytes: encrypts credentials at rest. */
  secretKey: Uint8Array
  settings?: Partial<Settings>
  now?: () => Date
}

export const settingsDefault: Settings = {
  heartbeatMs: 10_000,
  leaseMs: 30_000,
  attemptsMax: 3,
  onlyDeployedRuntimes: false,
}

/** The wing's routes and loops; registered under `/model-manage/api`. */
export async function modelManage(instance: FastifyInstance, options: ModelManageOptions): Promise<void> {
  const app = instance as unknown as App
  const waiters = makeLeaseWaiters()
  const ctx: Context = {
    database: options.database as unknown as Database<Tables>,
    mlc: options.mlc,
    files: await openContentStore(join(options.filesDir, 'sha256')),
    secretKey: options.secretKey,
    settings: { ...settingsDefault, ...options.settings },
    now: options.now ?? (() => new Date()),
    prefix: app.prefix,
    waiters,
    wakeOutbox: () => outbox.wake(),
  }
  storedModelRoutes(app, ctx)
  deployableModelRoutes(app, ctx)
  deployedModelRoutes(app, ctx)
  engineRoutes(app, ctx)

  const onError = (error: unknown) => app.log.error({ err: error }, 'a loop of model-manage failed; it goes on')
  const outbox = startOutbox(ctx, onError)
  onDrain(instance, async () => {
    await outbox.stop()
  })
  app.addHook('onClose', async () => {
    await outbox.stop()
  })
}
