import { InputError } from '@rowhouse/contract'
import { configPath, readConfig } from '../config.ts'
import type { Context } from '../context.ts'
import { printDocument } from '../output.ts'

export async function run(context: Context): Promise<void> {
  const config = readConfig()
  if (config === undefined)
    throw new InputError('NotConfigured', 'moc does not know a gateway yet. Run: moc init <gateway URL>')
  await printDocument(context.output, {
    gatewayUrl: config.gatewayUrl,
    username: config.username ?? null,
    signedIn: config.accessToken !== undefined,
    file: configPath(),
  })
}
