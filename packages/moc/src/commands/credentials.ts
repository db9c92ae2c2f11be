import { getConfig, writeConfig } from '../config.ts'
import type { Context } from '../context.ts'
import { askCredentials, type CredentialOptions } from '../credentials.ts'
import { signIn } from '../session.ts'

export async function run(context: Context, _args: string[], options: CredentialOptions): Promise<void> {
  const config = getConfig()
  const { username, password } = await askCredentials(options, config.username)
  const token = await signIn(config.gatewayUrl, username, password)
  writeConfig({
    gatewayUrl: config.gatewayUrl,
    username,
    accessToken: token.access_token,
    refreshToken: token.refresh_token,
  })
  context.output.say(`Signed in to ${config.gatewayUrl} as ${username}.`)
}
