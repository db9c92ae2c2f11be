/** `runtime --gateway URL …`: one agent until it is told to stop. stdout says `ready NAME` once; talk goes to stderr. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AppError, InputError, makeClient } from '@rowhouse/contract'
import { type Agent, startAgent } from './agent.ts'
import { findLanguages } from './agent-languages.ts'
import { claimWorkFolder } from './agent-leftovers.ts'
import { parseConfig, type RuntimeConfig } from './config.ts'
import { makeContentCache } from './content-cache.ts'
import { helpText } from './help.ts'
import { ensureEnvironment } from './python/environments.ts'
import { coolPython, warmPython } from './python/launch-python.ts'
import { messageOf } from './register.ts'

const exitCodes: Partial<Record<AppError['kind'], number>> = { InputError: 2, Denied: 4, Conflict: 5 }

async function main(argv: readonly string[]): Promise<number> {
  if (argv.some((arg) => arg === '--help' || arg === '-h')) {
    process.stdout.write(helpText())
    return 0
  }
  let log = (line: string) => void process.stderr.write(`runtime: ${line}\n`)
  try {
    const config = parseConfig(argv, process.env)
    log = (line) => void process.stderr.write(`runtime ${config.name}: ${line}\n`)
    return await runAgent(config, log)
  } catch (error) {
    log(messageOf(error))
    return error instanceof AppError ? (exitCodes[error.kind] ?? 1) : 1
  }
}

async function runAgent(config: RuntimeConfig, log: (line: string) => void): Promise<number> {
  // it may be a disk that is mounted later
  for (const folder of config.fileRoots.filter((each) => !isFolder(each)))
    log(`--files ${folder} is no folder here: jobs that name files below it fail until it is one`)
  let token = readToken(config)
  const client = makeClient({
    baseUrl: config.gatewayUrl,
    token: () => token,
    renewToken: async () => {
      token = readToken(config)
    },
  })
  const languages = await findLanguages(config.python, log)
  // The first job is to find its interpreter warm; should that fail, jobs start afresh.
  if (languages.runners.PYTHON) void warmPython(languages.runners.PYTHON.interpreter).catch(() => {})
  const workFolder = await claimWorkFolder(config.workDir, log)
  const agent = startAgent({
    client,
    registration: {
      name: config.name,
      group: config.group,
      initialTags: [...config.tags],
      stage: config.stage,
      release: readVersion(),
      capabilities: { languages: Object.keys(languages.versions).sort(), versions: languages.versions },
      platform: { os: process.platform, arch: process.arch },
      slots: config.slots,
    },
    slots: config.slots,
    workFolder,
    run: {
      client,
      gatewayUrl: config.gatewayUrl,
      runtimeName: config.name,
      fileRoots: { open: config.fileRoots, closed: ownFolders(config) },
      allowLinkLocal: config.allowLinkLocal,
      jobTimeoutSeconds: config.jobTimeoutSeconds,
      languages: languages.runners,
      ensureEnvironment,
      environmentsDir: join(config.workDir, 'environments'),
      contentCache: makeContentCache(join(config.workDir, 'cache'), config.cacheBytes),
      keepPlaygrounds: config.keepPlaygrounds,
      log,
    },
    log,
    onRegistered: ({ id, tags }) => {
      log(`registered with ${config.gatewayUrl} as ${id}, tags ${tags.join(', ') || '(none)'}`)
      process.stdout.write(`ready ${config.name}\n`)
    },
  })
  stopOnSignals(agent, config, log)
  const end = await agent.ended.finally(coolPython)
  return end === 'drained' ? 0 : 5
}

/** One Ctrl-C may reach us twice: from the terminal, and handed on by npm or by an older Node in between. */
const sameWishMs = 1_000

/** The first signal drains, the second does not wait. With --exit-with-parent a closed stdin or IPC channel is such a signal. */
function stopOnSignals(agent: Agent, config: RuntimeConfig, log: (line: string) => void): void {
  let askedAt: number | undefined
  const stop = (why: string) => {
    if (askedAt !== undefined) return
    askedAt = performance.now()
    log(`${why}: handing back what runs`)
    void agent.drain(`runtime ${config.name} stops`)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (askedAt !== undefined && performance.now() - askedAt > sameWishMs) process.exit(1)
      stop(`asked to stop (${signal})`)
    })
  }
  if (!config.exitWithParent) return
  const stopForParent = () => stop('the parent process is gone')
  if (process.connected) process.once('disconnect', stopForParent)
  else if (process.send !== undefined) stopForParent()
  else {
    process.stdin.once('end', stopForParent)
    process.stdin.once('close', stopForParent)
    process.stdin.on('error', stopForParent)
    process.stdin.resume()
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

function ownFolders({ workDir, tokenFile, closedFolders }: RuntimeConfig): string[] {
  return [workDir, ...(tokenFile === null ? [] : [tokenFile]), ...closedFolders]
}

function readVersion(): string {
  const file = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(file) as { version: string }).version
}

function readToken(config: RuntimeConfig): string | undefined {
  if (config.tokenFile === null) return undefined
  try {
    return readFileSync(config.tokenFile, 'utf8').trim()
  } catch (error) {
    throw new InputError(
      'InvalidSetting',
      `--token-file ${config.tokenFile} cannot be read (${(error as NodeJS.ErrnoException).code})`,
    )
  }
}

process.exit(await main(process.argv.slice(2)))
