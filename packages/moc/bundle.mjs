// Makes dist/bundle: moc and all it needs in a few files, so that the packed tarball installs alone and starts quickly.
import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
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
  // for Node, yaml offers CommonJS, whose `require` of Node's modules an ESM bundle does not have
  alias: { yaml: join(dirname(fileURLToPath(import.meta.resolve('yaml/package.json'))), 'browser', 'index.js') },
  minifySyntax: true,
  legalComments: 'eof',
  logLevel: 'warning',
})
