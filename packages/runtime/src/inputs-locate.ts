/** Files of this machine that a job may name: only below the runtime's roots, judged after every link has been followed. */
import { constants } from 'node:fs'
import { access, realpath, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InputError, Unmet } from '@rowhouse/contract'

/** Where on this machine a job may read and write. */
export interface FileRoots {
  open: readonly string[]
  /** Never, though they lie below an open one: folders of our own, with tokens and keys in them. */
  closed: readonly string[]
}

export type Location = { kind: 'file'; path: string } | { kind: 'http'; url: URL }

/** `file:///data/a.csv`, `/data/a.csv`, `a.csv` (below the first root that has it) or `https://host/a.csv`. */
export function parseLocation(text: string, what: string): Location {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):/.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) return { kind: 'file', path: text }
  if (scheme === 'file') {
    try {
      return { kind: 'file', path: fileURLToPath(text) }
    } catch {
      throw new InputError(
        'InvalidLocation',
        `${what} '${text}' is not a path on this machine: write file:///folder/name`,
      )
    }
  }
  if ((scheme === 'http' || scheme === 'https') && URL.canParse(text)) return { kind: 'http', url: new URL(text) }
  const known = 'file://, http:// and https:// (a presigned URL, too)'
  const shown = `${what} '${showLocation(text)}'`
  const store = Object.hasOwn(objectStores, scheme) ? objectStores[scheme] : undefined
  if (store !== undefined) {
    throw new InputError(
      'UnsupportedScheme',
      `${shown}: ${scheme}:// (${store}) is not opened by this runtime; it opens ${known}. Give such a URL of the same file, or upload it: POST /model-manage/api/files, or moc, which uploads local files by itself`,
      { scheme },
    )
  }
  throw new InputError('InvalidLocation', `${shown} cannot be reached: this runtime opens ${known}`, { scheme })
}

const objectStores: Readonly<Record<string, string>> = {
  s3: 'Amazon S3',
  s3a: 'Amazon S3',
  hdfs: 'Hadoop',
  webhdfs: 'Hadoop',
  gs: 'Google Cloud Storage',
  abfss: 'Azure Data Lake',
  abfs: 'Azure Data Lake',
  wasbs: 'Azure Blob Storage',
  dbfs: 'Databricks',
}

/** For messages: without user, password, query (signatures live there) and fragment. */
export function showLocation(text: string): string {
  return text
    .replace(/^([A-Za-z][A-Za-z0-9+.-]*:\/\/)[^/?#@]*@/, '$1')
    .replace(/^([A-Za-z][A-Za-z0-9+.-]*:\/\/[^?#]*)[?#].*$/, '$1')
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "lies in a folder that the runtime's user may not enter: change the permissions of the folder",
  ELOOP: 'is a link that leads back to itself',
}

/** A readable regular file below the roots, as its real path. */
export async function locateInput(
  path: string,
  roots: FileRoots,
  what: string,
): Promise<{ path: string; bytes: number }> {
  const absolute = await underRoots(path, roots, what)
  const found = await stat(absolute).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') {
      const where = isAbsolute(path) ? '' : ` (looked for below ${roots.open.join(', ')})`
      throw new Unmet('InputNotFound', `${what} '${path}' does not exist on this runtime's machine${where}`)
    }
    if (error.code === 'ENAMETOOLONG') throw new InputError('InvalidLocation', tooLong(path, what))
    throw new Unmet('InputUnreadable', `${what} '${path}' ${reasons[error.code ?? ''] ?? `fails with ${error.code}`}`)
  })
  if (found.isDirectory()) throw new Unmet('InputUnreadable', `${what} '${path}' is a folder; name a file in it`)
  if (!found.isFile()) throw new Unmet('InputUnreadable', `${what} '${path}' is not a regular file`)
  await access(absolute, constants.R_OK).catch(() => {
    throw new Unmet(
      'InputUnreadable',
      `${what} '${path}' may not be read by the runtime's user: change its permissions`,
    )
  })
  return { path: absolute, bytes: found.size }
}

/** The place of a file yet to be written: its folder exists, is below the roots and can be written to. */
export async function locateOutput(path: string, roots: FileRoots, what: string): Promise<string> {
  const absolute = await underRoots(path, roots, what)
  const folder = dirname(absolute)
  const there = await stat(folder).catch(() => undefined)
  if (!there?.isDirectory())
    throw new Unmet('OutputFolderMissing', `${what} '${path}': the folder '${folder}' does not exist; make it first`)
  await access(folder, constants.W_OK | constants.X_OK).catch(() => {
    throw new Unmet('OutputNotWritable', `${what} '${path}': the runtime's user may not write in '${folder}'`)
  })
  const target = await stat(absolute).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENAMETOOLONG') throw new InputError('InvalidLocation', tooLong(path, what))
    return undefined
  })
  if (target?.isDirectory()) throw new Unmet('OutputNotWritable', `${what} '${path}' is a folder; name a file in it`)
  if (target && !target.isFile())
    throw new Unmet('OutputNotWritable', `${what} '${path}' is a pipe, a socket or a device; name a file`)
  if (target) {
    await access(absolute, constants.W_OK).catch(() => {
      throw new Unmet('OutputNotWritable', `${what} '${path}' exists and may not be overwritten by the runtime's user`)
    })
  }
  return absolute
}

function tooLong(path: string, what: string): string {
  const name = basename(path)
  return `${what} '${name.slice(0, 40)}…': this machine does not take a name of ${Buffer.byteLength(name)} bytes; give a shorter one`
}

/** The real path, links followed as far as it exists; refused without a word on what lies outside. */
async function underRoots(path: string, roots: FileRoots, what: string): Promise<string> {
  if (path.includes('\0')) throw new InputError('InvalidLocation', `${what} holds a NUL character`)
  if (roots.open.length === 0) {
    throw new InputError(
      'OutsideFileRoots',
      `${what} '${path}' lies on this machine, and this runtime opens no files: start it with --files FOLDER`,
    )
  }
  const candidates = isAbsolute(path) ? [path] : roots.open.map((root) => join(root, path))
  // links may change from job to job: looked at anew each time, all at once
  const [realRoots, realClosed, wholes] = await Promise.all([
    Promise.all(roots.open.map(realpathOfNew)),
    Promise.all(roots.closed.map(realpathOfNew)),
    Promise.all(candidates.map((candidate) => realpathOfNew(resolve(candidate)))),
  ])
  const real: string[] = []
  for (const whole of wholes) {
    if (realClosed.some((closed) => whole === closed || isBelow(whole, closed))) throw closedTo(path, what)
    if (realRoots.some((root) => isBelow(whole, root))) real.push(whole)
  }
  if (real.length > 1) for (const candidate of real) if (await exists(candidate)) return candidate
  const first = real[0]
  if (first !== undefined) return first
  throw new InputError(
    'OutsideFileRoots',
    `${what} '${path}' lies outside the folders this runtime may open (${roots.open.join(', ')}): name a file below them, or start the runtime with --files for its folder too`,
  )
}

function closedTo(path: string, what: string): InputError {
  return new InputError(
    'OutsideFileRoots',
    `${what} '${path}' lies in a folder of Rowhouse's own, which no job may open: name a file outside it`,
  )
}

/** Follows links of the part that exists. A dangling link stays where it is: publishing by rename replaces it. */
async function realpathOfNew(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if ((code !== 'ENOENT' && code !== 'ENOTDIR') || dirname(path) === path) return path
    return join(await realpathOfNew(dirname(path)), basename(path))
  }
}

function isBelow(path: string, root: string): boolean {
  const way = relative(root, path)
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
