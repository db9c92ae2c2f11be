/** The schemas of a job: those of the model's record, else the files its source names in `modelop.schema.<slot>` annotations. */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { InputError } from '@rowhouse/contract'
import type { Playground } from './playground.ts'
import type { Job } from './run-job-document.ts'

export interface Schemas {
  /** In order of the inputs. */
  inputs: unknown[]
  output: unknown
}

export async function findSchema(job: Job, playground: Playground, sourcePath: string): Promise<Schemas> {
  if (job.inputSchemas.length > 0 && job.outputSchemas.length > 0)
    return { inputs: job.inputSchemas, output: job.outputSchemas[0] }
  // the work folder is local: see work-files.ts
  const named = schemaAnnotations(readFileSync(join(playground.folder, sourcePath), 'utf8'))
  const paths = [...playground.pathOf.values()]
  const read = async (name: string | undefined, isChecked: boolean): Promise<unknown> => {
    if (name === undefined) return null
    const schema = await readSchema(name, paths, playground.folder)
    if (schema === null && isChecked) throw unresolved(name, sourcePath, paths)
    return schema
  }
  const inputs: unknown[] = [...job.inputSchemas]
  if (inputs.length === 0) {
    const count = Math.max(1, job.inputData.length)
    for (let index = 0; index < count; index++) {
      const name = named.get(String(index * 2)) ?? named.get('$in') ?? named.get('$all')
      inputs.push(await read(name, job.checkInputSchema))
    }
  }
  const outputName = named.get('1') ?? named.get('$out') ?? named.get('$all')
  const output = job.outputSchemas[0] ?? (await read(outputName, job.checkOutputSchema))
  return { inputs, output }
}

const primitives = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'])

/** null: there is no such schema, or it cannot be read. */
async function readSchema(name: string, paths: readonly string[], folder: string): Promise<unknown> {
  const path = resolveSchema(name, paths)
  if (path === undefined) return primitives.has(name) ? name : null
  try {
    return JSON.parse(withoutMark(await readFile(join(folder, path), 'utf8')))
  } catch {
    return null
  }
}

/** Only where records are to be checked: names of schemas are often wrong, and nobody minds while checking is off. */
function unresolved(name: string, sourcePath: string, paths: readonly string[]): InputError {
  const schemas = paths.filter((path) => /\.avsc$/i.test(path))
  return new InputError(
    'SchemaNotFound',
    `Schema checking is on, and ${sourcePath} names the schema '${name}', which none of the model's files is or holds as JSON: it has ${schemas.join(', ') || 'no .avsc file'}. Mend the annotation or the file, or switch checking off`,
  )
}

/**
 * `# modelop.schema.0: input.avsc` → 0 → input.avsc; the first one wins. No scope means all slots. `fastscore.input` and `.output` are what
 * the slots 0 and 1 had before there were others.
 */
export function schemaAnnotations(source: string): Map<string, string> {
  const found = new Map<string, string>()
  const old = new Map<string, string>()
  for (const [, tag = '', scope = '$all', name = ''] of withoutMark(source).matchAll(
    /^(?:#|\/\/)[ \t]*(?:modelop\.(?=schema)|fastscore\.)(schema|input|output)(?:\.([\w$-]+))?[ \t]*:[ \t]*(\S.*?)[ \t]*\r?$/gim,
  )) {
    if (/^schema$/i.test(tag)) setFirst(found, scope.toLowerCase(), name)
    else setFirst(old, /^input$/i.test(tag) ? '0' : '1', name)
  }
  for (const [slot, name] of old) setFirst(found, slot, name)
  return found
}

function setFirst(map: Map<string, string>, key: string, value: string): void {
  if (!map.has(key)) map.set(key, value)
}

/** Editors of Windows begin a text with a byte order mark. */
const withoutMark = (text: string): string => text.replace(/^\uFEFF/, '')

/** Names are often a little off: by full path, base name, then name without extension. */
export function resolveSchema(name: string, paths: readonly string[]): string | undefined {
  const wanted = posix.normalize(name.replace(/^\.\//, ''))
  const bare = (path: string) => posix.basename(path).replace(/\.[^.]*$/, '')
  const schemas = paths.filter((path) => /\.(avsc|json)$/i.test(path))
  return (
    paths.find((path) => path === wanted) ??
    paths.find((path) => posix.basename(path) === posix.basename(wanted)) ??
    schemas.find((path) => bare(path) === bare(wanted))
  )
}
