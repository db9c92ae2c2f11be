/** The embedded server alone, for a program that starts it and leaves the rest to others: loads no client library. */
export { describeEmbedded, type EmbeddedPostgres, startEmbedded } from './embedded.ts'
export { isAlive, startMark } from './postmaster.ts'
export { takeFolder } from './take-folder.ts'
