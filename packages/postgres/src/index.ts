export { connectionAdvice, connectionFault } from './connection-fault.ts'
export { type AnyDatabase, type Database, isDatabaseAway, openDatabase, withTables } from './database.ts'
export * from './embedded-face.ts'
export {
  claimIdempotencyKey,
  forgetOldIdempotencyKeys,
  type IdempotencyKey,
  type IdempotentAnswer,
  storeIdempotentAnswer,
} from './idempotency.ts'
export { type Migrations, migrate } from './migrate.ts'
export { plannedAnew } from './preparing-pool.ts'
