/**
 * Programs that a model started in sessions of their own: killing its process group does not reach them. They are known by their TMPDIR,
 * which every attempt has for itself. Where there is no /proc they are not found.
 */
import { readdir, readFile } from 'node:fs/promises'

/** Gives how many were killed. */
export async function killStrays(tmpFolder: string): Promise<number> {
  const mark = `\0TMPDIR=${tmpFolder}\0`
  let killed = 0
  for (const name of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(name)) continue
    // Of another user, or gone: nothing to read.
    const environment = await readFile(`/proc/${name}/environ`, 'utf8').catch(() => '')
    if (!`\0${environment}`.includes(mark)) continue
    try {
      process.kill(Number(name), 'SIGKILL')
      killed += 1
    } catch {
      // It ended in between.
    }
  }
  return killed
}
