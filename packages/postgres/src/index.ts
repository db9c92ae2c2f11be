export { type Database, type DatabaseOptions, isDatabaseAway, openDatabase } from './database.ts'
export { describeEmbedded, type EmbeddedOptions, type EmbeddedPostgres, startEmbedded } from './embedded.ts'
export { EmbeddedPostgresError } from './embedded-error.ts'
export {
  claimIdempotencyKey,
  forgetOldIdempotencyKeys,
  type IdempotencyClaim,
  type IdempotencyKey,
  type IdempotentAnswer,
  storeIdempotentAnswer,
} from './idempotency.ts'
export { MigrationError, type Migrations, migrate } from './migrate.ts'
export { isAlive, startMark, takeFolder } from './postmaster.ts'
