/**
 * PostgreSQL as a child of this process, on a folder of its own:
 * `cluster/` (PostgreSQL's), `socket/`, `credentials.json` (mode 600), `owner.json` (who runs it now).
 */
import type { ChildProcess } from 'node:child_process'
import { chownSync } from 'node:fs'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { findPackage, prepareBinaries } from './binaries.ts'
import { type Cluster, databaseUrl, makeCluster, makeRoleAndDatabase, readCredentials, steadyPort } from './cluster.ts'
import { EmbeddedPostgresError } from './embedded-error.ts'
import { chooseAccount, chooseLauncher, launch } from './launcher.ts'
import { isAlive, readPostmaster, stopLeftover } from './postmaster.ts'
import { copiesDirDefault } from './reachable-copy.ts'
import { takeFolder } from './take-folder.ts'

export interface EmbeddedOptions {
  dataDir: string
  log?: (line: string) => void
  /** false: no fsync. For tests, whose data nobody misses. */
  durable?: boolean
  maxConnections?: number
  /** Where a start as root keeps a copy of programs that no other user can reach. */
  copiesDir?: string
}

export interface EmbeddedPostgres {
  /** Role `rowhouse`, owner of database `rowhouse`, without superuser rights. */
  url: string
  superuserUrl: string
  pid: number
  /** Clean stop; resolves when the process is gone and the folder is free for the next start. */
  stop(): Promise<void>
  /** Settles when the server has ended, asked to or not, and the folder is free. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null; asked: boolean }>
}

const startPatienceMs = 300_000
const retryPatienceMs = 15_000
/** sun_path holds 104 bytes on macOS and 108 on Linux. */
const socketPathMax = 100

export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir)
  const log = options.log ?? (() => undefined)
  // as root, PostgreSQL's account has to pass through; each thing inside is closed by itself
  await mkdir(dataDir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 })
  const releaseFolder = await takeFolder(dataDir)
  try {
    const cluster = await prepareCluster(dataDir, options, log)
    await stopLeftover(cluster.dir, log)
    return await startServer(cluster, options, log, releaseFolder)
  } catch (error) {
    await releaseFolder()
    throw error
  }
}

async function prepareCluster(
  dataDir: string,
  options: EmbeddedOptions,
  log: (line: string) => void,
): Promise<Cluster> {
  const dir = join(dataDir, 'cluster')
  const socketDir = join(dataDir, 'socket')
  await mkdir(socketDir, { recursive: true, mode: 0o700 })
  await refuseForeignOwner(dir)
  const [found, major] = await Promise.all([findPackage(), clusterMajor(dir)])
  if (major !== null && major !== String(found.major)) throw otherMajor(dir, major, found.major)
  const account = chooseAccount(dir)
  const folders = { spareLinksDir: join(dataDir, 'lib'), copiesDir: options.copiesDir ?? copiesDirDefault }
  const binaries = await prepareBinaries(found, account, folders)
  if (account) chownSync(socketDir, account.uid, account.gid)
  const launcher = chooseLauncher(account, binaries.postgres, major === null ? [socketDir] : [socketDir, dir])
  const base = { dataDir, dir, socketDir, binaries, account, launcher }
  if (major === null) {
    log(`making a new database in ${dir}`)
    return { ...base, credentials: await makeCluster(base, options.durable !== false) }
  }
  return { ...base, credentials: await readCredentials(dataDir) }
}

/** What a start would find, for people who look before. */
export async function describeEmbedded(
  dataDir: string,
): Promise<{ bundled: number; folder: string | null; runningPid: number | null }> {
  const dir = join(resolve(dataDir), 'cluster')
  const [found, folder, running] = await Promise.all([findPackage(), clusterMajor(dir), readPostmaster(dir)])
  return { bundled: found.major, folder, runningPid: running && isAlive(running.pid) ? running.pid : null }
}

async function clusterMajor(dir: string): Promise<string | null> {
  try {
    return (await readFile(join(dir, 'PG_VERSION'), 'utf8')).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new EmbeddedPostgresError('FolderNotOurs', `${dir} cannot be read: ${(error as Error).message}`, error)
  }
}

async function refuseForeignOwner(dir: string): Promise<void> {
  const uid = process.getuid?.()
  if (uid === undefined || uid === 0) return
  const owner = await stat(dir).then(
    (s) => s.uid,
    () => uid,
  )
  if (owner === uid) return
  throw new EmbeddedPostgresError(
    'FolderNotOurs',
    `The database in ${dir} belongs to uid ${owner}, and you are uid ${uid}. Start as that user (or root), or choose another folder with --data.`,
  )
}

function otherMajor(dir: string, major: string, bundled: number): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'OtherMajor',
    `The database in ${dir} was made by PostgreSQL ${major}; this Rowhouse brings PostgreSQL ${bundled}, which cannot read it. Nothing was changed. ` +
      `To migrate: run a PostgreSQL ${major} server on that folder, \`pg_dump --format=custom --dbname=rowhouse --file=rowhouse.dump\`, move the folder away, ` +
      'start Rowhouse once to make a new one, stop it, and `pg_restore --clean --if-exists` the dump into it. ' +
      `Or keep the old server and give its address with --database-url.`,
  )
}

async function startServer(
  cluster: Cluster,
  options: EmbeddedOptions,
  log: (line: string) => void,
  released: () => Promise<void>,
): Promise<EmbeddedPostgres> {
  const until = Date.now() + retryPatienceMs
  for (;;) {
    const viaSocket =
      process.platform !== 'win32' && Buffer.byteLength(join(cluster.socketDir, '.s.PGSQL.5432')) <= socketPathMax
    const port = viaSocket ? 5432 : await steadyPort(cluster.dataDir)
    const server = spawnServer(cluster, { ...options, port, viaSocket }, log)
    const failure = await ready(server, cluster.dir)
    if (failure === null) {
      const place = viaSocket ? { socketDir: cluster.socketDir } : { port }
      try {
        await makeRoleAndDatabase(cluster, place)
      } catch (error) {
        await server.stop()
        throw error
      }
      const exited = server.exited.then(async (how) => {
        await released()
        return how
      })
      return {
        url: databaseUrl('rowhouse', cluster.credentials.rowhouse, place, 'rowhouse'),
        superuserUrl: databaseUrl('postgres', cluster.credentials.superuser, place, 'postgres'),
        pid: server.child.pid ?? 0,
        stop: async () => {
          await server.stop()
          await exited
        },
        exited,
      }
    }
    // Processes of a server that was killed a moment ago may still hold its shared memory or its lock file.
    if (
      !/pre-existing shared memory|lock file .* already exists|Address already in use/i.test(failure) ||
      Date.now() > until
    ) {
      throw new EmbeddedPostgresError('StartFailed', `PostgreSQL did not start on ${cluster.dir}: ${failure}`)
    }
    await sleep(200)
    await stopLeftover(cluster.dir, log)
  }
}

interface RunningServer {
  child: ChildProcess
  stderrTail(): string
  stop(): Promise<void>
  exited: EmbeddedPostgres['exited']
}

function spawnServer(
  cluster: Cluster,
  options: EmbeddedOptions & { port: number; viaSocket: boolean },
  log: (line: string) => void,
): RunningServer {
  const child = launch(
    cluster.launcher,
    cluster.binaries.postgres,
    serverArguments(cluster, options),
    cluster.binaries.env,
  )
  const tail: string[] = []
  let asked = false
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null; asked: boolean }>((settle) => {
    child.once('error', (error) => {
      tail.push(error.message)
      settle({ code: null, signal: null, asked })
    })
    child.once('close', (code, signal) => settle({ code, signal, asked }))
  })
  if (child.stderr) {
    createInterface({ input: child.stderr }).on('line', (line) => {
      tail.push(line)
      if (tail.length > 20) tail.shift()
      log(line)
    })
  }
  const stop = async () => {
    asked = true
    child.kill('SIGINT')
    const impatience = setTimeout(() => child.kill('SIGQUIT'), 20_000)
    await exited
    clearTimeout(impatience)
  }
  return { child, stderrTail: () => tail.join('\n'), stop, exited }
}

function serverArguments(cluster: Cluster, options: EmbeddedOptions & { port: number; viaSocket: boolean }): string[] {
  const settings: Record<string, string> = {
    port: String(options.port),
    listen_addresses: options.viaSocket ? '' : '127.0.0.1',
    unix_socket_directories: options.viaSocket ? cluster.socketDir : '',
    unix_socket_permissions: '0700',
    max_connections: String(options.maxConnections ?? 100),
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_min_messages: 'warning',
    cluster_name: 'rowhouse',
    jit: 'off',
  }
  if (options.durable === false)
    Object.assign(settings, { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' })
  return ['-D', cluster.dir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}

/** null when it takes connections, else what it said before it ended. */
async function ready(server: RunningServer, clusterDir: string): Promise<string | null> {
  const until = Date.now() + startPatienceMs
  let ended = false
  void server.exited.then(() => {
    ended = true
  })
  while (!ended) {
    const found = await readPostmaster(clusterDir)
    if (found?.pid === server.child.pid && found?.ready) return null
    if (Date.now() > until) {
      await server.stop()
      return `not ready after ${startPatienceMs / 1000} s`
    }
    await sleep(5)
  }
  return server.stderrTail() || 'it ended without a word'
}
