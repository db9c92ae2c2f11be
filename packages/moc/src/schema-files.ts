import { basename } from 'node:path'
import { InputError } from '@rowhouse/contract'
import type { SourceText } from './primary-source.ts'

export interface PickedSchemas {
  input: Record<string, unknown>[]
  output: Record<string, unknown>[]
  notes: string[]
}

/**
 * Avro files of a folder as input and output schema: by the annotations `modelop.schema.<slot>` (even slots are inputs), whose value is a path, a
 * file name or a schema name; else by the words "input" and "output" in the file names.
 */
export function pickSchemas(sourceText: string, files: readonly SourceText[]): PickedSchemas {
  const picked: PickedSchemas = { input: [], output: [], notes: [] }
  for (const { slot, value } of schemaAnnotations(sourceText)) {
    const file = findSchema(files, value)
    if (file === undefined) picked.notes.push(`The source names a schema '${value}' that is not in the folder`)
    else (isInputSlot(slot) ? picked.input : picked.output).push(schemaOf(file))
  }
  for (const [side, word] of [
    ['input', 'input'],
    ['output', 'output'],
  ] as const) {
    if (picked[side].length > 0) continue
    const file = files.find((candidate) => basename(candidate.file).toLowerCase().includes(word))
    if (file !== undefined) picked[side].push(schemaOf(file))
  }
  return picked
}

function schemaAnnotations(text: string): { slot: string; value: string }[] {
  const pattern = /^(?:#|\/\/)[ \t]*(?:modelop|fastscore)\.schema\.([\w$]+)[ \t]*:[ \t]*(\S+)[ \t]*\r?$/gim
  return [...text.matchAll(pattern)].map((match) => ({ slot: match[1] ?? '', value: match[2] ?? '' }))
}

function isInputSlot(slot: string): boolean {
  return slot === '$in' || Number(slot) % 2 === 0
}

/** By full path, base name, then name without extension. */
function findSchema(files: readonly SourceText[], value: string): SourceText | undefined {
  const withoutExtension = (name: string) => basename(name).replace(/\.[^.]+$/, '')
  return (
    files.find((f) => f.file === value) ??
    files.find((f) => basename(f.file) === basename(value)) ??
    files.find((f) => withoutExtension(f.file) === withoutExtension(value))
  )
}

function schemaOf(file: SourceText): Record<string, unknown> {
  const name = basename(file.file).replace(/\.[^.]+$/, '')
  try {
    return { schemaId: name, name, schemaDefinition: JSON.parse(file.text) }
  } catch (error) {
    throw new InputError(
      'BadSchema',
      `${file.file} is not JSON: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}
