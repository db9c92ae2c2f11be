/** Content from elsewhere into a file of the attempt: http(s) with the lease's credentials, or a file below the roots. */
import { constants, createWriteStream } from 'node:fs'
import { copyFile, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Asset, InputError, type LeaseBody, Unmet } from '@rowhouse/contract'
import { callHttp } from './inputs-http.ts'
import { type FileRoots, locateInput, parseLocation, showLocation } from './inputs-locate.ts'

export type Credentials = LeaseBody['credentials'][string]

export interface FetchContext {
  fileRoots: FileRoots
  credentials: Readonly<Record<string, Credentials>>
  signal: AbortSignal
  allowLinkLocal: boolean
}

const triesMax = 3

/** Copies an EXTERNAL_FILE asset to `target`. */
export async function fetchExternal(
  asset: Asset,
  assetKey: string,
  target: string,
  context: FetchContext,
): Promise<void> {
  const what = `Asset ${asset.filename ?? asset.name ?? assetKey}`
  if (!asset.fileUrl) throw new InputError('InvalidLocation', `${what} has no fileUrl`)
  const location = parseLocation(asset.fileUrl, what)
  if (location.kind === 'http') await download(location.url, target, context.credentials[assetKey], { what, context })
  else
    await copyFile((await locateInput(location.path, context.fileRoots, what)).path, target, constants.COPYFILE_FICLONE)
}

const copiedBytesMax = 256 * 1024 ** 2

/** A file that the job reads where it lies, for a model that opens it by its name. What is large or far away is not brought a second time. */
export async function copyInput(asset: Asset, target: string, context: FetchContext): Promise<void> {
  const location = parseLocation(asset.fileUrl ?? '', 'Asset')
  const path = location.kind === 'file' ? (await locateInput(location.path, context.fileRoots, 'Asset')).path : null
  if (path === null || (await stat(path)).size > copiedBytesMax)
    throw new Unmet('ReadInPlace', 'it is an input of the job and read where it lies')
  await copyFile(path, target, constants.COPYFILE_FICLONE)
}

/** Streams to `target`; answers its size and media type. A broken connection or a 5xx is tried again. */
export async function download(
  url: URL,
  target: string,
  credentials: Credentials | undefined,
  { what, context }: { what: string; context: FetchContext },
): Promise<{ bytes: number; mediaType: string | null }> {
  const shown = showLocation(url.href)
  for (let attempt = 1; ; attempt++) {
    let problem: string
    try {
      const response = await callHttp({
        method: 'GET',
        url: addressOf(url, credentials),
        headers: basicAuth(url, credentials),
        signal: context.signal,
        allowLinkLocal: context.allowLinkLocal,
      })
      if (response.status >= 200 && response.status < 300) {
        await pipeline(response.body, createWriteStream(target), { signal: context.signal })
        return { bytes: (await stat(target)).size, mediaType: response.mediaType }
      }
      response.body.destroy()
      problem = `the server answered ${response.statusLine}`
      if (response.status < 500 && response.status !== 429)
        throw new Unmet('InputNotFound', `${what} '${shown}': ${problem}`)
    } catch (error) {
      if (error instanceof InputError) throw new InputError(error.code, `${what} '${shown}': ${error.message}`)
      if (context.signal.aborted || error instanceof Unmet) throw error
      problem = networkProblem(error)
    }
    if (attempt >= triesMax) throw new Unmet('InputNotFound', `${what} '${shown}': ${problem} (tried ${attempt} times)`)
    await sleep(250 * 4 ** (attempt - 1), undefined, { signal: context.signal })
  }
}

/** Credentials given with the lease win over those still in the URL. */
export function basicAuth(url: URL, credentials: Credentials | undefined): Record<string, string> {
  const username = credentials?.username ?? decodeURIComponent(url.username)
  const password = credentials?.password ?? decodeURIComponent(url.password)
  if (username === '' && password === '') return {}
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
}

/** What is asked for: without a user, with the members of the query that open it. */
export function addressOf(url: URL, credentials: Credentials | undefined): URL {
  const address = new URL(url)
  address.username = ''
  address.password = ''
  if (credentials?.query) address.search += `${address.search === '' ? '?' : '&'}${credentials.query}`
  return address
}

export function networkProblem(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = (cause as { code?: unknown }).code
  if (code === 'ENOSPC') return 'the disk of the runtime is full'
  if (code === 'ECONNREFUSED') return 'connection refused'
  if (code === 'ENOTFOUND') return 'no such host'
  if (code === 'ECONNRESET') return 'the connection broke'
  return typeof code === 'string' ? code : cause instanceof Error ? cause.message : String(cause)
}
