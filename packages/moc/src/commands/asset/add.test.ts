import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AssetInput, makeClient } from '@rowhouse/contract'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeOutput } from '../../output.ts'
import { run } from './add.ts'

const id = '11111111-1111-4111-8111-111111111111'
const former = [
  {
    assetType: 'SOURCE_CODE',
    name: 'model.py',
    assetRole: 'MODEL_SOURCE',
    primaryModelSource: true,
    sourceCode: 'old',
    scoreFunction: 'action',
  },
  { assetType: 'SOURCE_CODE', name: 'help.py', assetRole: 'UNKNOWN', primaryModelSource: false, sourceCode: 'old' },
]

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'moc-asset-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The model's assets as they are after `moc asset add`. */
async function added(name: string, options: Parameters<typeof run>[2]): Promise<AssetInput[]> {
  const sent: string[] = []
  const client = makeClient({
    baseUrl: 'http://host',
    fetch: async (_url, init) => {
      if (init.method === 'PATCH') sent.push(String(init.body))
      return Response.json({ id, version: 0, modelAssets: former })
    },
  })
  writeFileSync(join(folder, name), '# é\r\nnew')
  await run(
    { output: { ...makeOutput({}), print: () => undefined }, client: () => client },
    [id, join(folder, name)],
    options,
  )
  return JSON.parse(sent[0] ?? '{}').modelAssets
}

it('a replaced primary source is the primary source, and keeps the names of its functions', async () => {
  const [helper, source] = await added('model.py', { force: true })
  expect(helper).toMatchObject({ name: 'help.py', sourceCode: 'old' })
  expect(source).toMatchObject({
    ...{ assetType: 'SOURCE_CODE', assetRole: 'MODEL_SOURCE', primaryModelSource: true },
    ...{ name: 'model.py', sourceCode: '# é\r\nnew', scoreFunction: 'action' },
  })
})

it('a replaced further source stays a source', async () => {
  const [, helper] = await added('help.py', { force: true })
  expect(helper).toMatchObject({ assetType: 'SOURCE_CODE', primaryModelSource: false, sourceCode: '# é\r\nnew' })
})

it('--model-source makes another file the one primary source', async () => {
  const assets = await added('better.py', { modelSource: true })
  expect(assets.map(({ name, primaryModelSource }) => [name, primaryModelSource])).toEqual([
    ['model.py', false],
    ['help.py', false],
    ['better.py', true],
  ])
})

it('any other file is a file', async () => {
  const [, , file] = await added('rows.csv', { testData: true })
  expect(file).toMatchObject({ assetType: 'FILE', assetRole: 'TEST_DATA', fileFormat: 'CSV' })
})
