/**
 * Where a job's output goes. It is written beside its place (same folder, so that the rename is one step) and published when the model has
 * finished; a job that fails leaves nothing. What can be known before the model runs is checked then.
 */

import { createReadStream, openAsBlob } from 'node:fs'
import { open, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Asset, type Client, embeddedBytesMax, InputError, Unmet } from '@rowhouse/contract'
import type { PlanInput, PlanOutput } from './harness-protocol.ts'
import { addressOf, basicAuth, type Credentials, networkProblem } from './inputs-fetch.ts'
import { declaredFormat, strangeFormat } from './inputs-format.ts'
import { callHttp } from './inputs-http.ts'
import { type FileRoots, locateOutput, parseLocation, showLocation } from './inputs-locate.ts'
import { type Job, schemaFields } from './run-job-document.ts'
import { untilAnswered } from './run-job-retry.ts'

export interface OutputContext {
  client: Pick<Client, 'files'>
  fileRoots: FileRoots
  allowLinkLocal: boolean
  credentials: Readonly<Record<string, Credentials>>
  /** For output that has no place of its own on this machine. */
  folder: string
  /** Makes the name of the side file unique: job and attempt. */
  attemptName: string
  /** Told before the side file of an output is made. */
  noteSideFile: (path: string) => void
  signal: AbortSignal
  room: Room
}

type Target = { kind: 'file'; path: string } | { kind: 'http'; url: URL } | { kind: 'embedded' }

export interface PreparedOutput {
  asset: Asset
  /** Place in the job, which finds its credentials: `outputData[0]`. */
  assetKey: string
  plan: PlanOutput
  target: Target
  /** Publishing changes something outside the job's document, so the lease is proved right before. */
  isExternal: boolean
  /** Its side file is in its place. */
  isPublished: boolean
}

/** All outputs of a job: the first is slot 1, the next 3, 5 … The schema is that of slot 1. Each is told as soon as its side file exists. */
export async function prepareOutputs(
  job: Job,
  inputs: readonly PlanInput[],
  schema: unknown,
  context: OutputContext & { onPrepared: (output: PreparedOutput) => void },
): Promise<void> {
  const assets = job.outputData.length > 0 ? job.outputData : [embeddedDefault(job, inputs)]
  const targets: Target[] = []
  for (const [index, asset] of assets.entries()) {
    const format = outputFormat(asset, job, inputs)
    const target = await findTarget(asset, context)
    refuseInputAsOutput(target, inputs)
    refuseSameOutput(target, targets)
    targets.push(target)
    const path =
      target.kind === 'file'
        ? join(dirname(target.path), `.${basename(target.path).slice(0, 150)}.${context.attemptName}.part`)
        : join(context.folder, `output-${index}`)
    if (target.kind === 'file') context.noteSideFile(path)
    await tryToWrite(path, asset)
    const columns = format === 'CSV' && index === 0 ? (schemaFields(schema)?.map((field) => field.name) ?? null) : null
    const isExternal = target.kind !== 'embedded'
    context.onPrepared({
      asset,
      assetKey: `outputData[${index}]`,
      plan: { path, format, columns },
      target,
      isExternal,
      isPublished: false,
    })
  }
}

function refuseSameOutput(target: Target, earlier: readonly Target[]): void {
  if (target.kind !== 'file' || !earlier.some((other) => other.kind === 'file' && other.path === target.path)) return
  throw new InputError('OutputTwice', `Output '${target.path}' is named twice: each slot needs a file of its own`)
}

/** Publishing would replace the very rows that were scored. */
function refuseInputAsOutput(target: Target, inputs: readonly PlanInput[]): void {
  if (target.kind !== 'file' || !inputs.some((input) => input.path === target.path)) return
  throw new InputError(
    'OutputIsInput',
    `Output '${target.path}' is the job's own input and would replace it: name another file`,
  )
}

/** The output's own format, else as the input. Results of metrics are nested documents: JSON unless told otherwise. */
function outputFormat(asset: Asset, job: Job, inputs: readonly PlanInput[]): PlanOutput['format'] {
  const strange = strangeFormat(asset)
  if (strange !== undefined)
    throw new InputError(
      'UnsupportedFormat',
      `Output '${outputName(asset)}' is to be ${strange}: this runtime writes CSV and JSON lines; name it .csv or .jsonl, or give a fileFormat`,
    )
  const declared = declaredFormat(asset)
  if (declared !== undefined) return declared === 'CSV' ? 'CSV' : 'JSON'
  return job.function === 'score' && inputs[0]?.format === 'CSV' ? 'CSV' : 'JSON'
}

function embeddedDefault(job: Job, inputs: readonly PlanInput[]): Asset {
  const extension = job.function === 'score' && inputs[0]?.format === 'CSV' ? 'csv' : 'json'
  const filename = `${job.modelName.replace(/[^\w.-]+/g, '_')}_output.${extension}`
  return { assetType: 'FILE', assetRole: 'UNKNOWN', name: filename, filename, metaData: { custom: {}, tags: [] } }
}

async function findTarget(asset: Asset, context: OutputContext): Promise<Target> {
  if (!asset.fileUrl) return { kind: 'embedded' }
  const location = parseLocation(asset.fileUrl, 'Output')
  if (location.kind === 'http') return { kind: 'http', url: location.url }
  return { kind: 'file', path: await locateOutput(location.path, context.fileRoots, 'Output') }
}

async function tryToWrite(path: string, asset: Asset): Promise<void> {
  try {
    await (await open(path, 'w')).close()
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const why =
      code === 'ENOSPC' || code === 'EDQUOT'
        ? 'the disk is full'
        : code === 'EROFS'
          ? 'the disk is read-only'
          : `it failed with ${code}`
    throw new Unmet('OutputNotWritable', `Output '${outputName(asset)}' cannot be written: ${why}`)
  }
}

/** Puts the finished side file in its place and answers the asset the job ends with. */
export async function publishOutput(output: PreparedOutput, context: OutputContext): Promise<Asset> {
  const { asset, plan, target } = output
  const { size: fileSize } = await stat(plan.path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    const what = `Output '${outputName(asset)}' was removed while it was being written, as '${basename(plan.path)}'`
    throw new Unmet('OutputVanished', `${what}: nothing is published; run the job again`)
  })
  const declared = asset.fileFormat && asset.fileFormat !== 'UNKNOWN' ? asset.fileFormat : plan.format
  if (target.kind === 'embedded') {
    const filename = asset.filename || asset.name || `output.${plan.format.toLowerCase()}`
    return {
      ...asset,
      ...(await storedContent(plan.path, filename, fileSize, context)),
      assetType: 'FILE',
      fileFormat: declared,
    }
  }
  if (target.kind === 'file') {
    await moveIntoPlace(plan.path, target.path)
    output.isPublished = true
  } else await put(target.url, output, context)
  return { ...asset, fileFormat: declared, fileSize }
}

/** What may still be embedded of all that a job ends with: it travels in one request. */
export interface Room {
  bytes: number
}

export const newRoom = (): Room => ({ bytes: embeddedBytesMax })

export interface ContentContext {
  client: Pick<Client, 'files'>
  signal: AbortSignal
  room: Room
}

/** Embedded while there is room, else a managed file of the server's content store. */
export async function storedContent(
  path: string,
  filename: string,
  fileSize: number,
  { client, signal, room }: ContentContext,
): Promise<Partial<Asset>> {
  const nothing = { filename, fileSize, fileContent: null, fileContentString: null, contentHash: null }
  if (fileSize <= room.bytes) {
    room.bytes -= fileSize
    return { ...nothing, fileContent: await readFile(path, 'base64') }
  }
  const { sha256 } = await untilAnswered(async () => {
    const content = (await openAsBlob(path)).stream() as ReadableStream
    return client.files.upload(content, { filename, signal })
  }, signal)
  return { ...nothing, contentHash: { hashType: 'SHA-256', hexString: sha256 } }
}

/** On disk before it has its name, so that a power cut cannot leave a named file without its rows. */
async function moveIntoPlace(from: string, to: string): Promise<void> {
  const file = await open(from, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(from, to)
  // The new name itself survives a power cut only when its folder is on disk; some systems cannot open a folder.
  const folder = await open(dirname(to), 'r').catch(() => null)
  await folder?.sync().catch(() => {})
  await folder?.close()
}

async function put(url: URL, { assetKey, plan }: PreparedOutput, context: OutputContext): Promise<void> {
  const shown = showLocation(url.href)
  const { size } = await stat(plan.path)
  for (let attempt = 1; ; attempt++) {
    let problem: string
    try {
      const response = await callHttp({
        method: 'PUT',
        url: addressOf(url, context.credentials[assetKey]),
        headers: { ...basicAuth(url, context.credentials[assetKey]), 'content-length': String(size) },
        body: () => createReadStream(plan.path),
        signal: context.signal,
        allowLinkLocal: context.allowLinkLocal,
      })
      response.body.destroy()
      if (response.status >= 200 && response.status < 300) return
      problem = `the server answered ${response.statusLine}`
      if (response.status < 500 && response.status !== 429)
        throw new Unmet('OutputNotWritable', `Output '${shown}' was not taken: ${problem}`)
    } catch (error) {
      if (error instanceof InputError) throw new InputError(error.code, `Output '${shown}': ${error.message}`)
      if (context.signal.aborted || error instanceof Unmet) throw error
      problem = networkProblem(error)
    }
    if (attempt >= 3)
      throw new Unmet('OutputNotWritable', `Output '${shown}' was not taken: ${problem} (tried ${attempt} times)`)
    await sleep(250 * 4 ** (attempt - 1), undefined, { signal: context.signal })
  }
}

/** Nothing half-written stays, whatever a model put in its place. */
export async function discardOutput(output: PreparedOutput): Promise<void> {
  await rm(output.plan.path, { recursive: true, force: true })
}

function outputName(asset: Asset): string {
  return asset.fileUrl ? showLocation(asset.fileUrl) : (asset.filename ?? asset.name ?? 'output')
}
