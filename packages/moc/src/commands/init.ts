import { parseGatewayUrl, readConfig, writeConfig } from '../config.ts'
import type { Context } from '../context.ts'
import { askCredentials, type CredentialOptions } from '../credentials.ts'
import { needsSignIn, signIn } from '../session.ts'

export async function run(context: Context, [url = '']: string[], options: CredentialOptions): Promise<void> {
  const gatewayUrl = parseGatewayUrl(url)
  if (!(await needsSignIn(gatewayUrl))) {
    writeConfig({ gatewayUrl })
    context.output.say(`${gatewayUrl} is unsecured: no sign-in needed. Remembered.`)
    return
  }
  const { username, password } = await askCredentials(options, readRememberedUser())
  const token = await signIn(gatewayUrl, username, password)
  writeConfig({ gatewayUrl, username, accessToken: token.access_token, refreshToken: token.refresh_token })
  context.output.say(`Signed in to ${gatewayUrl} as ${username}.`)
}

/** A broken configuration is no hindrance to making a new one. */
function readRememberedUser(): string | undefined {
  try {
    return readConfig()?.username
  } catch {
    return undefined
  }
}
