/** What a training job leaves: the files below outputDir, and which other files of its folder it changed. */
import { readdir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Asset } from '@rowhouse/contract'
import { type ContentContext, storedContent } from './outputs.ts'

export type FileMarks = ReadonlyMap<string, string>

/** Size and time of change by path below the folder; links are not followed. */
export async function markFiles(folder: string): Promise<FileMarks> {
  const marks = new Map<string, string>()
  for (const path of await filesBelow(folder)) {
    const found = await stat(join(folder, path)).catch(() => undefined)
    if (found) marks.set(path, `${found.size} ${found.mtimeMs}`)
  }
  return marks
}

/** New or changed since, outside outputDir and our own folder. */
export async function changedOutside(folder: string, before: FileMarks): Promise<string[]> {
  const after = await markFiles(folder)
  const ours = /^(outputDir|__moc_runtime)\/|(^|\/)__pycache__\//
  return [...after].filter(([path, mark]) => before.get(path) !== mark && !ours.test(path)).map(([path]) => path)
}

export async function collectArtefacts(folder: string, context: ContentContext): Promise<Asset[]> {
  const outputDir = join(folder, 'outputDir')
  const artefacts: Asset[] = []
  for (const path of await filesBelow(outputDir)) {
    const full = join(outputDir, path)
    const fileSize = (await stat(full)).size
    const content = await storedContent(full, path, fileSize, context)
    const common = {
      name: path,
      assetType: 'FILE',
      assetRole: 'UNKNOWN',
      metaData: { custom: {}, tags: ['outputDir'] },
    }
    artefacts.push({ ...common, ...content })
  }
  return artefacts
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort()
}
