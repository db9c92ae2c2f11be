import { randomBytes } from 'node:crypto'
import { chownSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Binaries } from './binaries.ts'
import { EmbeddedPostgresError } from './embedded-error.ts'
import { type Account, type Launcher, launch, nobodysName } from './launcher.ts'

export interface Credentials {
  superuser: string
  rowhouse: string
}

export interface Cluster {
  dataDir: string
  /** PostgreSQL's own folder. */
  dir: string
  socketDir: string
  binaries: Binaries
  account: Account | null
  launcher: Launcher
  credentials: Credentials
}

type Place = { socketDir: string } | { port: number }

/** initdb beside, then rename: an interrupted one is thrown away by the next start. */
export async function makeCluster(base: Omit<Cluster, 'credentials'>, durable: boolean): Promise<Credentials> {
  const { dataDir, dir, account, launcher, binaries } = base
  for (const name of await readdir(dataDir))
    if (/^cluster\.new/.test(name)) await rm(join(dataDir, name), { recursive: true, force: true })
  const credentials = {
    superuser: randomBytes(24).toString('base64url'),
    rowhouse: randomBytes(24).toString('base64url'),
  }
  const making = join(dataDir, 'cluster.new')
  const passwordFile = join(dataDir, 'cluster.new-password')
  await mkdir(making, { mode: 0o700 })
  await writeFile(passwordFile, credentials.superuser, { mode: 0o600 })
  if (account) for (const path of [making, passwordFile]) chownSync(path, account.uid, account.gid)
  await initdb(launcher, binaries, [
    ...['-D', making, '--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8'],
    ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions'],
    ...(durable ? [] : ['--no-sync']),
  ])
  await rm(passwordFile, { force: true })
  await writeFile(join(dataDir, 'credentials.json'), `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 })
  await rm(join(dataDir, 'prepared'), { force: true })
  await rm(dir, { recursive: true, force: true })
  await rename(making, dir)
  return credentials
}

async function initdb(launcher: Launcher, binaries: Binaries, args: string[]): Promise<void> {
  const failure = await tryInitdb(launcher, binaries, args)
  if (failure === null) return
  if (!/could not look up effective user ID/.test(failure))
    throw new EmbeddedPostgresError('StartFailed', `PostgreSQL's initdb failed ${failure}`)
  // initdb alone asks for the name of its account, before it does anything; the server does not
  const named = nobodysName()
  if (named !== null && (await tryInitdb(named, binaries, args)) === null) return
  throw new EmbeddedPostgresError(
    'StartFailed',
    `PostgreSQL makes its database as a user that has a name only, and uid ${process.getuid?.()} has none in /etc/passwd. ` +
      'Start as another user, give this one a line there, or give a server of your own with --database-url.',
  )
}

/** null when it has made the database, else how it ended and what it said. */
async function tryInitdb(launcher: Launcher, binaries: Binaries, args: string[]): Promise<string | null> {
  const child = launch(launcher, binaries.initdb, args, binaries.env)
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const code = await new Promise<number | string | null>((settle) => {
    child.once('error', (error) => settle(error.message))
    child.once('close', (status, signal) => settle(status ?? signal))
  })
  return code === 0 ? null : `(${code}): ${said.trim()}`
}

export async function readCredentials(dataDir: string): Promise<Credentials> {
  const file = join(dataDir, 'credentials.json')
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Credentials
  } catch (error) {
    throw new EmbeddedPostgresError(
      'CredentialsLost',
      `${file} cannot be read (${(error as Error).message}); without it the database beside it cannot be opened. Restore it from a backup.`,
      error,
    )
  }
}

/** The role and the database the server works with; there is nothing to do from the second start on. */
export async function makeRoleAndDatabase(cluster: Cluster, place: Place): Promise<void> {
  const done = join(cluster.dataDir, 'prepared')
  if (
    await readFile(done).then(
      () => true,
      () => false,
    )
  )
    return
  const { default: pg } = await import('pg')
  const client = new pg.Client({
    connectionString: databaseUrl('postgres', cluster.credentials.superuser, place, 'postgres'),
  })
  await client.connect()
  try {
    const password = client.escapeLiteral(cluster.credentials.rowhouse)
    const role = await client.query(`select 1 from pg_roles where rolname = 'rowhouse'`)
    await client.query(
      `${role.rowCount ? 'alter' : 'create'} role rowhouse login nosuperuser nocreaterole nocreatedb password ${password}`,
    )
    const database = await client.query(`select 1 from pg_database where datname = 'rowhouse'`)
    if (!database.rowCount) await client.query('create database rowhouse owner rowhouse')
  } finally {
    await client.end()
  }
  await writeFile(done, '')
}

/**
 * `host` in the query wins over the placeholder: a socket's folder can be no URL host. Port and sslmode are said because clients take what
 * is not said from PGPORT and PGSSLMODE, which a user may have set for a server of his own.
 */
export function databaseUrl(role: string, password: string, place: Place, database: string): string {
  const credentials = `${role}:${encodeURIComponent(password)}`
  if ('port' in place) return `postgres://${credentials}@127.0.0.1:${place.port}/${database}?sslmode=disable`
  return `postgres://${credentials}@localhost:5432/${database}?host=${encodeURIComponent(place.socketDir)}&sslmode=disable`
}

/** The port of the last start where it is free: programs that know the address find the server again. */
export async function steadyPort(dataDir: string): Promise<number> {
  const file = join(dataDir, 'port')
  const last = Number(await readFile(file, 'utf8').catch(() => '0'))
  const port = await listenOnce(last).catch(() => listenOnce(0))
  if (port !== last) await writeFile(file, `${port}\n`)
  return port
}

function listenOnce(wanted: number): Promise<number> {
  return new Promise((settle, fail) => {
    const server = createServer()
    server.once('error', fail)
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => settle(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
