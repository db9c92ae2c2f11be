/** Folders as public repositories have them, read from disk into a stored model. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { makeClient } from '@rowhouse/contract'
import { afterEach, expect, it } from 'vitest'
import { readModelFolder } from '../src/model-folder.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

// Nothing here is large enough to be sent ahead.
const client = makeClient({ baseUrl: 'http://127.0.0.1:1' })

async function imported(files: Record<string, string | Uint8Array>, source?: string) {
  const folder = mkdtempSync(join(tmpdir(), 'rowhouse-import-'))
  folders.push(folder)
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  const { body, notes } = await readModelFolder(client, folder, source === undefined ? {} : { source })
  const assets = body.modelAssets ?? []
  const asset = (name: string) => assets.find((one) => one.name === name)
  return { body, notes, assets, asset, primary: assets.find((one) => one.primaryModelSource)?.name }
}

const scored = '# modelop.score\ndef f(x): yield x\n'

it('a monitor with helpers: the annotated source is primary, everything else is an asset under its path', async () => {
  const { body, assets, asset, primary } = await imported({
    'src/monitor.py3': '#modelop.metrics\ndef m(df): yield 1\n',
    'src/shapes.py': 'X = 1\n',
    'package/__init__.py': '',
    'rules.dmn': '<definitions/>',
    '.gitignore': 'x\n',
    'README.md': '# m',
    'requirements.txt': 'modelop\n',
    'data/empty.csv': '',
    '.git/config': 'secret',
    '__pycache__/x.pyc': 'x',
  })
  expect(primary).toBe('src/monitor.py3')
  expect(body.modelMetaData?.type).toBe('PYTHON')
  expect(assets.map((one) => [one.name, one.assetType, one.assetRole])).toEqual([
    ['package/__init__.py', 'SOURCE_CODE', 'UNKNOWN'],
    ['src/monitor.py3', 'SOURCE_CODE', 'MODEL_SOURCE'],
    ['src/shapes.py', 'SOURCE_CODE', 'UNKNOWN'],
    ['.gitignore', 'FILE', 'UNKNOWN'],
    ['README.md', 'FILE', 'README_FILE'],
    ['data/empty.csv', 'FILE', 'UNKNOWN'],
    ['requirements.txt', 'FILE', 'REQUIRED_LIBRARIES'],
    ['rules.dmn', 'FILE', 'UNKNOWN'],
  ])
  expect(asset('data/empty.csv')).toMatchObject({ filename: 'data/empty.csv', fileSize: 0, fileContent: '' })
  expect(asset('src/shapes.py')).toMatchObject({ sourceCodeFilePath: 'src/shapes.py', sourceCode: 'X = 1\n' })
})

it('several candidates: the reader chooses, and is told which there are', async () => {
  const files = { 'drift_monitor.py': scored, 'bias_monitor.py': scored, 'plain.py': 'x = 1\n' }
  await expect(imported(files)).rejects.toThrow(
    'Several files could be the model: bias_monitor.py, drift_monitor.py. Choose one with --source',
  )
  expect((await imported(files, './drift_monitor.py')).primary).toBe('drift_monitor.py')
})

it('metadata.json may be partial, with nulls, a byte order mark and members of its own', async () => {
  const metadata = {
    name: 'fannie',
    description: null,
    modelCategory: 'MODEL_MONITORING_MODEL',
    frequentlyUsed: true,
    custom: { password: 'not to be shown' },
    roi: { x: 1 },
  }
  const { body, notes } = await imported({ 'm.py': scored, 'metadata.json': `\uFEFF${JSON.stringify(metadata)}` })
  const { description: _, ...given } = metadata
  expect(body.modelMetaData).toMatchObject(given)
  expect(body.modelMetaData).not.toHaveProperty('description')
  expect(notes.join()).not.toContain('not to be shown')
  await expect(imported({ 'm.py': scored, 'metadata.json': '[]' })).rejects.toThrow('metadata.json holds no object')
})

it('required_assets.json and external_assets.json become required assets and assets', async () => {
  const required = [
    { usage: 'INPUT_ASSET', assetRole: 'BASELINE_DATA', name: '.*\\.csv', metaData: { description: 'd' } },
  ]
  const external = [
    { name: 'big', assetRole: 'TRAINING_DATA', fileUrl: 's3://bucket/big.csv', metaData: { tags: ['a'] } },
  ]
  const { body, asset } = await imported({
    'm.py': scored,
    'required_assets.json': JSON.stringify(required),
    'external_assets.json': JSON.stringify(external),
  })
  expect(body.requiredAssets).toEqual(required)
  expect(asset('big')).toEqual({ ...external[0], assetType: 'EXTERNAL_FILE' })
  expect(asset('external_assets.json')?.assetType).toBe('FILE')
})

it('a source in the encoding it declares, or in none, comes as text', async () => {
  const latin = (text: string) => Buffer.from(text, 'latin1')
  const { asset } = await imported({
    'a.py': latin(`# -*- coding: latin-1 -*-\n${scored}# é\n`),
    'b.py': latin('# ü without saying so\n'),
    'c.py': '# ы\n',
  })
  expect(asset('a.py')?.sourceCode).toContain('# é')
  expect(asset('b.py')?.sourceCode).toContain('# ü')
  expect(asset('c.py')?.sourceCode).toBe('# ы\n')
})

it('schemas: by annotation with a wrong name and a sub-folder, else by their words', async () => {
  const { body, notes } = await imported({
    'm.py': `# modelop.schema.0: stock_quote\n# modelop.schema.1: output_schema.avsc\n${scored}`,
    'schemas/input_schema.avsc': '{"type": "array", "items": "int"}',
    'schema_output.avsc': '"double"',
  })
  expect(body.modelMetaData?.inputSchema).toMatchObject([{ schemaDefinition: { type: 'array', items: 'int' } }])
  expect(body.modelMetaData?.outputSchema).toMatchObject([{ name: 'schema_output', schemaDefinition: 'double' }])
  expect(notes).toEqual([
    "The source names a schema 'stock_quote' that is not in the folder",
    "The source names a schema 'output_schema.avsc' that is not in the folder",
  ])
})
