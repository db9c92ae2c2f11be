/** What this runtime can run: looked at once, at start. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { InputError } from '@rowhouse/contract'
import { launchPython } from './python/launch-python.ts'
import type { RunContext } from './run-job-attempt.ts'

export interface Languages {
  runners: RunContext['languages']
  /** Version by language, as the server and people see it. */
  versions: Record<string, string>
}

/** Python may be missing: the runtime then takes JavaScript models only, and says so. An interpreter named by a person must work. */
export async function findLanguages(python: string, log: (line: string) => void): Promise<Languages> {
  const runners: Languages['runners'] = {}
  const versions: Record<string, string> = {}
  const found = await askPython(python).catch((error: Error) => error)
  if (!(found instanceof Error)) {
    runners.PYTHON = { interpreter: found.executable, launch: launchPython }
    versions.PYTHON = found.version
  } else if (python === 'python3') {
    log(
      'no python3 here: this runtime takes JavaScript models only (install Python 3.9 or newer, or give --python PATH)',
    )
  } else {
    throw new InputError('InvalidSetting', `--python '${python}' cannot be used: ${found.message}`)
  }
  return { runners, versions }
}

async function askPython(python: string): Promise<{ executable: string; version: string }> {
  const program = 'import sys; print(sys.executable); print("%d.%d.%d" % sys.version_info[:3])'
  const { stdout } = await promisify(execFile)(python, ['-I', '-c', program], { timeout: 20_000 }).catch((error) => {
    if (error.code === 'ENOENT') throw new Error('there is no such program')
    if (error.code === 'EACCES') throw new Error('it may not be executed')
    const last = String(error.stderr ?? '')
      .trim()
      .split('\n')
      .at(-1)
    throw new Error(last || error.message)
  })
  const [executable, version] = stdout.trim().split(/\r?\n/)
  if (!executable || !version) throw new Error('it does not answer like a Python interpreter')
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < 3 || (major === 3 && minor < 8)) throw new Error(`it is Python ${version}; 3.9 or newer is needed`)
  return { executable, version }
}
