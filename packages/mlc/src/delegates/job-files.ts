/** INPUT_FILE and OUTPUT_FILE: a path, a URL, an asset as JSON, or a list of these. Pure. */
import { pathToFileURL } from 'node:url'
import type { Json } from '@rowhouse/bpmn'
import { type AssetInput, InputError } from '@rowhouse/contract'

export function parseJobFiles(value: Json, variable: string): AssetInput[] {
  if (Array.isArray(value)) return value.flatMap((item) => parseJobFiles(item, variable))
  if (typeof value === 'object' && value !== null) return [value as AssetInput]
  if (typeof value !== 'string') throw notAFile(variable, JSON.stringify(value))
  const text = value.trim()
  if (text.startsWith('{') || text.startsWith('[')) return parseJobFiles(parseJson(text, variable), variable)
  return [externalFile(text, variable)]
}

function externalFile(text: string, variable: string): AssetInput {
  if (text === '') throw notAFile(variable, text)
  const isUrl = /^[a-z][a-z0-9+.-]+:/i.test(text)
  // a relative path stays one: the runtime knows the folders it starts in
  const fileUrl = text.startsWith('/') ? pathToFileURL(text).href : text
  const filename = isUrl ? decoded(lastPart(text.split(/[?#]/, 1)[0] ?? '')) : lastPart(text)
  return { assetType: 'EXTERNAL_FILE', name: filename, filename, fileUrl }
}

function lastPart(path: string): string {
  return path.split('/').at(-1) ?? ''
}

/** A name that is no percent encoding stands for itself. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

function parseJson(text: string, variable: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch (cause) {
    throw new InputError(
      'InvalidField',
      `${variable} looks like JSON but is not: ${cause instanceof Error ? cause.message : ''}`,
    )
  }
}

function notAFile(variable: string, text: string): InputError {
  return new InputError(
    'InvalidField',
    `${variable} is '${text}': it must be a path on the runtime (/data/in.csv; one like in.csv starts in its --files folders), a URL (file://, http://, https://, s3://) or an asset as JSON`,
  )
}
