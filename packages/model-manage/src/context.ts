import type { Client } from '@rowhouse/contract'
import type { Database } from '@rowhouse/postgres'
import { type Kysely, sql, type Transaction } from 'kysely'
import type { ContentStore } from './files/content-store.ts'
import type { LeaseWaiters } from './jobs/lease-waiters.ts'
import type { Tables } from './rows.ts'
import { type News, writeNews } from './tell.ts'

export type Tx = Transaction<Tables>
/** For reads that need no transaction of their own. */
export type Reader = Kysely<Tables>

export interface Settings {
  /** How often a runtime beats. */
  heartbeatMs: number
  /** How long a runtime and its attempts are held to be alive without a beat. */
  leaseMs: number
  /** A job whose runtime was lost this often ends in ERROR. */
  attemptsMax: number
  /** Jobs go only to runtimes named in the deployment records, not to any that matches now. */
  onlyDeployedRuntimes: boolean
}

/** What the wing's commands work with; made once by the plugin. */
export interface Context {
  database: Database<Tables>
  mlc: Client
  files: ContentStore
  secretKey: Uint8Array
  settings: Settings
  now: () => Date
  /** Where this wing is mounted: `/model-manage/api`. Hrefs begin with it. */
  prefix: string
  waiters: LeaseWaiters
  warn: (line: string, data: Record<string, unknown>) => void
  /** Set by the outbox loop: there is something to tell. */
  wakeOutbox: () => void
}

/** One command's transaction: its moment, who asked for it, and what to wake once it is committed. */
export interface Work extends News {
  ctx: Context
  tx: Tx
  who: string
}

/** Of a short job all states go together with its end. */
const newsAfterMs = 100

/**
 * In the returning clause of a statement that is a transaction of its own: its commit does not wait for the disk. For what a crash may undo
 * without harm: signs of life, claims and deletions of the outbox (what is sent twice is dropped by its id).
 */
export const unhurried = sql`set_config('synchronous_commit', 'off', true)`

/** Runs a command as one transaction and wakes the loops after the commit, so that nobody looks before there is something to see. */
export async function inTransaction<T>(ctx: Context, who: string, command: (work: Work) => Promise<T>): Promise<T> {
  let done: Work | undefined
  const result = await ctx.database.transaction(async (tx) => {
    done = { ctx, tx, now: ctx.now(), who, queuedFor: new Set(), told: [] }
    const answer = await command(done)
    await writeNews(done)
    return answer
  })
  if (done?.told.some((event) => event.message !== undefined)) ctx.wakeOutbox()
  // what is only told goes behind what is done: a runtime is about to ask for the job
  else if (done?.told.length) setTimeout(ctx.wakeOutbox, newsAfterMs).unref()
  for (const engineId of done?.queuedFor ?? []) ctx.waiters.wake(engineId)
  return result
}

/** Who changes documents when no person does. */
export const systemName = 'SYSTEM'
