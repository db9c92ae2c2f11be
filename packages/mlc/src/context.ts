import type { Aggregate } from '@rowhouse/bpmn'
import type { Client } from '@rowhouse/contract'
import type { Database } from '@rowhouse/postgres'
import type { FastifyBaseLogger } from 'fastify'
import type { GraphCache } from './definitions/graph-cache.ts'
import type { Vault } from './variables/vault.ts'

export type { Tx } from './transaction.ts'

/** The mlc wing names its tables by schema in SQL of its own. */
type MlcDatabase = Pick<Database<never>, 'kysely' | 'transaction' | 'listen'>

export type WakeKind = 'due-work' | 'external-task'

/** A piece of due work whose lock is held here. */
export interface TakenWork {
  workId: string
  instanceId: string
  definitionId: string
  activityId: string
  kind: string
  createdAt: Date
  /** Who holds the lock of the work. */
  owner: string
  /** The instance as the step that made this work left it; else it is read. */
  aggregate?: Aggregate | undefined
}

/** Those of this process that do due work. */
export interface Hands {
  /** Until when the lock of work taken now holds; undefined: none is free, the loop will find it. Each one reserved is given work or freed. */
  reserve(): Date | undefined
  give(work: TakenWork): void
  free(): void
}

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
  hands: Hands
}
