/** Where a model's schemas are found, and what they do to its records. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RuntimeFixture } from './agent-fixture.ts'
import { type Ended, type Given, startSources } from './sources-fixture.ts'

let runtime: RuntimeFixture & { run(given: Given): Promise<Ended> }
beforeAll(async () => {
  runtime = await startSources()
})
afterAll(() => runtime.close())

describe('schemas', () => {
  const fields = [{ name: 'x', type: ['null', 'double'] }]
  it.each([
    [
      'of the model record',
      {},
      { inputSchema: [{ name: 's', schemaDefinition: { type: 'record', name: 'r', fields } }] },
    ],
    [
      'as a text',
      {},
      { inputSchema: [{ name: 's', schemaDefinition: JSON.stringify({ type: 'record', name: 'r', fields }) }] },
    ],
    ['as a bare array of fields', {}, { inputSchema: [{ name: 's', schemaDefinition: fields }] }],
    [
      'named by an annotation with the wrong folder',
      { 'deep/in.avsc': JSON.stringify(fields) },
      {},
      '# modelop.schema.0: schemas/in.avsc\n',
    ],
    ['with a byte order mark', { 'in.avsc': `\uFEFF${JSON.stringify(fields)}` }, {}, '# modelop.schema.0: in.avsc\n'],
    ['named after a byte order mark', { 'in.avsc': JSON.stringify(fields) }, {}, '\uFEFF# modelop.schema.0: in.avsc\n'],
    ['named without extension', { 'in.avsc': JSON.stringify(fields) }, {}, '#fastscore.schema.0:in\n'],
    ['for all inputs', { 'in.avsc': JSON.stringify(fields) }, {}, '#fastscore.schema.$in: in\n'],
  ])('are found %s', async (_title, files, modelMetaData, annotation = '') => {
    const ended = await runtime.run({
      files: { 'm.py': `${annotation}def action(x): yield x\n`, ...files },
      inputs: { 'a.json': '{"x": 1}\n{"x": null, "more": 1}\n{"x": "1"}\n{}\n[]\n' },
      modelMetaData,
      job: { enableInputSchemaChecking: true },
    })
    expect(ended).toMatchObject({
      jobStatus: 'COMPLETE',
      jobResult: 'FAILURE',
      output: '{"x":1}\n{"x":null,"more":1}\n',
    })
    expect(ended.messages).toContain('[warning] 3 input record(s) rejected by schema')
  })

  it.each([
    ['Python', { 'm.py': 'def action(x): yield x\n' }, {}],
    ['JavaScript', { 'm.mjs': 'export const score = (x) => x\n' }, { type: 'JAVASCRIPT' }],
  ])('of an array of records hold for each row of CSV: %s', async (_language, files, type) => {
    const rows = { type: 'array', items: { type: 'record', name: 'r', fields } }
    const ended = await runtime.run({
      files,
      inputs: { 'a.csv': 'x,more\n1,a\ny,b\n' },
      modelMetaData: { ...type, inputSchema: [{ name: 's', schemaDefinition: rows }] },
      job: { enableInputSchemaChecking: true },
    })
    expect(ended).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'FAILURE' })
    expect(ended.values).toEqual([{ x: 1, more: 'a' }])
    expect(ended.messages).toContain('[warning] 1 input record(s) rejected by schema')
  })

  const wrong = {
    files: { 'm.py': '# modelop.schema.0: stock_quote\n# modelop.schema.1: out\ndef action(x): yield x\n' },
    inputs: { 'a.json': '1\n' },
  }

  it('a name that resolves nowhere does not matter while nothing is checked', async () => {
    expect(await runtime.run(wrong)).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS', output: '1\n' })
  })

  it.each([
    ['enableInputSchemaChecking', 'stock_quote'],
    ['enableOutputSchemaChecking', 'out'],
  ])('a name that resolves nowhere is fatal with %s', async (flag, name) => {
    const ended = await runtime.run({ ...wrong, job: { [flag]: true } })
    expect(ended).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN', outputs: [] })
    expect(ended.outcome).toContain(`'${name}'`)
  })

  it('a CSV cell that is not what the schema says is kept as it is while nothing is checked', async () => {
    const modelMetaData = {
      inputSchema: [
        {
          name: 's',
          schemaDefinition: [
            { name: 'n', type: 'int' },
            { name: 'zip', type: 'string' },
          ],
        },
      ],
    }
    const given = {
      files: { 'm.py': 'def action(x): return [x["n"], x["zip"]]' },
      inputs: { 'a.csv': 'n,zip\n1,01\n2.5,02\nx,03\n' },
      modelMetaData,
    }
    expect(await runtime.run(given)).toMatchObject({
      jobResult: 'SUCCESS',
      output: '[1,"01"]\n[2.5,"02"]\n["x","03"]\n',
    })
    const ended = await runtime.run({ ...given, job: { enableInputSchemaChecking: true } })
    expect(ended).toMatchObject({ jobResult: 'FAILURE', output: '[1,"01"]\n' })
    expect(ended.messages).toContain('[warning] 2 input record(s) rejected by schema')
  })
})
