import type { Client } from '@rowhouse/contract'
import type { Database } from '@rowhouse/postgres'
import type { FastifyBaseLogger } from 'fastify'
import type { GraphCache } from './definitions/graph-cache.ts'
import type { Vault } from './variables/vault.ts'

export type { Tx } from './transaction.ts'

/** The mlc wing names its tables by schema in SQL of its own. */
type MlcDatabase = Pick<Database<never>, 'kysely' | 'transaction' | 'listen'>

export type WakeKind = 'due-work' | 'external-task'

/** What every command gets. */
export interface MlcContext {
  database: MlcDatabase
  modelManage: Client
  graphs: GraphCache
  vault: Vault
  log: FastifyBaseLogger
  now(): Date
  newId(): string
  /** Of this process, in locks and wake-ups. */
  serverId: string
  /** Tells the loops of this process that there is work; other servers hear it by NOTIFY. */
  wake(kind: WakeKind): void
}
