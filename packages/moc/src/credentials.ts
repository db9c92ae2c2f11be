import { Denied, InputError } from '@rowhouse/contract'
import { openPrompts, type Prompts } from './prompts.ts'

export interface CredentialOptions {
  user?: string
  password?: string
  passwordStdin?: boolean
}

export interface Credentials {
  username: string
  password: string
}

/** From the options, the environment, stdin or a prompt; where nobody can be asked, a sentence that says how to give them. */
export async function askCredentials(options: CredentialOptions, usual: string | undefined): Promise<Credentials> {
  const { ROWHOUSE_MOC_USER, ROWHOUSE_MOC_PASSWORD } = process.env
  const isTerminal = process.stdin.isTTY === true
  const username = options.user ?? (ROWHOUSE_MOC_USER || (isTerminal ? undefined : usual))
  const password = options.passwordStdin
    ? await readStdin()
    : (options.password ?? (ROWHOUSE_MOC_PASSWORD || undefined))
  if (username !== undefined && password !== undefined) return complete(username, password)
  if (!isTerminal) throw nobodyToAsk()
  const prompts = openPrompts()
  try {
    return complete(username ?? (await askUser(prompts, usual)), password ?? (await prompts.askSecret('Password: ')))
  } finally {
    prompts.close()
  }
}

async function askUser(prompts: Prompts, usual: string | undefined): Promise<string> {
  const answer = await prompts.ask(usual === undefined ? 'Username: ' : `Username (${usual}): `)
  return answer.trim() || (usual ?? '')
}

function complete(username: string, password: string): Credentials {
  if (username === '') throw new InputError('NoUser', 'The user name is empty')
  if (password === '') throw new InputError('NoPassword', 'The password is empty')
  return { username, password }
}

function nobodyToAsk(): Denied {
  return new Denied(
    'Unauthenticated',
    'This gateway wants a sign-in and there is no terminal to ask on. Give --user and --password-stdin, or set ROWHOUSE_MOC_USER and ROWHOUSE_MOC_PASSWORD.',
    { isSignIn: true },
  )
}

async function readStdin(): Promise<string> {
  let text = ''
  for await (const chunk of process.stdin) text += chunk
  return text.replace(/\r?\n$/, '')
}
