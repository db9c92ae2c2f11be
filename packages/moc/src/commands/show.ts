import { configPath, getConfig } from '../config.ts'
import type { Context } from '../context.ts'
import { printDocument } from '../output.ts'

export async function run(context: Context): Promise<void> {
  const config = getConfig()
  await printDocument(context.output, {
    gatewayUrl: config.gatewayUrl,
    username: config.username ?? null,
    signedIn: config.accessToken !== undefined,
    file: configPath(),
  })
}
