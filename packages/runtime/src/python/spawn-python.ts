/** A model's process started afresh: the interpreter runs harness/python/run.py with the plan. */
import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { ModelFailure } from '@rowhouse/contract'
import type { HarnessExit, HarnessProcess, LaunchOptions } from '../harness-protocol.ts'
import { asHarnessProcess, drained, killGroup, listen, modelEnvironment, pythonFlags } from './child.ts'

/** Also right for the built package: src/python and dist/python lie equally deep. */
const script = fileURLToPath(new URL('../../harness/python/run.py', import.meta.url))

export function spawnPython(options: LaunchOptions, learn?: (modules: string[]) => void): Promise<HarnessProcess> {
  return new Promise((resolve, reject) => {
    const child = spawn(options.interpreter, [...pythonFlags, script, options.planPath], {
      cwd: options.playground,
      env: modelEnvironment(options.env),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    child.once('error', (error) => reject(cannotStart(options, error)))
    child.once('spawn', () => {
      const pid = child.pid
      if (pid === undefined) return
      const pipes = [child.stdout, child.stderr, child.stdio[3]] as Readable[]
      listen(pipes, options.listener, learn)
      const exited = new Promise<HarnessExit>((done) => {
        child.once('exit', (code, signal) => {
          killGroup(pid, 'SIGKILL')
          void drained(pipes).then(() => done({ code, signal }))
        })
      })
      resolve(asHarnessProcess(pid, exited))
    })
  })
}

function cannotStart(options: LaunchOptions, error: Error): ModelFailure {
  return new ModelFailure(
    'InterpreterMissing',
    `The model's process cannot be started: ${options.interpreter}: ${error.message}. Start the runtime with --python and the path of a Python 3.8 or newer`,
    { interpreter: options.interpreter },
  )
}
