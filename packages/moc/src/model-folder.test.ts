import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeClient } from '@rowhouse/contract'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readModelFolder } from './model-folder.ts'
import { hasRole, pickPrimarySource } from './primary-source.ts'
import { pickSchemas } from './schema-files.ts'

const scored = '# modelop.score\ndef action(datum):\n    yield datum\n'

describe('the primary source', () => {
  it('is the only source there is', () => {
    expect(pickPrimarySource([{ file: 'a.py', text: '' }], undefined).file).toBe('a.py')
  })

  it('is the only one with a role annotation', () => {
    const sources = [
      { file: 'helpers.py', text: 'x = 1' },
      { file: 'src/monitor.py', text: '#modelop.metrics\ndef m(a): ...' },
    ]
    expect(pickPrimarySource(sources, undefined).file).toBe('src/monitor.py')
  })

  it('is chosen by the reader where several could be it', () => {
    const sources = [
      { file: 'a.py', text: scored },
      { file: 'b.py', text: scored },
    ]
    expect(() => pickPrimarySource(sources, undefined)).toThrow(
      'Several files could be the model: a.py, b.py. Choose one with --source',
    )
    expect(pickPrimarySource(sources, 'b.py').file).toBe('b.py')
    expect(() => pickPrimarySource(sources, 'c.py')).toThrow(
      'There is no source c.py in the folder; it has: a.py, b.py',
    )
  })

  it('is, without role tags, the one with annotations of the old kind or a function of a default name', () => {
    const helper = { file: 'helper.py', text: 'def help(): ...' }
    for (const text of [
      '#fastscore.schema.0: x\ndef f(): ...',
      'import x\ndef action(datum):\n    yield datum\n',
      'import x from "./x.ts"\nexport async function score(row: Row) {}\n',
    ]) {
      expect(pickPrimarySource([helper, { file: 'z.py3', text }], undefined).file).toBe('z.py3')
    }
  })

  it('prefers the usual name in the top folder', () => {
    const sources = [
      { file: 'model.py', text: scored },
      { file: 'old/model.py', text: scored },
      { file: 'z.py', text: scored },
    ]
    expect(pickPrimarySource(sources, undefined).file).toBe('model.py')
  })
})

describe('a folder in TypeScript', () => {
  let folder: string
  const client = makeClient({ baseUrl: 'http://127.0.0.1:9' })
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'moc-model-'))
    writeFileSync(join(folder, 'fraud.ts'), 'export const score = (row: { x: number }) => row.x\n')
    writeFileSync(join(folder, 'rows.d.ts'), 'export interface Row { x: number }\n')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('is a JavaScript model, whose declarations are files beside it', async () => {
    const { body, notes } = await readModelFolder(client, folder, {})
    expect(body.modelMetaData?.type).toBe('JAVASCRIPT')
    expect(body.modelAssets).toMatchObject([
      { name: 'fraud.ts', assetType: 'SOURCE_CODE', primaryModelSource: true },
      { filename: 'rows.d.ts', assetType: 'FILE' },
    ])
    expect(notes).toEqual([expect.stringContaining('the default names (action or score, metrics, train)')])
  })

  it('and its JavaScript is the JavaScript', async () => {
    writeFileSync(join(folder, 'fraud.js'), 'export const score = (row) => row.x\n')
    const { body } = await readModelFolder(client, folder, {})
    expect(body.modelAssets?.filter((asset) => asset.primaryModelSource)).toMatchObject([{ name: 'fraud.js' }])
  })
})

describe('a role annotation', () => {
  it.each([
    ['# modelop.score', true],
    ['#modelop.score', true],
    ['// modelop.score', true],
    ['# ModelOp.score\r', true],
    ['# # modelop.score', false],
    ['  # modelop.score', false],
    ['# modelop.scores', false],
  ])('%j: %s', (line, expected) => {
    expect(hasRole(`${line}\ndef f(): ...`, 'score')).toBe(expected)
  })
})

describe('schemas of a folder', () => {
  const files = [
    { file: 'schemas/in.avsc', text: '{"type":"record","name":"r","fields":[]}' },
    { file: 'output_schema.avsc', text: '"double"' },
  ]

  it('follow the annotations by path, file name or schema name', () => {
    const picked = pickSchemas('# modelop.schema.0: in\n#modelop.schema.1:output_schema.avsc\n', files)
    expect(picked.input[0]).toMatchObject({ name: 'in', schemaDefinition: { type: 'record' } })
    expect(picked.output[0]).toMatchObject({ name: 'output_schema', schemaDefinition: 'double' })
  })

  it('are in order of their slots, for both sides where no slot is named', () => {
    const two = [
      { file: 'a.avsc', text: '"int"' },
      { file: 'b.avsc', text: '"string"' },
    ]
    const slots = pickSchemas('# modelop.schema.2: b\n# modelop.schema.0: a\n', two)
    expect(slots.input).toMatchObject([{ name: 'a' }, { name: 'b' }])
    const all = pickSchemas('#fastscore.schema: a\n', two)
    expect([all.input, all.output]).toMatchObject([[{ name: 'a' }], [{ name: 'a' }]])
    expect(pickSchemas('# modelop.schema.$in: b\n# modelop.schema.$out: a\n', two)).toMatchObject({
      input: [{ name: 'b' }],
      output: [{ name: 'a' }],
    })
  })

  it('a single file is the input schema of a monitor; one that is no JSON is told and left out', () => {
    expect(pickSchemas('', [{ file: 'credit.avsc', text: '[]' }]).input).toMatchObject([{ name: 'credit' }])
    const broken = pickSchemas('', [{ file: 'input.avsc', text: '{,' }])
    expect(broken.input).toEqual([])
    expect(broken.notes[0]).toContain('input.avsc is left out as a schema: it is not JSON')
  })

  it('are found by their file names where the source names none, and a wrong name is told', () => {
    const picked = pickSchemas('# modelop.schema.0: stock_quote\n', files)
    expect(picked.notes).toEqual(["The source names a schema 'stock_quote' that is not in the folder"])
    expect(picked.input).toEqual([])
    expect(picked.output).toHaveLength(1)
  })
})

it('links in a folder are followed; those that lead nowhere or round in a circle are told', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'moc-links-'))
  mkdirSync(join(folder, 'model'))
  mkdirSync(join(folder, 'weights'))
  writeFileSync(join(folder, 'model', 'model.py'), scored)
  writeFileSync(join(folder, 'weights', 'w.json'), '{}')
  for (const [to, name] of [
    ['../weights/w.json', 'w.json'],
    ['../weights', 'shared'],
    ['.', 'loop'],
    ['nosuch', 'lost'],
  ] as const)
    symlinkSync(to, join(folder, 'model', name))
  const client = makeClient({ baseUrl: 'http://127.0.0.1:1' })
  const { body, notes } = await readModelFolder(client, join(folder, 'model'), {})
  rmSync(folder, { recursive: true })
  expect(body.modelAssets?.map((asset) => asset.name)).toEqual(['model.py', 'shared/w.json', 'w.json'])
  expect(notes).toEqual([
    'loop is left out: it is a link to a folder that it lies in',
    'lost is left out: it is a link that leads nowhere',
  ])
})
