import { Denied } from '@rowhouse/contract'
import { Exit, exitCode } from './exit.ts'

export interface CredentialOptions {
  user?: string
  password?: string
  passwordStdin?: boolean
}

/** From the options, the environment, stdin or a prompt; where nobody can be asked, a sentence that says how to give them. */
export async function askCredentials(
  options: CredentialOptions,
  usual: string | undefined,
): Promise<{ username: string; password: string }> {
  const username = options.user ?? (process.env.ROWHOUSE_MOC_USER || undefined) ?? (await promptUser(usual))
  const password = options.passwordStdin
    ? await readStdin()
    : (options.password ?? (process.env.ROWHOUSE_MOC_PASSWORD || undefined) ?? (await promptPassword()))
  return { username, password }
}

async function promptUser(usual: string | undefined): Promise<string> {
  if (usual !== undefined && process.stdin.isTTY !== true) return usual
  refuseWithoutTerminal()
  const { isCancel, text } = await import('@clack/prompts')
  const answer = await text({
    message: 'User name',
    ...(usual === undefined ? {} : { initialValue: usual }),
    output: process.stderr,
  })
  if (isCancel(answer)) throw new Exit(exitCode.interrupted)
  return answer
}

async function promptPassword(): Promise<string> {
  refuseWithoutTerminal()
  const prompts = await import('@clack/prompts')
  const answer = await prompts.password({ message: 'Password', output: process.stderr })
  if (prompts.isCancel(answer)) throw new Exit(exitCode.interrupted)
  return answer
}

function refuseWithoutTerminal(): void {
  if (process.stdin.isTTY === true) return
  throw new Denied(
    'Unauthenticated',
    'This gateway wants a sign-in and there is no terminal to ask on. Give --user and --password-stdin, or set ROWHOUSE_MOC_USER and ROWHOUSE_MOC_PASSWORD.',
  )
}

async function readStdin(): Promise<string> {
  let text = ''
  for await (const chunk of process.stdin) text += chunk
  return text.replace(/\r?\n$/, '')
}
