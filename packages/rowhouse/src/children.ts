import { type ChildProcess, fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { FromServer } from '@rowhouse/gateway/parent'
import type { End, Life } from './keep.ts'
import type { Leftovers } from './leftovers.ts'
import { childOptions, programPath } from './programs.ts'

interface ChildOptions {
  leftovers: Leftovers
  env?: Record<string, string>
}

/** A process group of its own: Ctrl-C in a terminal reaches us, and we stop the parts in their order. */
function startChild(name: string, packageName: string, args: string[], { leftovers, env }: ChildOptions): ChildProcess {
  const child = fork(programPath(packageName), args, {
    execArgv: childOptions(),
    env: { ...(name === 'runtime' ? environmentOfRuntime(process.env) : process.env), ...env },
    stdio: ['ignore', name === 'runtime' ? 'pipe' : 2, 2, 'ipc'],
    detached: process.platform !== 'win32',
  })
  leftovers.note(name, child.pid)
  return child
}

/** Models run under the runtime's user and can read its environment: what is for the server (passwords, the database) stays out of it. */
export function environmentOfRuntime(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isOurs = (name: string) => /^(ROWHOUSE|PG)/.test(name)
  const isForRuntime = (name: string) => name.startsWith('ROWHOUSE_RUNTIME_') || name === 'ROWHOUSE_FROM_SOURCE'
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isOurs(name) || isForRuntime(name)))
}

export interface ServerStart extends ChildOptions {
  args: string[]
  databaseUrl: Promise<string>
  onLoaded(): void
  onReady(ready: { url: string; firstPassword: { user: string; password: string } | null }): void
}

export function startServerChild({ args, databaseUrl, onLoaded, onReady, ...options }: ServerStart): Life {
  const child = startChild('server', '@rowhouse/gateway', args, options)
  let reason: string | undefined
  void databaseUrl.then((url) => {
    if (child.connected) child.send({ databaseUrl: url })
  })
  const ready = new Promise<void>((settle) => {
    child.on('message', (message: FromServer) => {
      if ('failed' in message) reason = message.failed
      else if ('loaded' in message) onLoaded()
      else {
        onReady(message.ready)
        settle()
      }
    })
  })
  return lifeOf(child, ready, 30_000, (end) => ({ ...end, ...(reason === undefined ? {} : { reason }) }))
}

export interface RuntimeStart extends ChildOptions {
  args: string[]
}

export function startRuntimeChild({ args, ...options }: RuntimeStart): Life {
  const child = startChild('runtime', '@rowhouse/runtime', [...args, '--exit-with-parent'], options)
  const ready = new Promise<void>((settle) => {
    if (!child.stdout) return
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('ready ')) settle()
    })
  })
  return lifeOf(child, ready, 20_000, (end) => end)
}

function lifeOf(child: ChildProcess, ready: Promise<void>, patienceMs: number, explain: (end: End) => End): Life {
  const ended = new Promise<End>((settle) => {
    child.once('error', (error) => settle({ how: error.message }))
    child.once('exit', (code, signal) =>
      settle(explain({ how: signal === null ? `exit code ${code}` : `killed by ${signal}`, isFinal: code === 2 })),
    )
  })
  return {
    pid: child.pid ?? 0,
    ready,
    ended,
    async stop() {
      child.kill('SIGTERM')
      const impatience = setTimeout(() => child.kill('SIGKILL'), patienceMs)
      await ended
      clearTimeout(impatience)
    },
    kill: () => void child.kill('SIGKILL'),
  }
}

export interface RuntimeWish {
  gatewayUrl: string
  dataDir: string
  name: string
  stage: string
  tags: readonly string[]
  files: readonly string[]
  python?: string | undefined
  slots?: string | undefined
  tokenFile: string | null
}

export function runtimeArguments({
  gatewayUrl,
  dataDir,
  name,
  stage,
  tags,
  files,
  python,
  slots,
  tokenFile,
}: RuntimeWish): string[] {
  const flags: [string, string | undefined][] = [
    ['--gateway', gatewayUrl],
    ['--name', name],
    ['--stage', stage],
    ...tags.map((tag): [string, string] => ['--tag', tag]),
    ...files.map((folder): [string, string] => ['--files', folder]),
    ['--python', python],
    ['--slots', slots],
    ['--work-dir', join(dataDir, 'runtime')],
    ['--token-file', tokenFile ?? undefined],
  ]
  return [
    ...flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, value])),
    ...(tokenFile === null ? ['--unsecured'] : []),
  ]
}

export function isThere(file: string): boolean {
  return existsSync(file)
}
