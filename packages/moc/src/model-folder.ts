/** A folder with a model, as its authors keep it in git, becomes a stored model: sources, artefacts, schemas, metadata. */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, extname, join, relative, resolve, sep } from 'node:path'
import {
  type AssetInput,
  type Client,
  InputError,
  type ModelMetaData,
  NotFound,
  type StoredModelInput,
} from '@rowhouse/contract'
import { localFileAsset } from './local-files.ts'
import { hasAnyRole, pickPrimarySource } from './primary-source.ts'
import { pickSchemas } from './schema-files.ts'

const skippedFolders = new Set(['.git', 'node_modules', '__pycache__', '.venv', 'venv', '.ipynb_checkpoints'])

const languageByExtension: Record<string, string> = {
  '.py': 'PYTHON',
  '.py3': 'PYTHON',
  '.js': 'JAVASCRIPT',
  '.mjs': 'JAVASCRIPT',
  '.cjs': 'JAVASCRIPT',
  '.ts': 'JAVASCRIPT',
  '.mts': 'JAVASCRIPT',
  '.cts': 'JAVASCRIPT',
  '.r': 'R',
}

interface ImportOptions {
  name?: string
  source?: string
}

export async function readModelFolder(
  client: Client,
  folder: string,
  options: ImportOptions,
): Promise<{ body: StoredModelInput; notes: string[] }> {
  const { files, notes } = listFiles(folder)
  const sources = files
    .filter((file) => languageOf(file) !== undefined && !isBuilt(file, files))
    .map((file) => ({ file, text: readText(folder, file) }))
  const primary = pickPrimarySource(sources, options.source)
  const type = languageOf(primary.file) ?? 'UNKNOWN'
  const metadata = readMetadata(folder, files)
  const schemas = pickSchemas(
    primary.text,
    files
      .filter((file) => file.toLowerCase().endsWith('.avsc'))
      .map((file) => ({ file, text: readText(folder, file) })),
  )
  notes.push(...schemas.notes)
  const isSource = new Set(sources.map((source) => source.file))
  const modelAssets: AssetInput[] = sources.map((source) => sourceAsset(source, source.file === primary.file))
  for (const file of files) {
    if (isSource.has(file)) continue
    modelAssets.push({ ...(await localFileAsset(client, join(folder, file), file)), assetRole: roleOf(file) })
  }
  modelAssets.push(...externalAssets(readJsonFileOf(folder, files, 'external_assets.json')))
  const body: StoredModelInput = {
    modelMetaData: {
      ...metadata,
      name: options.name ?? metadata.name ?? basename(resolve(folder)),
      type,
      inputSchema: schemas.input,
      outputSchema: schemas.output,
    },
    modelAssets,
    requiredAssets: listOf(readJsonFileOf(folder, files, 'required_assets.json'), 'required_assets.json'),
  }
  if (!hasAnyRole(primary.text)) {
    const score = type === 'JAVASCRIPT' ? 'action or score' : 'action'
    notes.push(
      `${primary.file} has no modelop.score, .metrics or .train annotation: the default names (${score}, metrics, train) will be looked for`,
    )
  }
  return { body, notes }
}

/** undefined: no source. Declarations alone (`.d.ts`) are none. */
function languageOf(file: string): string | undefined {
  return /\.d\.[cm]?ts$/i.test(file) ? undefined : languageByExtension[extname(file).toLowerCase()]
}

/** TypeScript whose JavaScript stands beside it: that one is the source. */
function isBuilt(file: string, files: readonly string[]): boolean {
  const built = file.replace(/ts$/, 'js')
  return built !== file && files.includes(built)
}

/** Partial files are normal; what is null there counts as not given. */
function readMetadata(folder: string, files: readonly string[]): Partial<ModelMetaData> {
  const metadata = readJsonFileOf(folder, files, 'metadata.json') ?? {}
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
    throw new InputError('BadMetadata', 'metadata.json holds no object: it should have members such as name and tags')
  return Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== null))
}

function listOf<Item extends object>(value: unknown, file: string): Item[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new InputError('BadAssets', `${file} holds no array of assets`)
  return value as Item[]
}

/** Whole asset objects that lie elsewhere: they belong to the model as they are written. */
function externalAssets(value: unknown): AssetInput[] {
  return listOf<AssetInput>(value, 'external_assets.json').map((asset) => ({
    ...asset,
    assetType: asset.assetType ?? (asset.fileUrl ? 'EXTERNAL_FILE' : 'FILE'),
  }))
}

export function sourceAsset(source: { file: string; text: string }, primary: boolean): AssetInput {
  return {
    name: source.file,
    assetType: 'SOURCE_CODE',
    assetRole: primary ? 'MODEL_SOURCE' : 'UNKNOWN',
    primaryModelSource: primary,
    sourceCode: source.text,
    sourceCodeFilePath: source.file,
    sourceCodeType: 'MODEL',
  }
}

function roleOf(file: string): string {
  const name = basename(file).toLowerCase()
  if (name === 'requirements.txt') return 'REQUIRED_LIBRARIES'
  if (name === 'metadata.json') return 'MODEL_METADATA'
  if (name === 'required_assets.json') return 'REQUIRED_ASSETS'
  if (name.startsWith('readme')) return 'README_FILE'
  if (name.endsWith('.avsc')) return 'MODEL_SCHEMA'
  return 'UNKNOWN'
}

/** Relative paths with forward slashes, sorted. Links are followed, unless they lead nowhere or back to where they lie. */
function listFiles(folder: string): { files: string[]; notes: string[] } {
  if (!existsSync(folder)) throw new NotFound('folder', folder, `There is no folder ${resolve(folder)}`)
  if (!statSync(folder).isDirectory())
    throw new InputError('NotAFolder', `${resolve(folder)} is not a folder; give the folder that holds the model`)
  const files: string[] = []
  const notes: string[] = []
  const visit = (inside: string, above: readonly string[]) => {
    for (const name of readdirSync(inside)) {
      const path = join(inside, name)
      const file = relative(folder, path).split(sep).join('/')
      const real = realPathOf(path)
      if (real === undefined) notes.push(`${file} is left out: it is a link that leads nowhere`)
      else if (statSync(real).isFile()) files.push(file)
      else if (above.includes(real)) notes.push(`${file} is left out: it is a link to a folder that it lies in`)
      else if (statSync(real).isDirectory() && !skippedFolders.has(name)) visit(path, [...above, real])
    }
  }
  visit(folder, [realpathSync(folder)])
  if (files.length === 0) throw new InputError('EmptyFolder', `${resolve(folder)} holds no file`)
  return { files: files.sort(), notes }
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

function readText(folder: string, file: string): string {
  return decodeSource(readFileSync(join(folder, file)))
}

/** UTF-8, without a byte order mark; else in the encoding that the file declares (`# -*- coding: latin-1 -*-`), else as Windows writes it. */
export function decodeSource(content: Buffer): string {
  const declared = /^(?:.*\r?\n)??.*?coding[:=][ \t]*([-\w.]+)/.exec(content.toString('latin1', 0, 400))?.[1]
  for (const encoding of ['utf-8', declared]) {
    try {
      if (encoding !== undefined) return new TextDecoder(encoding, { fatal: true }).decode(content)
    } catch {
      // Not this one.
    }
  }
  return new TextDecoder('windows-1252').decode(content)
}

function readJsonFileOf(folder: string, files: readonly string[], name: string): unknown {
  const file = files.find((candidate) => candidate === name)
  if (file === undefined) return undefined
  try {
    return JSON.parse(readText(folder, file))
  } catch (error) {
    throw new InputError(
      'BadJson',
      `${join(folder, file)} is not JSON: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}
