/**
 * A file appears complete or not at all: it is written beside its place, hashed on the way, brought to disk, and renamed.
 *
 * Life: makeSideFile opens `.name.XXXX.part` in the folder of the final place; `write` as often as needed; then either `publish`, after
 * which only the final name exists, or `discard`, after which nothing does. A write that fails discards by itself.
 */
import { createHash, randomBytes } from 'node:crypto'
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileError, TableError } from './table-error.ts'

export interface Published {
  path: string
  bytes: number
  sha256: string
}

export interface SideFile {
  readonly path: string
  write(bytes: Uint8Array): Promise<void>
  publish(): Promise<Published>
  discard(): Promise<void>
}

export async function makeSideFile(path: string): Promise<SideFile> {
  await refuseFolder(path)
  const side = join(dirname(path), `.${basename(path).slice(0, 150)}.${randomBytes(6).toString('hex')}.part`)
  const file = await open(side, 'wx').catch((error: unknown) => {
    throw fileError('write', path, error)
  })
  const hash = createHash('sha256')
  let bytes = 0
  let isOpen = true

  async function discard(): Promise<void> {
    if (isOpen) await file.close().catch(() => undefined)
    isOpen = false
    await rm(side, { force: true })
  }

  async function orDiscard<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action()
    } catch (error) {
      await discard()
      throw error instanceof TableError ? error : fileError('write', path, error)
    }
  }

  return {
    path: side,
    write: (chunk) =>
      orDiscard(async () => {
        await writeAll(file, chunk)
        hash.update(chunk)
        bytes += chunk.length
      }),
    publish: () =>
      orDiscard(async () => {
        await file.sync()
        await file.close()
        isOpen = false
        await moveIntoPlace(side, path)
        return { path, bytes, sha256: hash.digest('hex') }
      }),
    discard,
  }
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten
}

/** Brings a finished file that another process wrote to disk and to its place, which must be on the same disk. */
export async function publishFile(side: string, path: string): Promise<Published> {
  await refuseFolder(path)
  const hash = createHash('sha256')
  let bytes = 0
  const file = await open(side, 'r+').catch((error: unknown) => {
    throw fileError('read', side, error)
  })
  try {
    const block = Buffer.allocUnsafe(1 << 20)
    for (;;) {
      const { bytesRead } = await file.read(block, 0, block.length, bytes)
      if (bytesRead === 0) break
      hash.update(block.subarray(0, bytesRead))
      bytes += bytesRead
    }
    await file.sync()
  } catch (error) {
    throw fileError('write', path, error)
  } finally {
    await file.close()
  }
  await moveIntoPlace(side, path).catch((error: unknown) => {
    throw fileError('write', path, error)
  })
  return { path, bytes, sha256: hash.digest('hex') }
}

async function refuseFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => null)
  if (found?.isDirectory()) throw new TableError('IsDirectory', `${path} is a folder; name a file in it`)
}

async function moveIntoPlace(side: string, path: string): Promise<void> {
  await rename(side, path)
  // The new name survives a power cut only when its folder is on disk too; some systems cannot open a folder.
  const folder = await open(dirname(path), 'r').catch(() => null)
  if (folder === null) return
  try {
    await folder.sync().catch(() => undefined)
  } finally {
    await folder.close()
  }
}
