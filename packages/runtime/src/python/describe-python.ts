/** Who an interpreter is: what a runtime advertises, and what a virtual environment is cached by. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { InputError } from '@rowhouse/contract'

export interface PythonFacts {
  /** `3.11.7` */
  version: string
  /** The interpreter itself: behind links and version managers' wrappers, which cost a start of their own. */
  executable: string
  /** Of the system it was built for: `linux-x86_64`. */
  platform: string
}

const program =
  'import sys, sysconfig, json; print(json.dumps({"version": "%d.%d.%d" % sys.version_info[:3], "executable": sys.executable, "platform": sysconfig.get_platform()}))'
const answerMs = 20_000

export async function describePython(python: string): Promise<PythonFacts> {
  const { stdout } = await promisify(execFile)(python, ['-I', '-c', program], { timeout: answerMs }).catch(
    (error: unknown) => {
      throw new InputError('PythonUnusable', `'${python}' cannot be used as Python: ${reasonOf(error)}`, { python })
    },
  )
  const facts = parseFacts(stdout)
  if (facts === null) {
    throw new InputError('PythonUnusable', `'${python}' does not answer like a Python interpreter`, { python })
  }
  const [major = 0, minor = 0] = facts.version.split('.').map(Number)
  if (major < 3 || (major === 3 && minor < 8)) {
    throw new InputError('PythonUnusable', `'${python}' is Python ${facts.version}: 3.8 or newer is needed`, { python })
  }
  return facts
}

function parseFacts(text: string): PythonFacts | null {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return null
    const { version, executable, platform } = value as Partial<Record<string, unknown>>
    if (typeof version !== 'string' || typeof executable !== 'string' || typeof platform !== 'string') return null
    return executable === '' ? null : { version, executable, platform }
  } catch {
    return null
  }
}

function reasonOf(error: unknown): string {
  const { code, killed, stderr, message } = error as {
    code?: unknown
    killed?: boolean
    stderr?: string
    message?: string
  }
  if (code === 'ENOENT') return 'there is no such program'
  if (code === 'EACCES') return 'it may not be executed'
  if (killed) return `it did not answer within ${answerMs / 1000} s`
  return stderr?.trim().split('\n').at(-1) || message || String(error)
}
