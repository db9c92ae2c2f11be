import { randomBytes } from 'node:crypto'
import { constants, copyFile, link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EmbeddedPostgresError } from './embedded-error.ts'
import { isAlive, startMark } from './postmaster.ts'

const attemptsMax = 200
const pauseMs = 5

/**
 * Marks the folder as ours while we live. Two programs on one folder: the second is refused, with the first one's pid. The mark appears whole,
 * and only who holds `owner.json.next` puts its own in the place of a dead one's: of several that find one dead, one follows it.
 */
export async function takeFolder(dataDir: string): Promise<() => Promise<void>> {
  const file = join(dataDir, 'owner.json')
  const draft = `${file}.${process.pid}-${randomBytes(4).toString('hex')}`
  await writeFile(draft, JSON.stringify({ pid: process.pid, start: startMark(process.pid) }), { mode: 0o600 })
  try {
    for (let attempt = 0; !(await takeMark(file, draft)); attempt++) {
      const owner = await readOwner(file)
      if (isRunning(owner) || attempt >= attemptsMax) throw inUse(dataDir, owner?.pid)
      await sleep(pauseMs)
    }
  } finally {
    await rm(draft, { force: true })
  }
  return () => rm(file, { force: true })
}

/** false: somebody else has it, or is just taking it. A dead one's `.next` is followed as the mark itself is. */
async function takeMark(file: string, draft: string): Promise<boolean> {
  if (await isLinked(draft, file)) return true
  if (isRunning(await readOwner(file))) return false
  const next = `${file}.next`
  if (!(await takeMark(next, draft))) return false
  const owner = await readOwner(file)
  if (owner === undefined || isRunning(owner)) {
    await rm(next, { force: true })
    return false
  }
  await rename(next, file)
  return true
}

async function isLinked(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (!knowsNoLinks(error)) throw error
      return copyFile(draft, file, constants.COPYFILE_EXCL)
    })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Shares of Windows, FAT and some folders shared with a container. */
function knowsNoLinks({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPERM' || code === 'ENOTSUP' || code === 'EOPNOTSUPP' || code === 'ENOSYS'
}

interface Owner {
  pid: number
  start: string
}

function isRunning(owner: Owner | null | undefined): boolean {
  return owner !== null && owner !== undefined && isAlive(owner.pid) && startMark(owner.pid) === owner.start
}

function inUse(dataDir: string, pid: number | undefined): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'FolderInUse',
    `The data folder ${dataDir} is in use by another Rowhouse (process ${pid ?? 'unknown'}). Stop that one, or choose another folder with --data.`,
  )
}

/** undefined: there is no mark; null: it cannot be read. */
async function readOwner(file: string): Promise<Owner | null | undefined> {
  try {
    const value = JSON.parse(await readFile(file, 'utf8')) as Owner
    return Number.isSafeInteger(value.pid) && value.pid > 0 ? value : null
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : null
  }
}
