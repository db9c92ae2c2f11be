/** `rowhouse up`: PostgreSQL, server and runtime as children; what dies is started again; the runtime stops first, PostgreSQL last. */
import { join, resolve } from 'node:path'
import { type EmbeddedPostgres, startEmbedded, takeFolder } from '@rowhouse/postgres/embedded'
import { isThere, runtimeArguments, startRuntimeChild, startServerChild } from './children.ts'
import { makeDataFolder } from './data-folder.ts'
import { type Kept, keep, type Life } from './keep.ts'
import { type Leftovers, openLeftovers } from './leftovers.ts'
import { choosePort } from './port.ts'

export interface UpOptions {
  port: string
  host: string
  data: string
  databaseUrl?: string
  unsecured?: boolean
  behindProxy?: boolean
  tlsCert?: string
  tlsKey?: string
  definitions?: string
  logLevel?: string
  stage?: string
  tag?: string[]
  name?: string
  files?: string[]
  python?: string
  slots?: string
  runtime?: boolean
}

const say = (line: string) => void process.stderr.write(`rowhouse: ${line}\n`)

/** Runs until it is told to stop. Answers the exit code. */
export async function up(options: UpOptions): Promise<number> {
  const dataDir = resolve(options.data)
  const stopped = untilToldToStop()
  const parts: Kept[] = []
  let release: (() => Promise<void>) | undefined
  try {
    makeDataFolder(dataDir)
    release = await takeFolder(dataDir)
    const leftovers = openLeftovers(dataDir)
    await leftovers.clear(say)
    const port = await choosePort(options.host, options.port)
    stopped.onImpatience(() => {
      for (const part of parts) part.kill()
    })
    const started = startParts({ options, dataDir, port, leftovers }, parts)
    await Promise.race([started, stopped.asked])
    await stopped.asked
    return 0
  } catch (error) {
    say((error as Error).message)
    return 1
  } finally {
    for (const part of parts.reverse()) await part.stop()
    await release?.()
  }
}

interface Start {
  options: UpOptions
  dataDir: string
  port: number
  leftovers: Leftovers
}

/** All at once: the server loads while PostgreSQL starts, the runtime looks for its languages meanwhile. */
async function startParts(start: Start, parts: Kept[]): Promise<void> {
  const { options, dataDir } = start
  const database = keepDatabase(options.databaseUrl, dataDir, () => server.restart())
  if (database.kept) parts.push(database.kept)
  let reportLoaded: () => void = () => undefined
  const loaded = new Promise<void>((settle) => {
    reportLoaded = settle
  })
  const server = keepServer(start, database.url, reportLoaded)
  parts.push(server)
  const tokenFile = options.unsecured ? null : join(dataDir, 'runtime-token')
  const isFirst = tokenFile !== null && !isThere(tokenFile)
  const whenServerReady = Promise.all([database.kept?.ready, server.ready])
  whenServerReady.catch(() => undefined)
  await Promise.race(isFirst ? [whenServerReady] : [loaded, whenServerReady])
  const runtime = options.runtime === false ? undefined : keepRuntime(start, tokenFile)
  if (runtime) parts.push(runtime)
  await Promise.all([whenServerReady, runtime?.ready])
  process.stdout.write(`ready ${urlOf(start)}\n`)
}

/** `url` waits for the first life; the address stays the same from life to life, save for a loopback port that someone took. */
function keepDatabase(
  givenUrl: string | undefined,
  dataDir: string,
  onMoved: () => void,
): { kept?: Kept; url: () => Promise<string> } {
  if (givenUrl !== undefined) return { url: async () => givenUrl }
  let url: string | undefined
  let report: (url: string) => void = () => undefined
  const first = new Promise<string>((settle) => {
    report = settle
  })
  const kept = keep({
    name: 'PostgreSQL',
    log: say,
    start: async () => {
      const server = await startEmbedded({ dataDir: join(dataDir, 'postgres'), log: sayOfPostgres })
      if (url !== undefined && server.url !== url) onMoved()
      url = server.url
      report(url)
      return databaseLife(server)
    },
  })
  return { kept, url: async () => url ?? first }
}

function databaseLife(server: EmbeddedPostgres): Life {
  return {
    pid: server.pid,
    ready: Promise.resolve(),
    ended: server.exited.then(({ code, signal }) => ({
      how: signal === null ? `exit code ${code}` : `killed by ${signal}`,
    })),
    stop: server.stop,
    kill: () => void process.kill(server.pid, 'SIGQUIT'),
  }
}

/** PostgreSQL's everyday remarks stay with it. */
function sayOfPostgres(line: string): void {
  const isOrdinary =
    / LOG: {2}|^\s|terminating connection due to administrator command|the database system is (starting up|shutting down)/.test(
      line,
    )
  if (!isOrdinary || process.env.ROWHOUSE_LOG_LEVEL === 'debug') say(`PostgreSQL: ${line}`)
}

function keepServer(
  { options, dataDir, port, leftovers }: Start,
  databaseUrl: () => Promise<string>,
  onLoaded: () => void,
): Kept {
  const args = ['--port', String(port), '--host', options.host, '--data', dataDir]
  for (const [flag, value] of [
    ['--tls-cert', options.tlsCert],
    ['--tls-key', options.tlsKey],
    ['--definitions', options.definitions],
    ['--log-level', options.logLevel || process.env.ROWHOUSE_LOG_LEVEL || 'warn'],
  ] as const) {
    if (value !== undefined) args.push(flag, value)
  }
  if (options.unsecured) args.push('--unsecured')
  if (options.behindProxy) args.push('--behind-proxy')
  let isBack = false
  return keep({
    name: 'server',
    log: say,
    start: () =>
      startServerChild({
        args,
        // the address tells the password: never in the list of processes
        env: { ROWHOUSE_DATABASE_URL: '' },
        databaseUrl: databaseUrl(),
        leftovers,
        onLoaded,
        onReady({ firstPassword }) {
          if (firstPassword)
            process.stdout.write(`user ${firstPassword.user}, password ${firstPassword.password} (shown this once)\n`)
          else if (!options.unsecured && !process.env.ROWHOUSE_ADMIN_PASSWORD && !isBack)
            say(passwordWord(process.env.ROWHOUSE_ADMIN_USER))
          isBack = true
        },
      }),
  })
}

/** A name of one's own may be that of a user whom nobody has made yet. */
function passwordWord(adminUser: string | undefined): string {
  return adminUser
    ? `users and passwords are as they were; to make user '${adminUser}' or to set its password, start with ROWHOUSE_ADMIN_PASSWORD=… too`
    : 'the password is the one of the first start; to set another, start with ROWHOUSE_ADMIN_PASSWORD=…'
}

function keepRuntime(start: Start, tokenFile: string | null): Kept {
  const { options, dataDir, leftovers } = start
  const args = runtimeArguments({
    gatewayUrl: urlOf(start),
    dataDir,
    name: options.name ?? 'local',
    stage: options.stage ?? 'DEV',
    tags: options.tag ?? [],
    files: options.files?.length ? options.files : [process.cwd()],
    python: options.python,
    slots: options.slots,
    tokenFile,
  })
  return keep({
    name: 'runtime',
    log: say,
    patience: 3,
    start: () =>
      startRuntimeChild({
        args,
        leftovers,
        env: {
          ROWHOUSE_RUNTIME_FILES_CLOSED: dataDir,
          ...(options.tlsCert ? { NODE_EXTRA_CA_CERTS: resolve(options.tlsCert) } : {}),
        },
      }),
  })
}

function urlOf({ options, port }: Pick<Start, 'options' | 'port'>): string {
  const { host } = options
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `${options.tlsCert ? 'https' : 'http'}://${name}:${port}`
}

/** One Ctrl-C may reach us twice: from the terminal, and handed on by npm or by the older Node in between. */
const sameWishMs = 1_000

/** A first signal asks to stop, a second one does not wait. The end of the program that started us asks too, where it said so. */
function untilToldToStop(): { asked: Promise<void>; onImpatience(act: () => void): void } {
  let count = 0
  let askedAt = 0
  let impatient: () => void = () => undefined
  const asked = new Promise<void>((settle) => {
    const ask = (why: string) => {
      if (count === 1 && performance.now() - askedAt < sameWishMs) return
      count++
      if (count === 1) {
        askedAt = performance.now()
        say(`${why}: stopping (once more: at once)`)
        settle()
      } else if (count === 2) {
        say(`${why} once more: ending everything at once`)
        impatient()
      } else process.exit(1)
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => ask(`asked to stop (${signal})`))
    const askForParent = () => ask('the parent process is gone')
    if (process.connected) process.once('disconnect', askForParent)
    else if (process.send !== undefined) askForParent()
  })
  return {
    asked,
    onImpatience(act) {
      impatient = act
    },
  }
}
