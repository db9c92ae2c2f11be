// Makes dist/bundle: moc and all it needs in a few files, so that the packed tarball installs alone and starts quickly.
// A moc that runs meanwhile keeps finding its files: each appears whole, main.mjs after the chunks it names, and what is outdated goes last.
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const outdir = join(import.meta.dirname, 'dist', 'bundle')
const { outputFiles } = await build({
  entryPoints: [join(import.meta.dirname, 'src', 'main.ts')],
  outdir,
  outExtension: { '.js': '.mjs' },
  write: false,
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
mkdirSync(outdir, { recursive: true })
const isMain = (file) => basename(file.path) === 'main.mjs'
for (const { path, contents } of outputFiles.toSorted((a, b) => Number(isMain(a)) - Number(isMain(b)))) {
  const beside = `${path}.${process.pid}`
  writeFileSync(beside, contents)
  renameSync(beside, path)
}
const current = new Set(outputFiles.map(({ path }) => basename(path)))
for (const name of readdirSync(outdir)) if (!current.has(name)) rmSync(join(outdir, name), { force: true })
