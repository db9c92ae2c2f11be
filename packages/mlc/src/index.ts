export type { ShippedDefinition } from './definitions/deploy-shipped.ts'
export { mlc } from './plugin.ts'

export const mlcMigrations = { schema: 'mlc', directory: new URL('../migrations/', import.meta.url) }
