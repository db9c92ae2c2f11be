import type { Client } from '@rowhouse/contract'
import type { Output } from './output.ts'

/** What a command is given besides what the user said. */
export interface Context {
  output: Output
  /** Opened on first use, so that `moc init` and `--help` need no configuration. */
  client(): Client
}
