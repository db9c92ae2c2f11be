import { basename } from 'node:path'
import type { SourceText } from './primary-source.ts'

export interface PickedSchemas {
  input: Record<string, unknown>[]
  output: Record<string, unknown>[]
  notes: string[]
}

/**
 * Avro files of a folder as input and output schema: by the annotations `modelop.schema.<slot>` (even slots are inputs), whose value is a path, a
 * file name or a schema name; else by the words "input" and "output" in the file names; a single file is the input's.
 */
export function pickSchemas(sourceText: string, files: readonly SourceText[]): PickedSchemas {
  const notes: string[] = []
  const picked: Record<Side, SourceText[]> = { input: [], output: [] }
  for (const { sides, value } of schemaAnnotations(sourceText)) {
    const file = findSchema(files, value)
    if (file === undefined) notes.push(`The source names a schema '${value}' that is not in the folder`)
    else for (const side of sides) picked[side].push(file)
  }
  for (const side of ['input', 'output'] as const) {
    if (picked[side].length > 0) continue
    const file = files.find((candidate) => basename(candidate.file).toLowerCase().includes(side))
    if (file !== undefined) picked[side].push(file)
  }
  const [only, second] = files
  // Monitors read their extended schema from the input side, whatever its file is called.
  if (picked.input.length === 0 && picked.output.length === 0 && only !== undefined && second === undefined)
    picked.input.push(only)
  return { input: readAll(picked.input, notes), output: readAll(picked.output, notes), notes }
}

type Side = 'input' | 'output'

/** In order of the slots; a slot given twice counts once, as the first says. */
function schemaAnnotations(text: string): { sides: Side[]; value: string }[] {
  const pattern = /^(?:#|\/\/)[ \t]*(?:modelop|fastscore)\.schema(?:\.([\w$-]+))?[ \t]*:[ \t]*(\S.*?)[ \t]*\r?$/gim
  const bySlot = new Map<string, string>()
  for (const [, slot = '$all', value = ''] of text.matchAll(pattern)) {
    const scope = slot.toLowerCase()
    if (!bySlot.has(scope)) bySlot.set(scope, value)
  }
  const order = (slot: string) => (/^\d+$/.test(slot) ? Number(slot) : Number.MAX_SAFE_INTEGER)
  return [...bySlot].sort(([a], [b]) => order(a) - order(b)).map(([slot, value]) => ({ sides: sidesOf(slot), value }))
}

function sidesOf(slot: string): Side[] {
  if (slot === '$all') return ['input', 'output']
  if (/^\d+$/.test(slot)) return [Number(slot) % 2 === 0 ? 'input' : 'output']
  return [slot.includes('out') ? 'output' : 'input']
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

/** A file that is no JSON is told and left out: schemas are checked only when a job asks for it. */
function readAll(files: readonly SourceText[], notes: string[]): Record<string, unknown>[] {
  return files.flatMap(({ file, text }) => {
    const name = basename(file).replace(/\.[^.]+$/, '')
    try {
      return [{ schemaId: name, name, schemaDefinition: JSON.parse(text) as unknown }]
    } catch (error) {
      notes.push(
        `${file} is left out as a schema: it is not JSON: ${error instanceof Error ? error.message : String(error)}`,
      )
      return []
    }
  })
}
