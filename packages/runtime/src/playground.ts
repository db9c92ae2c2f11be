/**
 * The folder a model runs in: fresh for each attempt, with every asset of the model written into it. Names come from outside, so each is
 * checked to stay below the folder; archives are unpacked by the same rule.
 */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AppError, type Asset, type Client, InputError, Unavailable } from '@rowhouse/contract'
import { extract } from 'tar'
import { assetPath, type Job } from './run-job-document.ts'
import { untilAnswered } from './run-job-retry.ts'
import { textOf } from './text-of.ts'
import { makeWorkFolder, writeWorkFile } from './work-files.ts'

export interface PlaygroundContext {
  signal: AbortSignal
  /** Brings a managed file to a path. */
  fetchManaged: (sha256: string, target: string) => Promise<void>
  /** Brings an EXTERNAL_FILE asset to a path; `assetKey` such as `additionalAssets[0]` finds its credentials. */
  fetchExternal: (asset: Asset, assetKey: string, target: string) => Promise<void>
  /** The same for one that the job reads where it lies; throws Unmet where a copy would cost too much. */
  copyInput: (asset: Asset, target: string) => Promise<void>
  warn: (text: string) => void
}

export interface Playground {
  folder: string
  jobJsonPath: string
  /** Path below the folder by asset. */
  pathOf: ReadonlyMap<Asset, string>
  /** requirements.txt, null when there is none; its path is below the folder. */
  requirements: { path: string; text: string } | null
}

/** Most that an archive may become, and most entries it may have: a small file can be made to fill a disk. */
const archiveBytesMax = 4 * 1024 ** 3
const archiveEntriesMax = 200_000

export async function buildPlayground(folder: string, job: Job, context: PlaygroundContext): Promise<Playground> {
  makeWorkFolder(join(folder, 'outputDir'))
  const pathOf = new Map<Asset, string>()
  const archives: string[] = []
  const groups: [string, readonly Asset[]][] = [
    ['model.storedModel.modelAssets', job.modelAssets],
    ['additionalAssets', job.additionalAssets],
  ]
  for (const [group, assets] of groups) {
    for (const [index, asset] of assets.entries()) {
      const path = safeRelativePath(assetPath(asset) ?? `asset-${index}`)
      const isInput = isOneOf(job.inputData, asset)
      if (!hasContent(asset) || isOneOf(job.outputData, asset)) continue
      const { copyInput } = context
      const fetchExternal = isInput
        ? (one: Asset, _key: string, target: string) => copyInput(one, target)
        : context.fetchExternal
      try {
        await writeAsset(asset, `${group}[${index}]`, join(folder, path), { ...context, fetchExternal })
      } catch (error) {
        const isNeeded = group === 'additionalAssets' && !isInput
        if (isNeeded || !isOnlyReferenced(asset) || !isUserError(error)) throw error
        // Models carry references to data of their past (training, tests); the one that needs it says so itself.
        context.warn(`asset ${path} is not there: ${error.message}`)
        continue
      }
      pathOf.set(asset, path)
      if (/\.(tar\.gz|tgz)$/i.test(path)) archives.push(path)
    }
  }
  for (const archive of archives) await unpack(folder, archive)
  return finishPlayground(folder, job, pathOf)
}

async function finishPlayground(folder: string, job: Job, pathOf: Map<Asset, string>): Promise<Playground> {
  const moc = join(folder, '__moc_runtime')
  const jobJsonPath = join(moc, 'model_definition.job.json')
  const requirements = [...pathOf]
    .filter(([asset, path]) => asset.assetRole === 'REQUIRED_LIBRARIES' || posix.basename(path) === 'requirements.txt')
    .map(([, path]) => path)
    .sort((a, b) => a.split('/').length - b.split('/').length)
  makeWorkFolder(moc)
  await writeWorkFile(jobJsonPath, JSON.stringify(job.document))
  await writeWorkFile(join(moc, 'required_libraries_filenames.txt'), requirements.map((path) => `${path}\n`).join(''))
  const [path] = requirements
  if (path === undefined) return { folder, jobJsonPath, pathOf, requirements: null }
  return { folder, jobJsonPath, pathOf, requirements: { path, text: textOf(await readFile(join(folder, path))) } }
}

/** `./src/a.py` → `src/a.py`; whatever leaves the folder is refused. */
export function safeRelativePath(given: string): string {
  const refuse = (why: string): never => {
    throw new InputError('UnsafeAssetPath', `Asset '${given}' cannot be placed in the model's folder: ${why}`)
  }
  if (given.includes('\0')) refuse('its name holds a NUL character')
  if (posix.isAbsolute(given) || /^[A-Za-z]:[\\/]/.test(given))
    refuse('its path is absolute; give one relative to the model')
  if (given.split(/[\\/]/).includes('..')) refuse("its path holds '..'; give one below the model")
  const path = posix.normalize(given).replace(/\/+$/, '')
  if (path === '' || path === '.') refuse('it has no file name')
  return path
}

/** The job reads or writes it in place. */
function isOneOf(data: readonly Asset[], asset: Asset): boolean {
  return Boolean(asset.fileUrl) && data.some(({ fileUrl }) => fileUrl === asset.fileUrl)
}

function isOnlyReferenced(asset: Asset): boolean {
  return embeddedContent(asset) === null && !asset.contentHash
}

function isUserError(error: unknown): error is AppError {
  return error instanceof AppError && (error.kind === 'InputError' || error.kind === 'Unmet')
}

function hasContent(asset: Asset): boolean {
  const members = [asset.sourceCode, asset.fileContent, asset.fileContentString, asset.contentHash, asset.fileUrl]
  return members.some((member) => member !== null && member !== undefined)
}

async function writeAsset(asset: Asset, assetKey: string, target: string, context: PlaygroundContext): Promise<void> {
  context.signal.throwIfAborted()
  try {
    makeWorkFolder(dirname(target))
    const embedded = embeddedContent(asset)
    if (embedded !== null) await writeWorkFile(target, embedded)
    else if (asset.contentHash) await context.fetchManaged(asset.contentHash.hexString, target)
    else await context.fetchExternal(asset, assetKey, target)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'EEXIST' || code === 'ENOTDIR' || code === 'EISDIR') {
      throw new InputError(
        'UnsafeAssetPath',
        `Asset '${assetPath(asset)}' is a file where another asset needs a folder, or the other way round`,
      )
    }
    throw error
  }
}

/** Content carried in the job itself; null when it lies elsewhere. */
export function embeddedContent(asset: Asset): Buffer | string | null {
  if (typeof asset.sourceCode === 'string') return declaredUtf8(asset.sourceCode)
  if (typeof asset.fileContent === 'string') return Buffer.from(asset.fileContent, 'base64')
  if (typeof asset.fileContentString === 'string') return asset.fileContentString
  return null
}

/** A text has lost the encoding it was once saved in: the declaration of a Python source follows the bytes that are written. */
function declaredUtf8(source: string): string {
  return source.replace(/^((?:[ \t\f]*#?[^\n]*\n)??[ \t\f]*#.*?coding[:=][ \t]*)([-\w.]+)/, (all, before, name) =>
    /^utf[-_]?8/i.test(name) ? all : `${before}utf-8`,
  )
}

/** From the server's content store; what arrives must be what was named. */
export async function downloadManaged(
  client: Pick<Client, 'files'>,
  sha256: string,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  const got = await untilAnswered(async () => {
    const response = await client.files.download(sha256, { signal })
    if (response.body === null) throw new InputError('EmptyAnswer', `The server sent no content for file ${sha256}`)
    const hash = createHash('sha256')
    const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0])
    body.on('error', (error) =>
      pieces.destroy(new Unavailable('The connection broke while a file came down', 1000, error)),
    )
    const pieces = body.pipe(new PassThrough())
    pieces.on('data', (piece) => hash.update(piece))
    await pipeline(pieces, createWriteStream(target), { signal })
    return hash.digest('hex')
  }, signal)
  if (got !== sha256.toLowerCase()) {
    throw new InputError(
      'ContentMismatch',
      `File ${sha256} arrived with other content (its SHA-256 is ${got}): upload it again`,
    )
  }
}

/** Unpacked in place. Links, devices and names that leave the folder are refused: an archive with one of them is not trusted at all. */
export async function unpack(folder: string, archive: string): Promise<void> {
  const refuse = (entry: string, why: string): never => {
    throw new InputError('UnsafeArchive', `'${archive}' is not unpacked: entry '${entry}' ${why}`)
  }
  let bytes = 0
  let entries = 0
  let refused: unknown
  const unpacking = extract({
    file: join(folder, archive),
    cwd: join(folder, dirname(archive)),
    strict: true,
    noMtime: true,
    filter: (path, entry) => {
      try {
        bytes += entry.size ?? 0
        entries++
        if (path.startsWith('/') || path.split('/').includes('..')) refuse(path, 'would be written outside the model')
        if ('type' in entry && !['File', 'OldFile', 'ContiguousFile', 'Directory', 'GNUDumpDir'].includes(entry.type)) {
          refuse(path, `is a ${entry.type}; only files and folders are unpacked`)
        }
        if (bytes > archiveBytesMax || entries > archiveEntriesMax)
          refuse(path, 'makes it larger than 4 GiB or 200,000 files')
        return refused === undefined
      } catch (error) {
        refused ??= error
        return false
      }
    },
  })
  try {
    await unpacking
  } catch (error) {
    if (refused === undefined) {
      throw new InputError(
        'BadArchive',
        `'${archive}' cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }
  if (refused !== undefined) throw refused
}
