/** The job's inputs as files the harness can open: fetched where they lie elsewhere, looked through where they are CSV. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, type Asset, type Client, InputError, Unmet } from '@rowhouse/contract'
import { type CsvScan, checkFileKind } from '@rowhouse/tables'
import type { PlanInput } from './harness-protocol.ts'
import { download, type FetchContext } from './inputs-fetch.ts'
import { declaredFormat, type InputFormat, sniffFormat, strangeFormat, tabSeparated } from './inputs-format.ts'
import { locateInput, parseLocation, showLocation } from './inputs-locate.ts'
import { type LooksAhead, lookThrough } from './inputs-look.ts'
import { downloadManaged, embeddedContent } from './playground.ts'
import type { Job } from './run-job-document.ts'
import { writeWorkFile } from './work-files.ts'

export interface InputContext extends FetchContext {
  client: Pick<Client, 'files'>
  /** Where content that came from elsewhere is laid down. */
  folder: string
  /** By input; the first one's serves where an input has none of its own. */
  schemas: readonly unknown[]
  /** What a user should know before trusting the result. */
  warn: (text: string) => void
  looks: LooksAhead
}

interface Opened {
  path: string
  bytes: number
  /** Of the server that sent it. */
  mediaType?: string | null
}

export async function prepareInputs(job: Job, context: InputContext): Promise<PlanInput[]> {
  if (job.inputData.length === 0 && job.function !== 'train') {
    throw new InputError(
      'NoInput',
      'The job has no input: name a file (INPUT_FILE, an argument, or an asset of the deployment)',
    )
  }
  const inputs: PlanInput[] = []
  for (const [index, asset] of job.inputData.entries()) inputs.push(await prepareInput(asset, index, job, context))
  return inputs
}

async function prepareInput(asset: Asset, index: number, job: Job, context: InputContext): Promise<PlanInput> {
  context.signal.throwIfAborted()
  const name = inputName(asset, index)
  const opened = await openInput(asset, index, context)
  const declared = declaredFormat(asset)
  if (opened.bytes === 0) {
    const what = declared === 'JSON' || declared === 'TEXT' ? '' : ': it has not even a header'
    throw new Unmet('InputEmpty', `Input '${name}' is empty${what}`)
  }
  const readable = <T>(reading: Promise<T>) => reading.catch((error) => asUnreadable(error, opened.path, name, context))
  await readable(checkFileKind(opened.path))
  if (strangeFormat(asset) === tabSeparated)
    throw new Unmet(
      'InputUnreadable',
      `Input '${name}' is named as ${tabSeparated}: only commas separate cells here; export it as CSV, or give its fileFormat`,
    )
  const format = declared ?? mediaFormat(opened.mediaType) ?? (await sniffFormat(opened.path))
  const schema = ownSchema(context.schemas[index], index, format)
  const common = { ...schema, slot: index * 2, name, path: opened.path, format, arrayInput: arrayInput(job) }
  if (format !== 'CSV') return { ...common, columns: null, hasBom: false, records: null, bytes: opened.bytes }
  const signal = AbortSignal.any([context.signal, context.looks.over])
  const look = await readable(lookThrough(opened, context.schemas[index] ?? context.schemas[0], signal))
  const { columns, hasBom } = look
  const input: PlanInput = { ...common, columns, typing: job.csvTyping, hasBom, records: null, bytes: opened.bytes }
  const ended = readable(look.scan).then((scan) => {
    input.records = scan.records
    sayFound(scan, input, context)
  })
  if (look.isAhead) context.looks.add(ended)
  else await ended
  return input
}

/** Where it is not the plan's, which is that of the first input: of an array of records, a row of CSV is one. */
function ownSchema(schema: unknown, index: number, format: InputFormat): { schema?: unknown } {
  const isOfRows = format === 'CSV' && typeof schema === 'object' && schema !== null && 'items' in schema
  const own = isOfRows ? schema.items : index === 0 ? null : (schema ?? null)
  return own === null ? {} : { schema: own }
}

function sayFound({ warnings, records }: CsvScan, { name, columns }: PlanInput, { warn }: InputContext): void {
  const texts = new Set(columns?.filter(({ type }) => type === 'string').map((column) => column.name))
  for (const { column, text } of warnings) {
    // A text that a schema keeps loses nothing.
    if (column === null || !texts.has(column)) warn(`input '${name}': ${text}`)
  }
  if (records === 0) warn(`input '${name}' has a header but no records`)
}

function asUnreadable(error: unknown, path: string, name: string, { signal, looks }: InputContext): never {
  if (error instanceof AppError || signal.aborted || looks.over.aborted) throw error
  const reason = error instanceof Error ? error.message : String(error)
  // What tables says of a whole file begins with its path; the reader knows it by the job's name for it.
  const rest = reason.startsWith(`${path} `) ? reason.slice(path.length) : `: ${reason}`
  throw new Unmet('InputUnreadable', `Input '${name}'${rest}`)
}

async function openInput(asset: Asset, index: number, context: InputContext): Promise<Opened> {
  const what = 'Input'
  const target = join(context.folder, `input-${index}`)
  const embedded = embeddedContent(asset)
  if (embedded !== null) {
    await writeWorkFile(target, embedded)
    return { path: target, bytes: (await stat(target)).size }
  }
  if (asset.contentHash && !asset.fileUrl) {
    await downloadManaged(context.client, asset.contentHash.hexString, target, context.signal)
    return { path: target, bytes: (await stat(target)).size }
  }
  if (!asset.fileUrl) {
    const known = asset.assetType === 'FILE' || asset.assetType === 'EXTERNAL_FILE'
    const why = known
      ? 'carries neither content nor a URL'
      : `is of type ${asset.assetType}, which this runtime does not read`
    throw new InputError('InvalidInput', `${what} '${inputName(asset, index)}' ${why}`)
  }
  const location = parseLocation(asset.fileUrl, what)
  if (location.kind === 'file') return locateInput(location.path, context.fileRoots, what)
  const got = await download(location.url, target, context.credentials[`inputData[${index}]`], { what, context })
  return { path: target, ...got }
}

function inputName(asset: Asset, index: number): string {
  return asset.filename || asset.name || (asset.fileUrl ? showLocation(asset.fileUrl) : `input ${index}`)
}

function mediaFormat(mediaType: string | null | undefined): InputFormat | undefined {
  if (!mediaType) return undefined
  if (/^text\/csv\b/i.test(mediaType)) return 'CSV'
  if (/json/i.test(mediaType)) return 'JSON'
  return /\bxml\b/i.test(mediaType) ? 'TEXT' : undefined
}

function arrayInput(job: Job): PlanInput['arrayInput'] {
  const wish = job.parameters.arrayInput
  if (wish === undefined || wish === null) return null
  if (wish === 'record' || wish === 'rows') return wish
  throw new InputError(
    'InvalidParameter',
    `jobParameters.arrayInput is ${JSON.stringify(wish)}: give 'record' or 'rows'`,
  )
}
