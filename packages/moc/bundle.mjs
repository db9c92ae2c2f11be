// Makes dist/bundle: moc and all it needs in a few files, so that the packed tarball installs alone and starts quickly.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const outdir = join(import.meta.dirname, 'dist', 'bundle')
rmSync(outdir, { recursive: true, force: true })
await build({
  entryPoints: [join(import.meta.dirname, 'src', 'main.ts')],
  outdir,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  conditions: ['source'],
  minifySyntax: true,
  legalComments: 'eof',
  logLevel: 'warning',
})
