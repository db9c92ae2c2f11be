/** What `rowhouse runtime --help` says of each option, beside `usage`. */
import { usage } from './config.ts'

export const meanings: Readonly<Record<string, string>> = {
  '--gateway URL': 'the server; must be given (ROWHOUSE_RUNTIME_GATEWAY_URL)',
  '--name NAME': 'one name, one runtime (default: runtime- and the host name)',
  '--group NAME': 'kept with the record',
  '--stage STAGE': 'stage, a tag of its own; counts when the server sees the name for the first time',
  '--tag TAG': 'further tag, likewise; repeatable',
  '--token-file FILE': 'how it proves itself: runtime-token in the data folder of the server',
  '--unsecured': 'the server asks for no token',
  '--files FOLDER': 'folder whose files jobs may name; repeatable (default: none, no file is opened)',
  '--files-closed FOLDER': 'folder that no job may open though it lies below --files; repeatable',
  '--allow-link-local': 'http(s) inputs and outputs may go to link-local addresses',
  '--python PATH': 'Python for models (default: python3)',
  '--work-dir FOLDER': 'playgrounds, Python environments, kept model files (default: a temporary folder)',
  '--cache-bytes N': 'most that kept model files may take (default: 2147483648)',
  '--slots N': 'jobs at once (default: 1)',
  '--job-timeout-seconds N': 'for jobs that bring no timeoutSeconds (default: none)',
  '--exit-with-parent': 'stop when the program that started it is gone',
  '--keep-playgrounds': "leave each attempt's folder for a person to look at",
}

export function helpText(): string {
  const width = Math.max(...Object.keys(meanings).map((option) => option.length))
  const lines = Object.entries(meanings).map(([option, meaning]) => `  ${option.padEnd(width)}  ${meaning}`)
  return `${usage}\n\n${lines.join('\n')}\n`
}
