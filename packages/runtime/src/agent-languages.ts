/** What this runtime can run: looked at once, at start. */
import { InputError } from '@rowhouse/contract'
import { launchNode } from './launch-node.ts'
import { describePython } from './python/describe-python.ts'
import { launchPython } from './python/launch-python.ts'
import type { RunContext } from './run-job-attempt.ts'

export interface Languages {
  runners: RunContext['languages']
  /** Version by language, as the server and people see it. */
  versions: Record<string, string>
}

/** Python may be missing: the runtime then takes JavaScript models only, and says so. An interpreter named by a person must work. */
export async function findLanguages(python: string, log: (line: string) => void): Promise<Languages> {
  const runners: Languages['runners'] = { JAVASCRIPT: { interpreter: process.execPath, launch: launchNode } }
  const versions: Record<string, string> = { JAVASCRIPT: process.versions.node }
  const found = await describePython(python).catch((error: Error) => error)
  if (!(found instanceof Error)) {
    runners.PYTHON = { interpreter: found.executable, launch: launchPython }
    versions.PYTHON = found.version
  } else if (python === 'python3') {
    log(
      'no python3 here: this runtime takes JavaScript models only (install Python 3.8 or newer, or give --python PATH)',
    )
  } else {
    throw new InputError('InvalidSetting', `--python ${found.message}`)
  }
  return { runners, versions }
}
