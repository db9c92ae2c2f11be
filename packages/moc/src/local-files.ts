/** Files on the command line: URLs are passed on as references, local files travel with the request or ahead of it. */
import { createReadStream, createWriteStream, existsSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, extname, resolve } from 'node:path'
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

/** Says what hinders: not there, a folder, no permission. */
export function readTextFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new NotFound('file', path, `There is no file ${resolve(path)}`)
    const why =
      code === 'EISDIR' ? 'it is a folder; name a file in it' : code === 'EACCES' ? 'you may not read it' : String(code)
    throw new InputError('UnreadableFile', `${resolve(path)} cannot be read: ${why}`)
  }
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
  return localFileAsset(client, text, basename(text))
}

/** An output: a URL is written by the runtime; a local file is fetched afterwards by its name. */
export function outputAsset(text: string, region?: string): AssetInput {
  if (isUrl(text)) return externalAsset(text, region)
  const folder = dirname(resolve(text))
  if (!existsSync(folder))
    throw new InputError('NoSuchFolder', `The folder ${folder} for the output does not exist; make it first`)
  if (existsSync(text) && statSync(text).isDirectory())
    throw new InputError('IsFolder', `The output ${text} is a folder; name a file`)
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
  if (size < embeddedBytesMax) return { ...asset, fileContent: readFileSync(path).toString('base64') }
  const { sha256 } = await client.files.upload(Readable.toWeb(createReadStream(path)) as ReadableStream, { filename })
  return { ...asset, contentHash: { hashType: 'SHA-256', hexString: sha256 } }
}

/** For a deployment, which outlives this call: a local path becomes a file:// URL that the runtime reads. */
export function lastingAsset(text: string, region?: string): AssetInput {
  if (isUrl(text)) return externalAsset(text, region)
  const url = pathToFileURL(resolve(text)).href.replaceAll('%7B', '{').replaceAll('%7D', '}')
  return externalAsset(url, region)
}

/** Streams to a file that appears whole or not at all. */
export async function saveStream(body: ReadableStream | null, path: string): Promise<void> {
  const beside = `${path}.part-${process.pid}`
  try {
    await pipeline(
      body === null ? Readable.from([]) : Readable.fromWeb(body as import('node:stream/web').ReadableStream),
      createWriteStream(beside),
    )
    renameSync(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  }
}

function sizeOfFile(path: string): number {
  if (!existsSync(path)) throw new NotFound('file', path, `There is no file ${resolve(path)}`)
  const stat = statSync(path)
  if (!stat.isFile()) throw new InputError('NotAFile', `${resolve(path)} is not a file`)
  return stat.size
}
