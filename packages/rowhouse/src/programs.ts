import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** `main` beside the face of a package: built or from source, as we are ourselves. */
export function programPath(packageName: string): string {
  const face = fileURLToPath(import.meta.resolve(packageName))
  return join(dirname(face), `main${extname(face)}`)
}

/** Node options for children: from source, packages are found by their sources. */
export function childOptions(): string[] {
  const own = process.execArgv.filter((option) => !option.startsWith('--inspect'))
  const isSource = import.meta.url.endsWith('.ts')
  return isSource && !own.includes('--conditions=source') ? [...own, '--conditions=source'] : own
}
