/**
 * Managed files of models, kept by SHA-256 below the work folder so that not each job downloads them again. Models run under the same user and
 * could change what lies here: content is hashed on its way out, too. The files used longest ago go first.
 */
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { copyFile, mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'

export interface ContentCache {
  /** The file of this hash at `target`: from here, or by `download` to the path it is given. */
  bring(sha256: string, target: string, download: (path: string) => Promise<void>): Promise<void>
}

/** Killed runtimes leave half-written files. */
const abandonedAfterMs = 3_600_000

/** A cache that cannot be read or written is none: the job has its file all the same. */
export function makeContentCache(folder: string, bytesMax: number): ContentCache {
  return {
    async bring(sha256, target, download) {
      const place = join(folder, sha256.toLowerCase())
      if (bytesMax > 0 && (await copyVerified(place, target, sha256))) {
        await utimes(place, new Date(), new Date()).catch(() => {})
        return
      }
      await download(target)
      if (bytesMax > 0) await keep(folder, place, target, bytesMax).catch(() => {})
    },
  }
}

/** False: the file is not there, is another one by now, or cannot be copied. What is wrong with `to` the download will tell. */
async function copyVerified(from: string, to: string, sha256: string): Promise<boolean> {
  const hash = createHash('sha256')
  const hashing = new Transform({
    transform(piece, _encoding, done) {
      hash.update(piece)
      done(null, piece)
    },
  })
  try {
    await pipeline(createReadStream(from, { highWaterMark: 1 << 20 }), hashing, createWriteStream(to))
  } catch {
    return false
  }
  if (hash.digest('hex') === sha256.toLowerCase()) return true
  await rm(from, { force: true })
  return false
}

async function keep(folder: string, place: string, content: string, bytesMax: number): Promise<void> {
  if ((await stat(content)).size > bytesMax) return
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const beside = `${place}.${randomBytes(6).toString('hex')}.part`
  try {
    await copyFile(content, beside)
    await rename(beside, place)
  } finally {
    await rm(beside, { force: true })
  }
  await makeRoom(folder, bytesMax)
}

async function makeRoom(folder: string, bytesMax: number): Promise<void> {
  const files: { path: string; bytes: number; usedAt: number }[] = []
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const found = await stat(path).catch(() => undefined)
    if (!found) continue
    if (!name.endsWith('.part')) files.push({ path, bytes: found.size, usedAt: found.mtimeMs })
    else if (Date.now() - found.mtimeMs > abandonedAfterMs) await rm(path, { force: true })
  }
  files.sort((a, b) => b.usedAt - a.usedAt)
  let bytes = 0
  for (const file of files) {
    bytes += file.bytes
    if (bytes > bytesMax) await rm(file.path, { force: true })
  }
}
