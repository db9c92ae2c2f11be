/**
 * Root runs PostgreSQL under another uid, which cannot start programs below a folder closed to it (a home, a fresh temporary folder): initdb
 * asks access(2), where lent capabilities do not count. Such a start runs a copy in a folder of the system's, one for each version,
 * made beside and renamed, and made again where it is not whole.
 */
import { spawnSync } from 'node:child_process'
import { chmod, cp, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { EmbeddedPostgresError } from './embedded-error.ts'
import type { Account } from './launcher.ts'
import { isAlive } from './postmaster.ts'

export const copiesDirDefault = '/var/lib/rowhouse'

/** Whether `account`, with its own rights alone, may execute the program. */
export function canExecute({ uid, gid }: Account, program: string): boolean {
  const asked = spawnSync('/bin/sh', ['-c', 'test -x "$0"', program], { cwd: '/', stdio: 'ignore', uid, gid })
  return asked.status === 0
}

/** The folder of a copy of the package in `root` that everybody may read. */
export async function reachableCopy(root: string, version: string, copiesDir: string): Promise<string> {
  const copy = join(copiesDir, `${basename(root)}-${version}`)
  const files = await listFiles(root)
  try {
    if (!(await isWhole(copy, files))) await makeCopy(root, copy, files)
    return copy
  } catch (error) {
    throw new EmbeddedPostgresError(
      'StartFailed',
      `PostgreSQL refuses to run as root, and no other user may execute what lies in ${root}; a copy in ${copiesDir} could not be made (${(error as Error).message}). ` +
        'Put Rowhouse into a folder that is open to others, start as an ordinary user, or give a server of your own with --database-url.',
      error,
    )
  }
}

interface SourceFile {
  /** Below the package. */
  path: string
  size: number
}

/** Links are left out: they may be made later, in the copy too. */
async function listFiles(root: string): Promise<SourceFile[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return Promise.all(
    files.map(async (entry) => {
      const path = join(entry.parentPath, entry.name)
      return { path: path.slice(root.length + 1), size: (await stat(path)).size }
    }),
  )
}

async function isWhole(copy: string, files: readonly SourceFile[]): Promise<boolean> {
  const sizes = files.map(({ path }) => stat(join(copy, path)).then(({ size }) => size))
  const found = await Promise.all(sizes.map((size) => size.catch(() => undefined)))
  return files.every(({ size }, i) => found[i] === size)
}

/** Of two starts at once both make one; the first to rename wins, the other uses it. */
async function makeCopy(root: string, copy: string, files: readonly SourceFile[]): Promise<void> {
  const folder = dirname(copy)
  await mkdir(folder, { recursive: true })
  // whatever the umask says
  await chmod(folder, 0o755)
  await removeUnfinished(copy)
  const making = `${copy}.making-${process.pid}`
  await rm(making, { recursive: true, force: true })
  await cp(root, making, { recursive: true, verbatimSymlinks: true })
  await openToAll(making)
  try {
    await rename(making, copy)
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(String((error as NodeJS.ErrnoException).code))) throw error
    if (!(await isWhole(copy, files))) await replace(copy, making)
  }
  await rm(making, { recursive: true, force: true })
}

async function replace(copy: string, making: string): Promise<void> {
  const broken = `${copy}.making-${process.pid}-broken`
  await rename(copy, broken)
  await rename(making, copy)
  await rm(broken, { recursive: true, force: true })
}

/** What starts that died left behind. */
async function removeUnfinished(copy: string): Promise<void> {
  const prefix = `${basename(copy)}.making-`
  for (const name of await readdir(dirname(copy))) {
    if (!name.startsWith(prefix) || isAlive(Number.parseInt(name.slice(prefix.length), 10))) continue
    await rm(join(dirname(copy), name), { recursive: true, force: true })
  }
}

async function openToAll(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => !entry.isSymbolicLink()).map((entry) => join(entry.parentPath, entry.name))
  for (const path of [folder, ...paths]) {
    const { mode } = await stat(path)
    const open = mode | 0o444 | ((mode & 0o100) === 0 ? 0 : 0o111)
    if (open !== mode) await chmod(path, open & 0o7777)
  }
}
