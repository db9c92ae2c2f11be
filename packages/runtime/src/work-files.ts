/**
 * Small files below the work folder, written at once. Through the thread pool each of the dozen of a job waits for its turn, which on a
 * busy machine costs milliseconds where the write takes microseconds. Only for the work folder, which is local: another disk may hang.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'

const atOnceMax = 1 << 20

export async function writeWorkFile(path: string, content: string | Uint8Array): Promise<void> {
  if (content.length <= atOnceMax) writeFileSync(path, content)
  else await writeFile(path, content)
}

export function makeWorkFolder(path: string): void {
  mkdirSync(path, { recursive: true })
}
