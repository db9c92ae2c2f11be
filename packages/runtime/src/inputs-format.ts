/** Which format a file has, and which type each of its columns. Pure but for the look at a file's beginning. */
import { open } from 'node:fs/promises'
import { extname } from 'node:path'
import type { Asset } from '@rowhouse/contract'
import type { ColumnType, PlanColumn } from './harness-protocol.ts'
import { schemaFields } from './run-job-document.ts'

export type InputFormat = 'CSV' | 'JSON' | 'TEXT'

const byExtension: Record<string, InputFormat> = {
  csv: 'CSV',
  json: 'JSON',
  jsonl: 'JSON',
  ndjson: 'JSON',
  jsonlines: 'JSON',
  jsons: 'JSON',
  txt: 'TEXT',
  text: 'TEXT',
  xml: 'TEXT',
}

/** By the asset's fileFormat, else by the extension of one of its names; undefined when neither tells. */
export function declaredFormat(
  asset: Pick<Asset, 'fileFormat' | 'filename' | 'name' | 'fileUrl'>,
): InputFormat | undefined {
  const declared = asset.fileFormat?.toUpperCase()
  if (declared === 'CSV' || declared === 'JSON' || declared === 'TEXT') return declared
  if (declared === 'JSONL' || declared === 'NDJSON') return 'JSON'
  if (declared === 'XML' || declared === 'UTF8' || declared === 'UTF-8') return 'TEXT'
  const names = [asset.fileUrl?.replace(/[?#].*$/, ''), asset.filename, asset.name]
  for (const name of names) {
    const format = byExtension[extensionOf(name)]
    if (format) return format
  }
  return undefined
}

export const tabSeparated = 'tab-separated text'

const strange: Record<string, string> = {
  tsv: tabSeparated,
  tab: tabSeparated,
  gz: 'gzip',
  tgz: 'gzip',
  bz2: 'bzip2',
  xz: 'xz',
  zst: 'Zstandard',
  zip: 'ZIP',
  parquet: 'Parquet',
  avro: 'Avro',
  orc: 'ORC',
  arrow: 'Arrow',
  feather: 'Arrow',
  xls: 'an Excel workbook',
  xlsx: 'an Excel workbook',
}

/** What a file is by its fileFormat, else by its name, when that is none of the formats that are read and written. */
export function strangeFormat(asset: Pick<Asset, 'fileFormat' | 'filename' | 'name' | 'fileUrl'>): string | undefined {
  if (declaredFormat(asset) !== undefined) return undefined
  const byFormat = strange[asset.fileFormat?.toLowerCase() ?? '']
  const names = [asset.fileUrl?.replace(/[?#].*$/, ''), asset.filename, asset.name]
  return byFormat ?? names.map((name) => strange[extensionOf(name)]).find((found) => found !== undefined)
}

const extensionOf = (name: string | null | undefined): string =>
  extname(name ?? '')
    .slice(1)
    .toLowerCase()

export async function sniffFormat(path: string): Promise<InputFormat> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(65_536), 0, 65_536, 0)
    return sniffText(buffer.toString('utf8', 0, bytesRead))
  } finally {
    await file.close()
  }
}

/** JSON when the text begins a JSON value, CSV when its first line has a comma, else text. */
export function sniffText(text: string): InputFormat {
  const start = text.replace(/^\uFEFF/, '').trimStart()
  const firstLine = start.slice(0, start.search(/\r?\n|$/))
  if (/^[[{]/.test(start)) return 'JSON'
  if (start.startsWith('<')) return 'TEXT'
  if (isJson(firstLine)) return 'JSON'
  return firstLine.includes(',') ? 'CSV' : 'TEXT'
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line)
    return true
  } catch {
    return false
  }
}

/** The schema's word on a column wins over what its cells look like: a postcode stays text. */
export function columnTypes(scanned: readonly PlanColumn[], schema: unknown): PlanColumn[] {
  const declared = declaredTypes(schema)
  return scanned.map(({ name, type: seen, blanks }) => {
    const type = declared.get(name) ?? seen
    // Cells that are not of the declared type are looked at one by one, whatever was counted.
    const isCounted = blanks !== undefined && (type === seen || type === 'string')
    return { name, type, ...(isCounted ? { blanks } : {}) }
  })
}

/** The columns of a header where the schema alone gives the type of each; null: the cells of some must be looked at. */
export function declaredColumns(names: readonly string[], schema: unknown): PlanColumn[] | null {
  const declared = declaredTypes(schema)
  const columns: PlanColumn[] = []
  for (const name of names) {
    const type = declared.get(name)
    if (!type) return null
    columns.push({ name, type })
  }
  return columns
}

function declaredTypes(schema: unknown): Map<string, ColumnType | null> {
  return new Map((schemaFields(schema) ?? []).map((field) => [field.name, columnType(field.type)]))
}

/** Of an Avro type; null when it says nothing that a cell could be (records, arrays, unions of several). */
function columnType(avro: unknown): ColumnType | null {
  if (Array.isArray(avro)) {
    const some = avro.filter((branch) => branch !== 'null')
    return some.length === 1 ? columnType(some[0]) : null
  }
  if (typeof avro === 'object' && avro !== null && 'type' in avro) return columnType(avro.type)
  if (avro === 'int' || avro === 'long') return 'integer'
  if (avro === 'float' || avro === 'double') return 'float'
  if (avro === 'boolean') return 'boolean'
  return avro === 'string' || avro === 'enum' || avro === 'bytes' || avro === 'fixed' ? 'string' : null
}
