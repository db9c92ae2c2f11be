/** `rowhouse doctor`: what Rowhouse needs on this machine, what is there, what to do. */
import { execFile } from 'node:child_process'
import { access, constants, rm, statfs, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { connectionAdvice, connectionFault, describeEmbedded, openDatabase } from '@rowhouse/postgres'
import { listenOnce } from './port.ts'

export interface DoctorOptions {
  port: string
  host: string
  data: string
  databaseUrl?: string
  python: string
}

interface Finding {
  state: 'ok' | 'note' | 'fault'
  what: string
  advice?: string
}

const run = promisify(execFile)

/** Exit code: 0 when Rowhouse can start here. */
export async function doctor(options: DoctorOptions): Promise<number> {
  const checks = [
    checkNode(),
    checkPython(options.python),
    checkR(),
    checkPort(options),
    checkFolder(resolve(options.data)),
    checkDatabase(options),
  ]
  const findings = (await Promise.all(checks)).flat()
  for (const { state, what, advice } of findings) {
    process.stdout.write(`${state.padEnd(5)}  ${what}\n`)
    if (advice !== undefined) process.stdout.write(`       → ${advice}\n`)
  }
  const faults = findings.filter(({ state }) => state === 'fault').length
  process.stdout.write(
    faults === 0 ? 'Rowhouse can start here\n' : `${faults} ${faults === 1 ? 'thing' : 'things'} to mend first\n`,
  )
  return faults === 0 ? 0 : 1
}

async function checkNode(): Promise<Finding> {
  return { state: 'ok', what: `Node ${process.versions.node}` }
}

async function checkPython(python: string): Promise<Finding[]> {
  const install =
    'Debian and Ubuntu: apt install python3 python3-venv; macOS: brew install python; or give another with --python'
  let version: string
  try {
    const { stdout } = await run(python, ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])'], {
      timeout: 20_000,
    })
    version = stdout.trim()
  } catch (error) {
    // EACCES: a folder of the search path is closed to us
    const isMissing = ['ENOENT', 'EACCES'].includes(String((error as NodeJS.ErrnoException).code))
    return [
      {
        state: 'fault',
        what: isMissing
          ? `no ${python}: Python models cannot run`
          : `${python} does not run: ${(error as Error).message.split('\n')[0]}`,
        advice: install,
      },
    ]
  }
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < 3 || (major === 3 && minor < 8))
    return [{ state: 'fault', what: `Python ${version} (${python}); 3.8 or newer is needed`, advice: install }]
  const venv = await run(python, ['-c', 'import venv, ensurepip'], { timeout: 20_000 }).then(
    () => ({ state: 'ok' as const, what: 'Python environments (venv) for models with a requirements.txt' }),
    () => ({
      state: 'note' as const,
      what: 'Python has no venv: models with a requirements.txt cannot run',
      advice: `Debian and Ubuntu: apt install python${major}.${minor}-venv`,
    }),
  )
  return [{ state: 'ok', what: `Python ${version} (${python})` }, venv]
}

/** No runtime runs R yet: whether it is there is told, never a fault. */
async function checkR(): Promise<Finding> {
  const script = 'cat(as.character(getRversion()))'
  return run('Rscript', ['--vanilla', '-e', script], { timeout: 20_000 }).then(
    ({ stdout }) => ({ state: 'ok', what: `R ${stdout.trim()} (Rscript); runtimes do not run R models yet` }),
    () => ({ state: 'note', what: 'no R (Rscript): nothing needs it, since runtimes do not run R models yet' }),
  )
}

async function checkPort({ host, port }: DoctorOptions): Promise<Finding> {
  try {
    await listenOnce(host, Number(port))
    return { state: 'ok', what: `port ${port} on ${host} is free` }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EADDRINUSE')
      return {
        state: 'fault',
        what: `port ${port} on ${host} cannot be opened (${code})`,
        advice: 'choose another with --port or --host',
      }
  }
  if (await isRowhouse(`http://${host}:${port}`)) return { state: 'ok', what: `a Rowhouse answers on port ${port}` }
  return {
    state: 'fault',
    what: `port ${port} on ${host} is taken by another program`,
    advice: 'stop it, or choose another with --port',
  }
}

/** Another program may answer each path, with whatever it has. */
async function isRowhouse(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/health/live`, { signal: AbortSignal.timeout(2000) })
    const health = (await answer.json()) as { status?: unknown } | null
    return answer.ok && health?.status === 'UP'
  } catch {
    return false
  }
}

const roomBytes = 1024 ** 3

async function checkFolder(dataDir: string): Promise<Finding[]> {
  const parent = await firstExisting(dataDir)
  const probe = join(parent, `.rowhouse-doctor-${process.pid}`)
  try {
    if (parent === dataDir) await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK)
    await writeFile(probe, '')
    await rm(probe)
  } catch (error) {
    return [
      {
        state: 'fault',
        what: `the data folder ${dataDir} cannot be written (${(error as NodeJS.ErrnoException).code})`,
        advice: 'choose another with --data, or start as its owner',
      },
    ]
  }
  const { bavail, bsize } = await statfs(parent)
  const free = bavail * bsize
  const room: Finding =
    free >= roomBytes
      ? { state: 'ok', what: `${Math.floor(free / 1024 ** 3)} GiB free for the data folder` }
      : {
          state: 'note',
          what: `only ${Math.floor(free / 1024 ** 2)} MiB free for the data folder`,
          advice: 'make room, or choose another with --data',
        }
  return [{ state: 'ok', what: `data folder ${dataDir}${parent === dataDir ? '' : ' (to be made)'}` }, room]
}

async function firstExisting(folder: string): Promise<string> {
  const there = await access(folder).then(
    () => true,
    () => false,
  )
  const parent = dirname(folder)
  return there || parent === folder ? folder : firstExisting(parent)
}

async function checkDatabase({ databaseUrl, data }: DoctorOptions): Promise<Finding> {
  return databaseUrl === undefined ? checkEmbedded(join(resolve(data), 'postgres')) : checkOwnDatabase(databaseUrl)
}

async function checkEmbedded(folder: string): Promise<Finding> {
  try {
    const { bundled, folder: found, runningPid } = await describeEmbedded(folder)
    if (found !== null && found !== String(bundled)) {
      return {
        state: 'fault',
        what: `the database in ${folder} is PostgreSQL ${found}; this Rowhouse brings ${bundled}`,
        advice: '`rowhouse up` tells how to migrate; or keep the old server and use --database-url',
      }
    }
    const state =
      runningPid === null ? (found === null ? 'to be made' : 'made, not running') : `running, process ${runningPid}`
    return { state: 'ok', what: `PostgreSQL ${bundled} comes along (database: ${state})` }
  } catch (error) {
    return { state: 'fault', what: (error as Error).message, advice: 'npm install, or --database-url' }
  }
}

async function checkOwnDatabase(url: string): Promise<Finding> {
  const database = openDatabase<never>(url, { max: 1 })
  try {
    const { rows } = await database.pool.query<{ version: string; may_create: boolean }>(
      `select current_setting('server_version_num') as version, has_database_privilege(current_database(), 'create') as may_create`,
    )
    const version = Math.floor(Number(rows[0]?.version) / 10_000)
    if (version < 15)
      return {
        state: 'fault',
        what: `the database is PostgreSQL ${version}; 15 or newer is needed`,
        advice: 'upgrade it, or leave --database-url out',
      }
    if (!rows[0]?.may_create)
      return {
        state: 'fault',
        what: 'the database role may not create schemas',
        advice: 'grant create on database … to the role',
      }
    return { state: 'ok', what: `PostgreSQL ${version} at the address given` }
  } catch (error) {
    return {
      state: 'fault',
      what: `the database cannot be opened: ${connectionFault(error)}`,
      advice: connectionAdvice(error),
    }
  } finally {
    await database.close()
  }
}
