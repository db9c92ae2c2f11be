import { randomBytes } from 'node:crypto'
import type { Database } from '@rowhouse/postgres'
import { hashPassword, verifyPassword } from './passwords.ts'

export interface GatewayTables {
  'gateway.user_account': {
    name: string
    password_hash: string
    groups: string[]
    created_at: Date
    password_changed_at: Date
  }
}

export type GatewayDatabase = Database<GatewayTables>

export interface User {
  name: string
  groups: string[]
  passwordChangedAt: Date
}

export const adminGroup = 'ADMIN'

export const gatewayMigrations = { schema: 'gateway', directory: new URL('../migrations/', import.meta.url) }

export async function findUser(
  database: GatewayDatabase,
  name: string,
): Promise<(User & { passwordHash: string }) | undefined> {
  const row = await database.kysely
    .selectFrom('gateway.user_account')
    .selectAll()
    .where('name', '=', name)
    .executeTakeFirst()
  return (
    row && {
      name: row.name,
      groups: row.groups,
      passwordChangedAt: row.password_changed_at,
      passwordHash: row.password_hash,
    }
  )
}

/** undefined when there is no such user or the password is another. */
export async function signIn(database: GatewayDatabase, name: string, password: string): Promise<User | undefined> {
  const user = await findUser(database, name)
  return (await verifyPassword(password, user?.passwordHash)) ? user : undefined
}

/**
 * The administrator. With a password given it is made so at each start; without one it is made when there is no user yet, and
 * the answer is the password that nobody knows but the reader of this start's output.
 */
export async function ensureAdmin(
  database: GatewayDatabase,
  name: string,
  given: string | null,
): Promise<string | null> {
  const known = await findUser(database, name)
  if (given !== null) {
    if (!known || !(await verifyPassword(given, known.passwordHash))) await putAdmin(database, name, given)
    return null
  }
  if (known || (await hasUsers(database))) return null
  const password = randomBytes(15).toString('base64url')
  return (await insertAdmin(database, name, password)) ? password : null
}

async function hasUsers(database: GatewayDatabase): Promise<boolean> {
  return (
    (await database.kysely.selectFrom('gateway.user_account').select('name').limit(1).executeTakeFirst()) !== undefined
  )
}

/** false when another server was first. */
async function insertAdmin(database: GatewayDatabase, name: string, password: string): Promise<boolean> {
  const values = {
    name,
    password_hash: await hashPassword(password),
    groups: [adminGroup],
    created_at: new Date(),
    password_changed_at: new Date(),
  }
  const result = await database.kysely
    .insertInto('gateway.user_account')
    .values(values)
    .onConflict((c) => c.doNothing())
    .executeTakeFirst()
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n
}

async function putAdmin(database: GatewayDatabase, name: string, password: string): Promise<void> {
  const changed = { password_hash: await hashPassword(password), password_changed_at: new Date() }
  await database.kysely
    .insertInto('gateway.user_account')
    .values({ name, groups: [adminGroup], created_at: new Date(), ...changed })
    .onConflict((c) => c.column('name').doUpdateSet(changed))
    .execute()
}
