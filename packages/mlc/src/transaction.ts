import type { QueryExecutorProvider } from 'kysely'

/** Whatever runs a statement: a transaction, or the database itself for reads. */
export type Tx = QueryExecutorProvider
