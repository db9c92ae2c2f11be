/** Sources that need pandas, numpy or scikit-learn: metrics, training, recordsets, numpy values. One environment serves them all. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RuntimeFixture } from './agent-fixture.ts'
import { type Ended, embeddedFile, type Given, makeScience, startSources } from './sources-fixture.ts'

let runtime: RuntimeFixture & { run(given: Given): Promise<Ended> }
beforeAll(async () => {
  runtime = await startSources()
  await makeScience()
}, 400_000)
afterAll(() => runtime.close())

const complete = { jobStatus: 'COMPLETE', jobResult: 'SUCCESS' }
const kind = 'metrics' as const

describe('metrics', () => {
  const table: [string, Given, unknown[]][] = [
    ['print-it: one frame', { folder: 'print-it', inputs: ['a.json'] }, [{ frames: 1 }]],
    [
      'print-it: two frames in the order of the inputs, by an explicit name',
      { folder: 'print-it', inputs: ['b.csv', 'a.json'], named: { metrics: 'metrics_two' } },
      [{ frames: 2, first: ['b', 'c'], second: ['a'] }],
    ],
    [
      'print-it: three frames',
      { folder: 'print-it', inputs: ['b.csv', 'a.json', 'c.json'], named: { metrics: 'metrics_three' } },
      [{ frames: 3, rows: [3, 2, 1] }],
    ],
    [
      'multi-slot-test: metrics(data, slot_no) is called for each slot',
      { folder: 'multi-slot-test', inputs: ['a.json', 'b.json'] },
      [
        { slot: 0, rows: 3 },
        { slot: 2, rows: 1 },
      ],
    ],
    [
      'Externally-Generated-Metrics: a pretty-printed object passes through unchanged',
      { folder: 'Externally-Generated-Metrics', inputs: ['existing_metrics.json'] },
      [
        {
          auc: 0.75,
          count: 12,
          bias: [
            { test_name: 'aequitas', values: { groups: ['a', 'b'], none: null } },
            { test_name: 'ks', values: {} },
          ],
          charts: {
            roc: {
              title: 'ROC',
              data: {
                x: [
                  [0, 0],
                  [1, 1],
                ],
              },
              rotated: false,
            },
          },
        },
      ],
    ],
    [
      'test_custom_monitor: lists and objects stay what they are inside cells; additional assets beside the source',
      {
        folder: 'test_custom_monitor',
        inputs: ['input.json'],
        job: { additionalAssets: [embeddedFile('external_kpi.json', '{"kpi": [1]}')] },
      },
      [{ first: 1, kind: 'list', deep: [null], kpi: [1] }],
    ],
    [
      'rank_order_test: a returned dict with integer keys and numpy values',
      { folder: 'rank_order_test', inputs: ['test.csv'] },
      [{ rank_order: { '0': 0, '1': 1 }, ok: true, max: 0.9, n: 2, '7': 'seven' }],
    ],
    [
      'aequitas: a list of dicts is one line, several yields several',
      { folder: 'aequitas', inputs: ['data.csv'] },
      [
        [
          { group: 'a', n: 2 },
          { group: 'b', n: 1 },
        ],
        { done: true },
      ],
    ],
    [
      'Residential_Housing: a JSON text stays a text',
      { folder: 'Residential_Housing', inputs: ['data.csv'] },
      ['{"rmse": 1.0}'],
    ],
    [
      'credit-model-performance: scikit-learn, a matrix',
      { folder: 'credit-model-performance', inputs: ['data.csv'] },
      [
        {
          f1: 2 / 3,
          confusion_matrix: [
            [1, 0],
            [1, 1],
          ],
          raw_matrix: [
            [1, 0],
            [1, 1],
          ],
        },
      ],
    ],
    [
      'mtr: a default parameter, a one-line array as rows',
      { folder: 'mtr', primary: 'mtr.py', inputs: ['data.json'] },
      [{ n: 2, alone: true }],
    ],
    [
      'lab-dashboard: neither commented-out annotations nor those of helpers',
      { folder: 'lab-dashboard', primary: 'regression_ROI_monitor.py', inputs: ['data.json'] },
      [{ roi: 3, which: 'new' }],
    ],
  ]
  it.each(table)('%s', async (_title, given, values) => {
    const ended = await runtime.run({ ...given, kind, science: true })
    expect(ended, ended.messages.slice(-12).join('\n')).toMatchObject(complete)
    expect(ended.values).toEqual(values)
  })

  it('lab_monitor: rawJson, the reference model, a DMN file among the additional assets, the vendor packages', async () => {
    const fields = [
      { name: 'age', type: 'int', dataClass: 'numerical', role: 'predictor' },
      { name: 'score', type: 'double', role: 'score' },
      { name: 'label', type: 'int', role: 'label' },
      { name: 'gender', type: 'string', role: 'non_predictor', protectedClass: true },
    ]
    const ended = await runtime.run({
      folder: 'lab_monitor',
      kind,
      science: true,
      inputs: ['baseline.csv', 'sample.json'],
      files: { 'requirements.txt': 'modelop\nmodelop_sdk\npandas==2.3.3\nnumpy==2.0.2\nscikit-learn==1.6.1\n' },
      job: {
        jobParameters: { BUCKET_COLUMN: ['a', 1] },
        additionalAssets: [
          { ...embeddedFile('rules.dmn', '<definitions><decision/></definitions>'), assetRole: 'REQUIRED_ASSETS' },
          embeddedFile('more.csv', 'a\n1\n'),
        ],
        referenceModel: {
          id: 'reference-1',
          associatedModels: [],
          storedModel: {
            id: 'stored-1',
            modelAssets: [{ name: 'a', assetType: 'FILE', metaData: { custom: {}, tags: ['prod'] } }],
            modelMetaData: {
              name: 'credit',
              modelRisk: 'HIGH',
              inputSchema: [{ name: 's', schemaDefinition: { type: 'record', name: 'r', fields } }],
            },
          },
        },
      },
    })
    expect(ended, ended.messages.slice(-12).join('\n')).toMatchObject(complete)
    expect(ended.values).toEqual([
      {
        drift: 0.35,
        rows: [2, 1],
        numerical: ['age'],
        protected: ['gender'],
        who: ['credit', 'HIGH', 'reference-1', ['prod'], []],
        bucket: ['a', 1],
        rules: true,
        roles: ['REQUIRED_ASSETS', 'UNKNOWN'],
        stability: [{ test_name: 'drift', test_id: 'drift_1', values: { a: 0.35 } }],
      },
    ])
  })

  it('warning-model: a UserWarning of its own costs its result, not the job', async () => {
    const ended = await runtime.run({ folder: 'warning-model', primary: 'warning_model.py', kind, science: true })
    expect(ended).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'FAILURE', output: '{"before":true}\n' })
    expect(ended.messages).toContain('[warning] MODEL-CONSOLE: UserWarning: few rows: 2')
    expect(ended.messages.join('\n')).toContain(
      'jobResult set to failure: "An output error occurred during model execution',
    )
  })

  it.each([
    ['two inputs for one frame', ['a.json', 'b.csv'], {}],
    ['one input for two frames', ['a.json'], { metrics: 'metrics_two' }],
  ])('%s: TypeError, ERROR', async (_title, inputs, named) => {
    const ended = await runtime.run({ folder: 'print-it', kind, science: true, inputs, named })
    expect(ended).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN', outputs: [] })
    expect(ended.messages.join('\n')).toContain('[error] Model source error: TypeError: metrics_')
  })

  it.each(['metrics', 'train'] as const)('the types of the schema win in the frames of %s too', async (kind) => {
    const fields = [
      { name: 'zip', type: 'string' },
      { name: 'amount', type: ['null', 'double'] },
      { name: 'n', type: 'int' },
    ]
    const ended = await runtime.run({
      files: {
        'model.py': `def ${kind}(df):\n    print(df.zip.tolist(), df.amount.dtype, df.n.dtype, df.other.tolist(), df[''].tolist())\n`,
      },
      inputs: { 'a.csv': ',zip,amount,n,other\n1,007,5,1,x\n2,,6,2,1\n' },
      modelMetaData: { inputSchema: [{ name: 's', schemaDefinition: { type: 'record', name: 'r', fields } }] },
      kind,
      science: true,
    })
    expect(ended.console).toContain("['007', nan] float64 int64 ['x', '1'] [1, 2]")
  })

  it('NaN in a result rejects it: COMPLETE, FAILURE', async () => {
    const files = { 'm.py': 'def metrics(df): yield {"std": df.a.std()}' }
    const ended = await runtime.run({ files, kind, science: true, inputs: { 'a.csv': 'a\n1\n' } })
    expect(ended).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'FAILURE', output: '' })
    expect(ended.messages).toContain('[warning] 1 output record(s) rejected by encoding')
  })

  it('an output without a format is JSON, also for CSV inputs', async () => {
    const ended = await runtime.run({
      folder: 'rank_order_test',
      kind,
      science: true,
      inputs: ['test.csv'],
      job: { outputData: [] },
    })
    expect(ended).toMatchObject(complete)
    expect(ended.values).toHaveLength(1)
  })
})

describe('train', () => {
  it('titanic: what is left in outputDir is the result, and scores afterwards as CSV and as its JSON twin', async () => {
    const trained = await runtime.run({
      folder: 'titanic',
      kind: 'train',
      science: true,
      inputs: ['train.csv'],
      outputs: [],
    })
    expect(trained, trained.messages.slice(-15).join('\n')).toMatchObject(complete)
    expect(Object.keys(trained.assets)).toEqual(['titanic.pkl'])
    expect(trained.messages.join('\n')).toContain('files outside outputDir, which are not kept: features.pkl')
  })

  it('titanic: pickled pipeline, numpy values, CSV and JSON alike; explicit names', async () => {
    const trained = await runtime.run({
      folder: 'titanic',
      kind: 'train',
      science: true,
      inputs: ['train.csv'],
      outputs: [],
    })
    const files = { 'titanic.pkl': trained.files['titanic.pkl'] ?? '' }
    const score = (input: string) =>
      runtime.run({
        folder: 'titanic',
        science: true,
        inputs: [input],
        files,
        named: { init: 'begin', score: 'action' },
      })
    const [csv, json] = [await score('predict.csv'), await score('predict.json')]
    expect(csv, csv.messages.slice(-15).join('\n')).toMatchObject(complete)
    expect(csv.output).toBe(json.output)
    expect(csv.values[0]).toMatchObject({ Ticket: '330911', Cabin: null, prediction: 0, sure: false })
    expect(csv.values[2]).toMatchObject({ Ticket: 'A/4 240276', Age: null })
    const metrics = await runtime.run({ folder: 'titanic', science: true, inputs: ['train.csv'], files, kind })
    expect(metrics.values).toEqual([{ accuracy: expect.any(Number), n: 10 }])
  })

  it('print-it: files below folders of outputDir, even empty ones', async () => {
    const ended = await runtime.run({ folder: 'print-it', kind: 'train', science: true, inputs: ['b.csv'] })
    expect(ended).toMatchObject(complete)
    expect(ended.assets).toEqual({ 'trained.txt': 'rows: 3\n', 'deep/er/empty.bin': '' })
  })

  it('iris: a file without header makes its first row the header; what lies beside the source is named in the log', async () => {
    const ended = await runtime.run({ folder: 'iris', kind: 'train', science: true, inputs: ['train.csv'] })
    expect(ended).toMatchObject({ ...complete, assets: {} })
    expect(ended.console).toContain("['5.1', '3.5', 'setosa'] [4.9, 6.2]")
    expect(ended.messages.join('\n')).toContain('not kept: model.pkl')
  })

  it('a body of pass: COMPLETE without artefact', async () => {
    const files = { 'm.py': '# modelop.training\ndef t(df): pass\n' }
    expect(await runtime.run({ files, kind: 'train', science: true, inputs: { 'a.csv': 'a\n1\n' } })).toMatchObject({
      ...complete,
      assets: {},
    })
  })
})

describe('score with numpy and pandas', () => {
  it('records of a recordset are checked one by one before they become a frame', async () => {
    const ended = await runtime.run({
      folder: 'recordsets',
      inputs: { 'a.json': '{"x": 1}\n{"y": 1}\n{"x": 3}\n' },
      science: true,
      modelMetaData: { inputSchema: [{ name: 's', schemaDefinition: [{ name: 'x', type: 'double' }] }] },
      job: { enableInputSchemaChecking: true },
    })
    expect(ended).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'FAILURE' })
    expect(ended.output).toBe('{"x":1,"double":2}\n{"x":3,"double":6}\n')
    expect(ended.messages).toContain('[warning] 1 input record(s) rejected by schema')
  })

  const table: [string, Given, string][] = [
    [
      'mnist: numpy values of all kinds',
      { folder: 'mnist', inputs: { 'a.json': '[1, 0, 1]\n' } },
      '{"digit":1,"scores":[4.0,6.0],"first":4.0,"wide":4.0,"sure":true,"byte":255,"text":"é","matrix":[[0.0,1.0],[2.0,3.0],[4.0,5.0]],"none":null,"4":"four"}\n',
    ],
    [
      'numbers wider than Python’s own, masked cells',
      {
        files: {
          'model.py':
            'import numpy as np\ndef action(d):\n    yield {"wide": np.longdouble(1.5), "many": np.array([0.5], np.longdouble)}\n    yield np.ma.array([1, 2], mask=[0, 1])\n',
        },
        inputs: { 'a.json': '1\n' },
      },
      '{"wide":1.5,"many":[0.5]}\n[1,null]\n',
    ],
    [
      'recordsets: a frame in, its rows out',
      { folder: 'recordsets', inputs: ['input.csv'] },
      '{"x":1,"double":2}\n{"x":2,"double":4}\n{"x":3,"double":6}\n',
    ],
    [
      'recordsets in two batches',
      { folder: 'recordsets', inputs: ['input.csv'], outputs: ['o.csv'], job: { jobParameters: { recordsetRows: 2 } } },
      'x,double\n1,2\n2,4\n3,6\n',
    ],
    [
      'recordsets of JSON objects',
      { folder: 'recordsets', inputs: { 'a.json': '{"x": 1}\n{"x": 2.5}\n' } },
      '{"x":1.0,"double":2.0}\n{"x":2.5,"double":5.0}\n',
    ],
    [
      'frame-out: rows of a frame become records with recordsets.1',
      { folder: 'frame-out' },
      '{"x":0}\n{"x":1}\n{"x":0}\n',
    ],
    [
      'a frame without recordsets.1 is one output',
      {
        files: {
          'm.py': 'import pandas as pd\ndef action(x): yield pd.DataFrame({"x": pd.Series([x, None], dtype=object)})',
        },
        inputs: { 'a.json': '1\n' },
      },
      '[{"x":1},{"x":null}]\n',
    ],
    [
      'a list from a recordset is one output where only the input is a recordset',
      {
        files: { 'm.py': '# modelop.recordsets.0: true\ndef action(df): yield df.x.tolist()' },
        inputs: { 'a.json': '{"x": 1}\n{"x": 2}\n' },
      },
      '[1,2]\n',
    ],
    [
      'a list from a recordset is its items where the output is one too',
      {
        files: { 'm.py': '# modelop.recordsets: yes\ndef action(df): yield df.to_dict(orient="records")' },
        inputs: { 'a.json': '{"x": 1}\n{"x": 2}\n' },
      },
      '{"x":1}\n{"x":2}\n',
    ],
    [
      'ridge_house_price: the model resets the filters of warnings in init',
      { folder: 'ridge_house_price' },
      '[2.0,20.0]\n',
    ],
  ]
  it.each(table)('%s', async (_title, given, output) => {
    const ended = await runtime.run({ ...given, science: true })
    expect(ended, ended.messages.slice(-12).join('\n')).toMatchObject(complete)
    expect(ended.output).toBe(output)
  })
})
