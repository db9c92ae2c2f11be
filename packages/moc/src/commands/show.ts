import { configPath } from '../config.ts'
import type { Context } from '../context.ts'
import { printDocument } from '../output.ts'
import { configInForce } from '../session.ts'

export async function run(context: Context): Promise<void> {
  const config = configInForce()
  await printDocument(context.output, {
    gatewayUrl: config.gatewayUrl,
    username: config.username ?? null,
    signedIn: Boolean(process.env.ROWHOUSE_MOC_TOKEN) || config.accessToken !== undefined,
    file: configPath(),
  })
}
