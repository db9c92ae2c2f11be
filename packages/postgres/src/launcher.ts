import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { EmbeddedPostgresError } from './embedded-error.ts'

/** How PostgreSQL's programs are started: a prefix command, or another uid. They refuse to run as root. */
export interface Launcher {
  prefix: readonly string[]
  uid?: number
  gid?: number
}

export interface Account {
  uid: number
  gid: number
}

/** The account PostgreSQL runs as, when we are root: the folder's owner, who called sudo, `postgres`, or `nobody`. */
export function chooseAccount(clusterDir: string): Account | null {
  if (process.platform === 'win32' || process.getuid?.() !== 0) return null
  try {
    const owner = statSync(clusterDir)
    if (owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  } catch {
    // no cluster yet
  }
  const sudo = { uid: Number(process.env.SUDO_UID), gid: Number(process.env.SUDO_GID) }
  if (sudo.uid > 0 && sudo.gid > 0) return sudo
  const account = findAccount('postgres') ?? findAccount('nobody')
  if (account) return account
  throw new EmbeddedPostgresError(
    'StartFailed',
    'PostgreSQL refuses to run as root, and there is neither an account `postgres` nor `nobody`. ' +
      'Start as an ordinary user, or give a server of your own with --database-url.',
  )
}

function findAccount(name: string): Account | null {
  let text: string
  try {
    text = readFileSync('/etc/passwd', 'utf8')
  } catch {
    return null
  }
  for (const line of text.split('\n')) {
    const fields = line.split(':')
    if (fields[0] === name) return { uid: Number(fields[2]), gid: Number(fields[3]) }
  }
  return null
}

/**
 * The first way of starting that can execute `program` and write in all of `folders`. `setpriv` comes first: it also makes
 * the child end (fast shutdown) when this process is killed.
 */
export function chooseLauncher(account: Account | null, program: string, folders: readonly string[]): Launcher {
  const tried = launchers(account)
  for (const launcher of tried) if (canUse(launcher, program, folders)) return launcher
  if (process.platform === 'win32') return { prefix: [] }
  const who = account ? `uid ${account.uid} (PostgreSQL refuses to run as root)` : 'this user'
  throw new EmbeddedPostgresError(
    'StartFailed',
    `PostgreSQL cannot be run as ${who}: it must be able to execute ${program} and write in ${folders.join(', ')}. ` +
      'A parent folder may be closed to it: choose another place with --data (for instance below /var/lib), or give a server of your own with --database-url.',
  )
}

function launchers(account: Account | null): Launcher[] {
  const dies = ['--pdeathsig', 'INT']
  if (!account) {
    return process.platform === 'linux' ? [{ prefix: ['setpriv', ...dies] }, { prefix: [] }] : [{ prefix: [] }]
  }
  const ids = [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups']
  const caps = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override']
  const viaSpawn = { prefix: [], uid: account.uid, gid: account.gid }
  if (process.platform !== 'linux') return [viaSpawn]
  return [
    { prefix: ['setpriv', ...ids, ...dies] },
    viaSpawn,
    { prefix: ['setpriv', ...ids, ...caps, ...dies] },
    { prefix: ['setpriv', ...ids, ...caps] },
    { prefix: ['unshare', '-U', `--map-user=${account.uid}`, `--map-group=${account.gid}`] },
  ]
}

/** Where our own uid has no name (`docker run --user 1234`): the same rights, under a name that there is. */
export function nobodysName(): Launcher | null {
  const account = findAccount('nobody') ?? findAccount('postgres')
  if (process.platform !== 'linux' || account === null) return null
  return { prefix: ['unshare', '-U', `--map-user=${account.uid}`, `--map-group=${account.gid}`] }
}

function canUse(launcher: Launcher, program: string, folders: readonly string[]): boolean {
  const script = 'test -x "$0" || exit 1; for f; do test -w "$f" -a -x "$f" || exit 1; done; exec "$0" --version'
  const [command, ...args] = [...launcher.prefix, '/bin/sh', '-c', script, program, ...folders]
  const { uid, gid } = launcher
  const result = spawnSync(command ?? '', args, {
    cwd: '/',
    stdio: 'ignore',
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  })
  return result.status === 0
}

/** A process group of its own: Ctrl-C in a terminal reaches us, and we stop the database last. */
export function launch(
  launcher: Launcher,
  program: string,
  args: readonly string[],
  env: Record<string, string>,
): ChildProcess {
  const [command, ...rest] = [...launcher.prefix, program, ...args]
  const { uid, gid } = launcher
  return spawn(command ?? program, rest, {
    cwd: process.platform === 'win32' ? undefined : '/',
    env: {
      PATH: process.env.PATH ?? '',
      LC_ALL: 'C',
      ...(process.env.SYSTEMROOT ? { SYSTEMROOT: process.env.SYSTEMROOT } : {}),
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: process.platform !== 'win32',
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  })
}
