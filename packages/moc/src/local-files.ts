/** Files on the command line: URLs are passed on as references, local files travel with the request or ahead of it. */
import {
  accessSync,
  constants,
  createReadStream,
  createWriteStream,
  existsSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { pathToFileURL } from 'node:url'
import { type AssetInput, type Client, embeddedBytesMax, InputError, NotFound } from '@rowhouse/contract'

const urlPattern = /^(https?|s3|s3n|s3a|hdfs|file|abfss|gs):\/\//i

export function isUrl(text: string): boolean {
  return urlPattern.test(text)
}

function fileFormatOf(name: string): string {
  switch (extname(name.replace(/[?#].*$/, '')).toLowerCase()) {
    case '.csv':
      return 'CSV'
    case '.json':
    case '.jsonl':
    case '.ndjson':
      return 'JSON'
    default:
      return 'UNKNOWN'
  }
}

/** A scheme that nothing here reads, such as ftp:// or jdbc:…://, is no path either. */
function refuseNeither(text: string): void {
  const scheme = /^([a-z][a-z\d+.-]*):(?:[a-z]+:)?\/\//i.exec(text)?.[1]
  if (scheme === undefined || existsSync(text)) return
  const known = 'http, https, file, s3, s3a, s3n, hdfs, gs and abfss'
  throw new InputError(
    'UnknownScheme',
    `'${text}' has the scheme '${scheme}'; files are local paths or URLs of ${known}`,
  )
}

/** `~/` where the shell left it alone (`--input=~/rows.csv`), unless there is a folder of that name. */
export function localPath(text: string): string {
  return text.startsWith('~/') && !existsSync('~') ? join(homedir(), text.slice(2)) : text
}

/** `-` is stdin. Says what hinders: not there, a folder, no permission. */
export function readLocalFile(name: string): Buffer<ArrayBuffer> {
  const path = localPath(name)
  try {
    return readFileSync(path === '-' ? 0 : path)
  } catch (error) {
    throw unreadable(path, error)
  }
}

function unreadable(path: string, error: unknown): InputError | NotFound {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR') return new NotFound('file', path, `There is no file ${resolve(path)}`)
  const why =
    code === 'EISDIR' ? 'it is a folder; name a file in it' : code === 'EACCES' ? 'you may not read it' : String(code)
  return new InputError('UnreadableFile', `${resolve(path)} cannot be read: ${why}`)
}

/** In UTF-8, or in UTF-16 with its mark as Windows writes it. */
export function readTextFile(name: string): string {
  return decodeText(readLocalFile(name))
}

function decodeText(content: Buffer): string {
  const mark = content.length < 2 ? 0 : content.readUInt16BE(0)
  const encoding = mark === 0xfffe ? 'utf-16le' : mark === 0xfeff ? 'utf-16be' : 'utf-8'
  return new TextDecoder(encoding).decode(content)
}

/** The asset of a file at a URL. `region` is that of an S3 bucket. */
export function externalAsset(url: string, region?: string): AssetInput {
  const path = url.replace(/[?#].*$/, '')
  const asset: AssetInput = {
    assetType: 'EXTERNAL_FILE',
    fileUrl: url,
    filename: basename(path),
    fileFormat: fileFormatOf(path),
  }
  if (region !== undefined) asset.repositoryInfo = { repositoryType: 'S3_REPOSITORY', secure: true, region }
  return asset
}

/** An input: a URL as it is; a local file embedded when small, else streamed to the content store. */
export async function inputAsset(client: Client, text: string, region?: string): Promise<AssetInput> {
  if (isUrl(text)) return externalAsset(text, region)
  refuseNeither(text)
  if (text === '-')
    throw new InputError('NotAFile', "An input is a file or a URL; '-' is not: write stdin to a file, and name that")
  return localFileAsset(client, localPath(text), basename(text))
}

/** An output: a URL is written by the runtime; a local file is fetched afterwards by its name. */
export function outputAsset(text: string, region?: string): AssetInput {
  if (isUrl(text)) return externalAsset(text, region)
  refuseNeither(text)
  if (text === '-')
    throw new InputError(
      'NotAFile',
      'The output cannot go to stdout, where the job id goes: name a file, or fetch it later with moc job output <job-id> -',
    )
  const path = localPath(text)
  if (/[\\/]$/.test(path) || ['.', '..'].includes(basename(path)))
    throw new InputError('IsFolder', `The output ${path} is a folder; name a file`)
  const folder = dirname(resolve(path))
  if (!existsSync(folder))
    throw new InputError('NoSuchFolder', `The folder ${folder} for the output does not exist; make it first`)
  if (existsSync(path) && statSync(path).isDirectory())
    throw new InputError('IsFolder', `The output ${path} is a folder; name a file`)
  return { assetType: 'FILE', filename: basename(text), fileFormat: fileFormatOf(text) }
}

export async function localFileAsset(client: Client, path: string, filename: string): Promise<AssetInput> {
  const size = sizeOfFile(path)
  const asset: AssetInput = {
    assetType: 'FILE',
    name: filename,
    filename,
    fileFormat: fileFormatOf(filename),
    fileSize: size,
  }
  if (size < embeddedBytesMax) return { ...asset, fileContent: readLocalFile(path).toString('base64') }
  const { sha256 } = await client.files.upload(() => streamOf(path), { filename })
  return { ...asset, contentHash: { hashType: 'SHA-256', hexString: sha256 } }
}

/** A few chunks ahead: Node 20 takes the number of bytes that a file is read ahead for a number of chunks. */
function streamOf(path: string): ReadableStream {
  return Readable.toWeb(createReadStream(path), { strategy: { highWaterMark: 4 } }) as ReadableStream
}

/** For a deployment, which outlives this call: a local path becomes a file:// URL that the runtime reads. */
export function lastingAsset(text: string, region?: string): AssetInput {
  if (isUrl(text)) return externalAsset(text, region)
  refuseNeither(text)
  const url = pathToFileURL(resolve(localPath(text)))
    .href.replaceAll('%7B', '{')
    .replaceAll('%7D', '}')
  return externalAsset(url, region)
}

/**
 * Streams to a file that appears whole or not at all. A link stays and what it points to is written; a device or a pipe (`/dev/null`,
 * a fifo) stays too, and takes what comes.
 */
export async function saveStream(body: ReadableStream | null, named: string): Promise<void> {
  const content = body === null ? Readable.from([]) : Readable.fromWeb(body as import('node:stream/web').ReadableStream)
  const former = statSync(named, { throwIfNoEntry: false })
  if (former !== undefined && !former.isFile() && !former.isDirectory()) {
    await pipeline(content, createWriteStream(named, { flags: 'a' }))
    return
  }
  const path = former === undefined ? named : realpathSync(named)
  const beside = `${path}.part-${process.pid}`
  try {
    await pipeline(content, createWriteStream(beside, former === undefined ? {} : { mode: former.mode }))
    renameSync(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  }
}

function kindOf(stat: Stats): string {
  if (stat.isDirectory()) return ' but a folder'
  return ' but a pipe or a device: write what comes from it to a file, and name that'
}

function sizeOfFile(path: string): number {
  try {
    accessSync(path, constants.R_OK)
  } catch (error) {
    throw unreadable(path, error)
  }
  const stat = statSync(path)
  if (!stat.isFile()) throw new InputError('NotAFile', `${resolve(path)} is not a file${kindOf(stat)}`)
  return stat.size
}
