/**
 * pg's pool as Kysely uses it, with statements that come again prepared: PostgreSQL parses and plans them once for each connection
 * and not at every call, which for most of ours is more work than the call itself.
 */
import { type PostgresPool, type PostgresPoolClient, sql } from 'kysely'
import type pg from 'pg'

/** Texts that differ by their number of placeholders are many; each connection keeps a plan of each that is prepared. */
const preparedMax = 300
/** Ours are shorter; what callers made long is seldom said again. */
const preparedLengthMax = 10_000
const rememberedMax = 3_000

const plannedAnewText = '/* planned anew */'
/**
 * Before a statement that is not to be prepared: one that joins a table with itself, which is empty at most times and long at others. A plan
 * kept from the empty table compares each row with each, until PostgreSQL has analyzed the long one, up to a minute later.
 */
export const plannedAnew = sql.raw(plannedAnewText)

/** The columns of a table changed under a prepared `select *`: a migration of another server. */
export function isOutdatedPlan(error: unknown): boolean {
  const { code, routine } = (error ?? {}) as { code?: unknown; routine?: unknown }
  return code === '0A000' && routine === 'RevalidateCachedQuery'
}

/**
 * After these the connection may hold a statement that will never work again: its parameters were typed by columns that changed since
 * (42...), it was dropped (26000), or pg noted it as parsed although it was never sent (no code: a value that cannot be serialized).
 */
function mayStayBroken(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code !== 'string' || code === '0A000' || code === '26000' || code.startsWith('42')
}

export function preparingPool(pool: pg.Pool): PostgresPool {
  const names = new StatementNames()
  const known = new WeakMap<pg.PoolClient, PostgresPoolClient>()
  return {
    options: pool.options,
    async connect() {
      const client = await pool.connect()
      const preparing = known.get(client) ?? preparingClient(client, names)
      known.set(client, preparing)
      return preparing
    },
    end: () => pool.end(),
  }
}

function preparingClient(client: pg.PoolClient, names: StatementNames): PostgresPoolClient {
  let isBroken = false
  const query = async (text: string, values: readonly unknown[]) => {
    const name = values.length === 0 || text.includes(plannedAnewText) ? undefined : names.of(text)
    try {
      return await client.query({ text, values: [...values], ...(name === undefined ? {} : { name }) })
    } catch (error) {
      isBroken ||= name !== undefined && mayStayBroken(error)
      throw error
    }
  }
  return {
    query: query as unknown as PostgresPoolClient['query'],
    release: (destroy) => client.release(destroy === true || isBroken),
  }
}

/** Names for statements, from their second time on. */
class StatementNames {
  readonly #names = new Map<string, string>()
  readonly #seen = new Set<string>()

  of(text: string): string | undefined {
    const name = this.#names.get(text)
    if (name !== undefined || this.#names.size >= preparedMax || text.length > preparedLengthMax) return name
    if (this.#seen.delete(text)) return this.#add(text)
    if (this.#seen.size >= rememberedMax) this.#seen.clear()
    this.#seen.add(text)
    return undefined
  }

  #add(text: string): string {
    const name = `s${this.#names.size + 1}`
    this.#names.set(text, name)
    return name
  }
}
