/** The schemas of a job: those of the model's record, else the files its source names in `modelop.schema.<slot>` annotations. */
import { readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
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
  const named = schemaAnnotations(await readFile(join(playground.folder, sourcePath), 'utf8'))
  const paths = [...playground.pathOf.values()]
  const read = async (name: string | undefined): Promise<unknown> => {
    const path = name === undefined ? undefined : resolveSchema(name, paths)
    if (path === undefined) return null
    try {
      return JSON.parse(await readFile(join(playground.folder, path), 'utf8'))
    } catch {
      return null
    }
  }
  const inputs: unknown[] = [...job.inputSchemas]
  if (inputs.length === 0) {
    const count = Math.max(1, job.inputData.length)
    for (let index = 0; index < count; index++) {
      inputs.push(await read(named.get(String(index * 2)) ?? named.get('$in') ?? named.get('$all')))
    }
  }
  const output = job.outputSchemas[0] ?? (await read(named.get('1') ?? named.get('$out') ?? named.get('$all')))
  return { inputs, output }
}

/** `# modelop.schema.0: input.avsc` → 0 → input.avsc. No scope means all slots. */
export function schemaAnnotations(source: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const match of source.matchAll(
    /^(?:#|\/\/)[ \t]*(?:modelop|fastscore)\.schema(?:\.([\w$-]+))?[ \t]*:[ \t]*(\S.*?)[ \t]*\r?$/gim,
  )) {
    found.set(match[1] ?? '$all', match[2] ?? '')
  }
  return found
}

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
