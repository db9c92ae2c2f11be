import { Kysely, PostgresDialect, type Transaction } from 'kysely'
import pg from 'pg'
import { Listener } from './listen.ts'
import { isOutdatedPlan, preparingPool } from './preparing-pool.ts'
import { withPlainSslMode } from './ssl-mode.ts'

export interface Database<Tables> {
  kysely: Kysely<Tables>
  pool: pg.Pool
  transaction<T>(work: (tx: Transaction<Tables>) => Promise<T>): Promise<T>
  /**
   * Calls back for each NOTIFY on `channel`, over one connection of its own that comes back by itself. After a break it calls
   * back once with an empty payload: notifications may have been missed, look again. Answers how to stop.
   */
  listen(channel: string, onPayload: (payload: string) => void): Promise<() => Promise<void>>
  close(): Promise<void>
}

/** A database whatever its owner declares of its tables. */
export type AnyDatabase = Omit<Database<never>, 'kysely' | 'transaction'> & { kysely: unknown; transaction: unknown }

/** The same database as one of its users sees it: each wing declares the tables of its own schema. */
export function withTables<Tables>(database: AnyDatabase): Database<Tables> {
  return database as Database<Tables>
}

export interface DatabaseOptions {
  /** Connections at most. */
  max?: number
  applicationName?: string
  /** Told about connections that broke while idle or listening. */
  log?: (line: string) => void
}

export function openDatabase<Tables>(url: string, options: DatabaseOptions = {}): Database<Tables> {
  const applicationName = options.applicationName ?? 'rowhouse'
  const connection: pg.ClientConfig = {
    connectionString: withPlainSslMode(url),
    application_name: applicationName,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  }
  const pool = new pg.Pool({ ...connection, max: options.max ?? 10, idleTimeoutMillis: 60_000 })
  // Without this a connection that breaks while idle would end the process; the pool replaces it.
  pool.on('error', (error) => options.log?.(`a database connection broke: ${error.message}`))
  // The same for one that breaks while a transaction holds it between two statements: its next statement fails and says so.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: preparingPool(pool) }) })
  const listener = new Listener(connection, options.log ?? (() => undefined))
  let closing: Promise<void> | undefined
  return {
    kysely,
    pool,
    transaction: (work) => kysely.transaction().execute(work),
    listen: (channel, onPayload) => listener.listen(channel, onPayload),
    close: () => {
      closing ??= listener.close().then(() => kysely.destroy())
      return closing
    },
  }
}

const awayCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ENOTFOUND',
  'EAI_AGAIN',
  '57P01',
  '57P02',
  '57P03',
])
/** Connections broke; no disk, memory or connection is left; the server is a standby for now. */
const awayClasses = /^(?:08|53|25006$)/

/** The database is away or turns us off for now, or its tables changed under a statement: worth trying again, unlike a mistake in a statement. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = (error as { code?: unknown }).code
  if (isOutdatedPlan(error)) return true
  if (typeof code === 'string' && (awayCodes.has(code) || awayClasses.test(code))) return true
  return /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(
    error.message,
  )
}
