/** Starts the process of a JavaScript model. Its console and events are told line by line; it leads a process group of its own. */
import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { ModelFailure } from '@rowhouse/contract'
import type { Launch } from './harness-protocol.ts'
import { asHarnessProcess, drained, killGroup, listen } from './python/child.ts'

const isFromSource = import.meta.url.endsWith('.ts')
const harness = fileURLToPath(
  new URL(isFromSource ? './node-harness/main.ts' : './node-harness/main.js', import.meta.url),
)

const flags = [
  // The interpreter's own notices are none of the model's console.
  '--disable-warning=ExperimentalWarning',
  // Left to itself the young generation grows with the file: 133 MB after 1 million rows, 173 after 3. So: 117 and 125, as fast.
  '--max-semi-space-size=8',
  ...(isFromSource ? ['--conditions=source'] : []),
]

export const launchNode: Launch = (options) =>
  new Promise((resolve, reject) => {
    const child = spawn(options.interpreter, [...flags, harness, options.planPath], {
      cwd: options.playground,
      env: options.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    child.once('error', (error) =>
      reject(
        new ModelFailure(
          'InterpreterMissing',
          `The model's process cannot be started: ${options.interpreter}: ${error.message}`,
          {
            interpreter: options.interpreter,
          },
        ),
      ),
    )
    child.once('spawn', () => {
      const { pid } = child
      if (pid === undefined) return
      const pipes = [child.stdout, child.stderr, child.stdio[3]] as Readable[]
      listen(pipes, options.listener)
      const exited = new Promise<{ code: number | null; signal: string | null }>((done) => {
        child.once('exit', (code, signal) => {
          killGroup(pid, 'SIGKILL')
          void drained(pipes).then(() => done({ code, signal }))
        })
      })
      resolve(asHarnessProcess(pid, exited))
    })
  })
