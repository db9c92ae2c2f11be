export { type Database, type DatabaseOptions, isDatabaseAway, openDatabase } from './database.ts'
export * from './embedded-face.ts'
export {
  claimIdempotencyKey,
  forgetOldIdempotencyKeys,
  type IdempotencyClaim,
  type IdempotencyKey,
  type IdempotentAnswer,
  storeIdempotentAnswer,
} from './idempotency.ts'
export { MigrationError, type Migrations, migrate } from './migrate.ts'
