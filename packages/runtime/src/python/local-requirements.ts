/**
 * What a requirements.txt refers to beside it: further lists (`-r`), constraints (`-c`), folders of wheels (`-f`), packages and wheels of the
 * model's own. pip gets them by their full paths, since the model's folder is not where the list for it is written; what they hold is part of
 * the environment's key, since two models may have different files of the same name.
 */
import { createHash, type Hash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { textOf } from '../text-of.ts'

export interface ResolvedRequirements {
  /** For pip. */
  text: string
  /** The same with what tells local files apart from others, and nothing of where they lie now. */
  key: string
}

const option = /^(-r|--requirement|-c|--constraint|-f|--find-links|-e|--editable)(?:[ \t]*=[ \t]*|[ \t]*)(\S.*)$/
const looksLikePath = /^\.{0,2}\/|^\.|\/|\.(?:whl|zip|tar\.gz|tgz)$/i

/** `path`: of the list, below the model's folder `root`. */
export async function resolveRequirements(text: string, root: string, path: string): Promise<ResolvedRequirements> {
  const hash = createHash('sha256')
  const list = join(root, path)
  const found = await resolveLines({ root, hash, seen: new Set([list]) }, text, dirname(list))
  const isLocal = found.some(({ local }) => local !== null)
  const resolved = found.map(({ line }) => line).join('\n')
  if (!isLocal) return { text: resolved, key: resolved }
  const names = found.map(({ line, local }) => local ?? line).join('\n')
  return { text: resolved, key: `${names}\n${hash.digest('hex')}` }
}

interface Resolving {
  /** The model's folder: nothing outside of it is local. */
  root: string
  hash: Hash
  seen: Set<string>
}

interface Resolved {
  line: string
  /** As it stood; null: nothing on this disk is meant. */
  local: string | null
}

async function resolveLines(resolving: Resolving, text: string, folder: string): Promise<Resolved[]> {
  const found: Resolved[] = []
  for (const raw of text.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    const line = raw.replace(/(^|\s)#.*$/, '').trim()
    const [, name, value = ''] = option.exec(line) ?? []
    if (name === '-r' || name === '--requirement') found.push(...(await resolveList(resolving, line, value, folder)))
    else if (name === '-e' || name === '--editable') found.push(await resolvePackage(resolving, value, folder, line))
    else if (name === undefined) found.push(await resolvePackage(resolving, line, folder, line))
    else found.push(await resolveOption(resolving, { line, name, value, folder }))
  }
  return found
}

/** The lines of another list stand in the place of the reference. */
async function resolveList(resolving: Resolving, line: string, value: string, folder: string): Promise<Resolved[]> {
  const path = await localPath(resolving.root, folder, value)
  if (path === null) return [{ line, local: null }]
  if (resolving.seen.has(path)) return []
  resolving.seen.add(path)
  return resolveLines(resolving, textOf(await readFile(path)), dirname(path))
}

async function resolveOption(
  resolving: Resolving,
  { line, name, value, folder }: { line: string; name: string; value: string; folder: string },
): Promise<Resolved> {
  const path = await localPath(resolving.root, folder, value)
  if (path === null) return { line, local: null }
  await addContent(resolving, path)
  return { line: `${name} ${path}`, local: line }
}

/** A package is installed as it is, also where it was to stay editable: the environment outlives the model's folder. */
async function resolvePackage(resolving: Resolving, given: string, folder: string, line: string): Promise<Resolved> {
  const [, place = '', rest = ''] = /^([^[;\s]+)(.*)$/.exec(given) ?? []
  if (!looksLikePath.test(place)) return { line, local: null }
  const path =
    (await localPath(resolving.root, resolving.root, place)) ?? (await localPath(resolving.root, folder, place))
  if (path === null) return { line, local: null }
  await addContent(resolving, path)
  return { line: `${path}${rest}`, local: line }
}

/** null: not a file or folder below the model's own. */
async function localPath(root: string, folder: string, value: string): Promise<string | null> {
  const path = join(folder, value.replace(/^(["'])(.*)\1$/, '$2'))
  const below = relative(root, path)
  if (value.includes('://') || value.startsWith('/') || below.startsWith('..')) return null
  return stat(path).then(
    () => path,
    () => null,
  )
}

async function addContent({ root, hash }: Resolving, path: string): Promise<void> {
  const isFolder = (await stat(path)).isDirectory()
  const entries = isFolder ? await readdir(path, { recursive: true, withFileTypes: true }) : []
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  for (const file of isFolder ? files.sort() : [path]) {
    hash.update(`${relative(root, file)}\n`)
    hash.update(
      createHash('sha256')
        .update(await readFile(file))
        .digest(),
    )
  }
}
