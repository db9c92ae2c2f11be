import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Tokens } from './tokens.ts'

const daySeconds = 86_400
const lifeDays = 365
const renewBeforeDays = 180

export function runtimeTokenFile(dataDir: string): string {
  return join(dataDir, 'runtime-token')
}

/** The credential runtimes prove themselves with (`--token-file`), readable by its owner only. Written anew when it nears its end or the key has changed. */
export async function writeRuntimeToken(
  dataDir: string,
  tokens: Tokens,
  now: () => Date = () => new Date(),
): Promise<void> {
  const file = runtimeTokenFile(dataDir)
  const known = await readFile(file, 'utf8').catch(() => '')
  const end = known === '' ? undefined : await tokens.runtimeTokenEnd(known.trim())
  if (end && end.getTime() - now().getTime() > renewBeforeDays * daySeconds * 1000) return
  const draft = `${file}.${process.pid}`
  await writeFile(draft, `${await tokens.issueRuntime(lifeDays * daySeconds)}\n`, { mode: 0o600 })
  await rename(draft, file)
}
