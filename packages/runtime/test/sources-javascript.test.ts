/** The same rules for JavaScript models, spot-checked: calls, outputs, slots, schemas, ends. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RuntimeFixture } from './agent-fixture.ts'
import { type Ended, type Given, startSources } from './sources-fixture.ts'

let runtime: RuntimeFixture & { run(given: Given): Promise<Ended> }
beforeAll(async () => {
  runtime = await startSources()
})
afterAll(() => runtime.close())

const modelMetaData = { type: 'JAVASCRIPT' }
const one = { 'a.json': '1\n' }
const complete = { jobStatus: 'COMPLETE', jobResult: 'SUCCESS' }

describe('score', () => {
  const table: [string, Given, string][] = [
    [
      'annotations of both prefixes, a helper beside the source, a file by its name',
      {
        files: {
          'src/model.js':
            "//fastscore.schema.0: x\nimport { readFileSync } from 'node:fs'\nimport { scale } from './scale.js'\nlet w\n// modelop.init\nexport function conditionalBegin() { w = JSON.parse(readFileSync('weights.json', 'utf8')) }\n//modelop.score\nexport function* perform(x) { yield scale(x, w.a) }\n",
          'src/scale.js': '// modelop.score\nexport const scale = (x, a) => x * a\n',
          'weights.json': '{"a": 3}',
        },
        primary: 'src/model.js',
        inputs: { 'a.json': '1\n\n2.5\n' },
      },
      '3\n7.5\n',
    ],
    [
      'values of every kind; null and undefined are none, a list is one record',
      {
        files: { 'm.mjs': 'export const action = (x) => x\n' },
        inputs: { 'a.json': '{"a":{"b":[1,null]}}\n[1,[2]]\n"t"\nnull\nfalse\n0\n' },
      },
      '{"a":{"b":[1,null]}}\n[1,[2]]\n"t"\nfalse\n0\n',
    ],
    [
      'a one-line array is one record',
      {
        files: { 'm.js': 'module.exports = { score: (rows) => rows.map((r) => r.x) }' },
        inputs: { 'a.json': '[{"x":1},{"x":2}]' },
      },
      '[1,2]\n',
    ],
    [
      'init gets rawJson and job',
      {
        files: {
          'm.js':
            'let v\nexport function begin(p) { v = [Object.keys(p), JSON.parse(p.rawJson).jobParameters, p.job.additionalAssets] }\nexport function action() { return v }\n',
        },
        inputs: one,
        job: { jobParameters: { a: [1] }, additionalAssets: undefined },
      },
      '[["rawJson","job"],{"a":[1]},[]]\n',
    ],
    [
      'explicit names first',
      {
        files: { 'm.js': '// modelop.score\nexport const a = () => 1\nexport const b = () => 2\n' },
        inputs: one,
        named: { score: 'b' },
      },
      '2\n',
    ],
    [
      'CSV cells are typed by column; a cell that the schema gets wrong is kept',
      {
        files: { 'm.js': 'export const action = (x) => Object.values(x)\n' },
        inputs: { 'a.csv': 'n,t,z\n1,1,01\nx,A/5,02\n2.5,,03\n' },
        modelMetaData: {
          inputSchema: [
            {
              name: 's',
              schemaDefinition: [
                { name: 'n', type: 'int' },
                { name: 'z', type: 'string' },
              ],
            },
          ],
        },
      },
      '[1,"1","01"]\n["x","A/5","02"]\n[2.5,null,"03"]\n',
    ],
  ]
  it.each(table)('%s', async (_title, given, output) => {
    const ended = await runtime.run({ ...given, modelMetaData: { ...modelMetaData, ...given.modelMetaData } })
    expect(ended, ended.messages.join('\n')).toMatchObject({ ...complete, output })
  })
})

describe('ends', () => {
  const warns = "const warning = (text) => Object.assign(new Error(text), { name: 'UserWarning' })\n"
  const lost =
    '[warning] jobResult set to failure: "An output error occurred during model execution, please check the engine logs for details"'

  it('a UserWarning loses the record in score, the result in metrics', async () => {
    const files = {
      'm.js': `${warns}export function action(x) { if (x === 2) throw warning('two'); return x }\nexport function* metrics(rows) { yield rows.length; throw warning('few') }\n`,
    }
    const inputs = { 'a.json': '1\n2\n3\n' }
    const score = await runtime.run({ files, inputs, modelMetaData })
    expect(score).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'FAILURE', output: '1\n3\n' })
    const metrics = await runtime.run({ files, inputs, modelMetaData, kind: 'metrics' })
    expect(metrics).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'FAILURE', output: '3\n' })
    for (const { messages } of [score, metrics]) expect(messages).toContain(lost)
    expect(metrics.messages).toContain('[warning] MODEL-CONSOLE: UserWarning: few')
  })

  it('NaN rejects the output; an exception is ERROR with the record', async () => {
    const files = { 'm.js': 'export function action(x) { if (x === 3) x.a.b(); return { y: 1 / (x - 1) } }\n' }
    const nan = await runtime.run({ files, inputs: { 'a.json': '1\n2\n' }, modelMetaData })
    expect(nan).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'FAILURE', output: '{"y":1}\n' })
    expect(nan.messages).toContain('[warning] 1 output record(s) rejected by encoding')
    const error = await runtime.run({ files, inputs: { 'a.json': '2\n3\n' }, modelMetaData })
    expect(error).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN', outputs: [] })
    expect(error.outcome).toMatch(/^raised TypeError: .* at record 2 \(line 2\)$/)
  })

  it('each input is checked against the schema of its slot', async () => {
    const ended = await runtime.run({
      files: {
        'm.js': '// modelop.schema.0: a\n// modelop.schema.2: b\nexport const action = (x, slot) => [slot, x]\n',
        'a.avsc': '"int"',
        'b.avsc': '"string"',
      },
      inputs: { 'a.json': '1\n"x"\n', 'b.json': '2\n"y"\n' },
      modelMetaData,
      job: { enableInputSchemaChecking: true },
    })
    expect(ended).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'FAILURE', output: '[0,1]\n[2,"y"]\n' })
  })

  it('metrics gets a table for each input; train leaves what is in outputDir', async () => {
    const files = {
      'm.js':
        "import { writeFileSync } from 'node:fs'\nexport const metrics = (a, b) => ({ rows: [a.length, b.length], first: a[0] })\nexport const train = (a) => writeFileSync('outputDir/n.txt', String(a.length))\n",
    }
    const inputs = { 'a.csv': 'x\n1\n2\n', 'b.json': '[{"a": 1}, {"a": 2}, {"a": 3}]' }
    const metrics = await runtime.run({ files, inputs, modelMetaData, kind: 'metrics' })
    expect(metrics).toMatchObject({ ...complete, output: '{"rows":[2,3],"first":{"x":1}}\n' })
    const train = await runtime.run({ files, inputs, modelMetaData, kind: 'train' })
    expect(train).toMatchObject({ ...complete, assets: { 'n.txt': '2' } })
  })
})
