/**
 * Managed files below one folder, named by the SHA-256 of their bytes: `ab/cdef…`. A file is written beside under a temporary
 * name, synced, and renamed; so it is there whole or not at all, and the same bytes twice are one file.
 */
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { Unavailable } from '@rowhouse/contract'

export interface StoredFile {
  sha256: string
  size: number
}

export interface ContentStore {
  /** Rejects, and leaves nothing behind, when the stream breaks off. */
  write(content: AsyncIterable<Uint8Array>): Promise<StoredFile>
  find(sha256: string): Promise<StoredFile | undefined>
  /** Bytes `start` to `end`, both inclusive. */
  read(sha256: string, range?: { start: number; end: number }): Readable
}

export async function openContentStore(folder: string): Promise<ContentStore> {
  const incoming = join(folder, 'incoming')
  await mkdir(incoming, { recursive: true, mode: 0o700 })
  // what a killed server left; a file that is being written by another server now is young
  await dropOlderThan(incoming, 24 * 3_600_000)
  const pathOf = (sha256: string) => join(folder, sha256.slice(0, 2), sha256.slice(2))

  async function find(sha256: string): Promise<StoredFile | undefined> {
    if (!/^[0-9a-f]{64}$/.test(sha256)) return undefined
    const found = await stat(pathOf(sha256)).catch(() => undefined)
    return found?.isFile() ? { sha256, size: found.size } : undefined
  }

  return {
    find,
    async write(content) {
      const temporary = join(incoming, randomUUID())
      try {
        const stored = await writeWhole(temporary, content)
        const path = pathOf(stored.sha256)
        if (await find(stored.sha256)) return stored
        const isNewFolder = (await mkdir(dirname(path), { recursive: true, mode: 0o700 })) !== undefined
        await rename(temporary, path)
        await syncFolder(dirname(path))
        if (isNewFolder) await syncFolder(folder)
        return stored
      } catch (error) {
        if ((error as { code?: string }).code === 'ENOSPC') {
          throw new Unavailable('The disk of the content store is full: make room, then upload again', 60_000, error)
        }
        throw error
      } finally {
        await rm(temporary, { force: true })
      }
    },
    read: (sha256, range) => createReadStream(pathOf(sha256), range ?? {}),
  }
}

async function writeWhole(path: string, content: AsyncIterable<Uint8Array>): Promise<StoredFile> {
  const hash = createHash('sha256')
  let size = 0
  const file = await open(path, 'wx', 0o600)
  try {
    for await (const chunk of content) {
      hash.update(chunk)
      size += chunk.byteLength
      await file.writeFile(chunk)
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return { sha256: hash.digest('hex'), size }
}

/** The name of a file, or of a folder, is only safe once the folder it stands in is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function dropOlderThan(folder: string, ageMs: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const found = await stat(path).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs > ageMs) await rm(path, { force: true })
  }
}
