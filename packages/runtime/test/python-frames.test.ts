import { beforeAll, describe, expect, it } from 'vitest'
import { lines, python, pythonWithPandas, runPython } from './python-fixture.ts'

let interpreter: string

beforeAll(async () => {
  interpreter = await pythonWithPandas()
}, 300_000)

const csv = 'id,amount,name\n1,2.5,x\n2,,\n3,4,z\n'

describe('metrics', () => {
  const run = (source: string, inputs: Record<string, string>, plan = {}) =>
    runPython({ source, inputs, function: 'metrics', interpreter, plan })

  it('one frame for each input, in the order of the inputs; the yielded value is the output', async () => {
    const source =
      '# modelop.metrics\ndef compare(baseline, comparator):\n    yield {"rows": [len(baseline), len(comparator)], "columns": list(baseline.columns), "mean": baseline.amount.mean(), "type": type(baseline).__name__}\n'
    const { values, finished } = await run(source, { 'a.csv': csv, 'b.json': '{"a": 1}\n{"a": 2}\n' })
    expect(values).toEqual([{ rows: [3, 2], columns: ['id', 'amount', 'name'], mean: 3.25, type: 'DataFrame' }])
    expect(finished).toMatchObject({ recordsIn: 5, recordsOut: 1, bytesRead: csv.length + 18 })
  })

  it.each([
    ['a return', 'def metrics(df): return {"n": len(df)}', [{ n: 2 }]],
    ['a list of dicts', 'def metrics(df): yield [{"n": 1}, {"n": 2}]', [[{ n: 1 }, { n: 2 }]]],
    ['several yields', 'def metrics(df):\n    yield 1\n    yield 2', [1, 2]],
    ['a returned tuple', 'def metrics(df): return 3, 0.9', [[3, 0.9]]],
    ['a yielded tuple names its slot', 'def metrics(df): yield 1, 0.9', [0.9]],
    ['a JSON text', 'def metrics(df): return "{}"', ['{}']],
    [
      'numpy values',
      'def metrics(df): yield {"m": df.a.max(), "s": df.a.std(ddof=0), "b": df.a.max() > 1, "arr": df.a.to_numpy()}',
      [{ m: 2, s: 0.5, b: true, arr: [1, 2] }],
    ],
    ['a frame becomes its rows as one output', 'def metrics(df): yield df', [[{ a: 1 }, { a: 2 }]]],
    ['old style, once for each slot', 'def metrics(data, slot_no): yield [slot_no, len(data)]', [[0, 2]]],
  ])('%s', async (_title, source, expected) => {
    const { values, failed } = await run(source, { 'a.json': lines({ a: 1 }, { a: 2 }) })
    expect(failed).toBeUndefined()
    expect(values).toEqual(expected)
  })

  it('nested values stay Python objects; an array, on one line or many, is its rows', async () => {
    const source = 'def metrics(*frames): yield [f.iloc[0].to_dict() for f in frames]'
    const rows = [
      { o: { l: [1] }, l: [{ x: 1 }] },
      { o: {}, l: [] },
    ]
    const { values } = await run(source, {
      'a.json': lines(...rows),
      'b.json': JSON.stringify(rows),
      'c.json': JSON.stringify(rows, null, 2),
      'd.json': lines([rows[0]], [rows[1]]),
    })
    expect(values).toEqual([[rows[0], rows[0], rows[0], rows[0]]])
  })

  it('a record that is no object among objects is rejected', async () => {
    const source = 'def metrics(df): yield df.a.tolist()'
    const { values, finished } = await run(source, { 'a.json': '{"a":1}\n5\nnull\n{"a":2}\n' })
    expect(values).toEqual([[1, 2]])
    expect(finished).toMatchObject({ recordsIn: 4, inputRejectedByEncoding: 2 })
  })

  it('a wrong number of inputs is a TypeError of the model', async () => {
    const { failed, exit } = await run('def metrics(a, b): yield 1', { 'a.csv': csv })
    expect(exit.code).toBe(1)
    expect(failed).toMatchObject({ phase: 'metrics' })
    expect(failed?.error).toMatch(/^TypeError: metrics\(\) missing 1 required positional argument: 'b'/)
  })

  it('NaN in the result rejects it by encoding', async () => {
    const { values, finished } = await run('def metrics(df): yield {"a": float("nan")}', { 'a.csv': csv })
    expect(values).toEqual([])
    expect(finished).toMatchObject({ outputRejectedByEncoding: 1 })
  })

  it('rows with too many cells and lines that are no JSON are rejected, the others make the frame', async () => {
    const source = 'def metrics(a, b): yield [a.values.tolist(), b.values.tolist()]'
    const { values, finished } = await run(source, { 'a.csv': 'a,b\n1,2\n3,4,5\n6,7\n', 'b.json': '{"a": 1}\nbad\n' })
    expect(values).toEqual([
      [
        [
          [1, 2],
          [6, 7],
        ],
        [[1]],
      ],
    ])
    expect(finished).toMatchObject({ recordsIn: 5, inputRejectedByEncoding: 2 })
  })

  it('types are those of pandas over the whole file; an empty column name stays', async () => {
    const source = 'def metrics(df): yield {str(k): str(v) for k, v in df.dtypes.items()}'
    const { values } = await run(source, { 'a.csv': ',i,f,t,b\n0,1,1.5,x,True\n1,2,,1,False\n' })
    expect(values).toEqual([
      { '': 'int64', i: 'int64', f: 'float64', t: expect.stringMatching(/object|str/), b: 'bool' },
    ])
  })

  it('an input with a header alone is an empty frame', async () => {
    const { values } = await run('def metrics(df): yield [len(df), list(df.columns)]', { 'a.csv': 'a,b\n' })
    expect(values).toEqual([[0, ['a', 'b']]])
  })

  it('without pandas the error says what to put into requirements.txt', async () => {
    const { failed } = await runPython({
      source: 'def metrics(df): yield 1',
      inputs: { 'a.csv': csv },
      function: 'metrics',
      interpreter: python,
      files: { 'pandas.py': 'raise ImportError("no pandas here")' },
    })
    expect(failed?.error).toBe(
      'metrics gets one DataFrame for each input, and pandas cannot be imported (no pandas here): put a line `pandas` into the requirements.txt of the model',
    )
  })
})

describe('train', () => {
  it('gets a frame for each input and writes below outputDir; what it returns is ignored', async () => {
    const source =
      'import os\n# modelop.training\ndef train_one(df):\n    open("outputDir/model.txt", "w").write(str(df.amount.sum()))\n    print(os.listdir("outputDir"))\n    return object()\n'
    const { exit, stdout, failed, finished } = await runPython({
      source,
      inputs: { 'a.csv': csv },
      function: 'train',
      interpreter,
    })
    expect(failed).toBeUndefined()
    expect(exit.code).toBe(0)
    expect(stdout).toEqual(["['model.txt']"])
    expect(finished).toMatchObject({ recordsIn: 3, recordsOut: 0 })
  })

  it('a body of `pass` without inputs finishes, pandas or not', async () => {
    const { finished } = await runPython({ source: 'def train(): pass', inputs: {}, function: 'train' })
    expect(finished).toMatchObject({ recordsIn: 0, recordsOut: 0 })
  })

  it('what it raises is told in the phase train', async () => {
    const { failed } = await runPython({ source: 'def train(): 1 / 0', inputs: {}, function: 'train' })
    expect(failed).toMatchObject({ phase: 'train', error: 'ZeroDivisionError: division by zero', record: null })
  })
})

describe('recordsets', () => {
  const frames = '# modelop.recordsets.0: true\n# fastscore.recordsets.1: yes\n'
  const run = (body: string, inputs: Record<string, string>, more: object = {}) =>
    runPython({ source: `${frames}def action(df):\n    ${body}\n`, inputs, interpreter, outputFormat: 'CSV', ...more })

  it('one call for each batch; rows of the frame that comes back are the outputs', async () => {
    const { output, finished } = await run(
      'df["n"] = len(df); yield df[["id", "n"]]',
      { 'a.csv': csv },
      { plan: { recordsetRows: 2 } },
    )
    expect(output).toBe('id,n\n1,2\n2,2\n3,1\n')
    expect(finished).toMatchObject({ recordsIn: 3, recordsOut: 3 })
  })

  it('without a number of rows there is one frame', async () => {
    const { output } = await run('yield {"rows": len(df)}', { 'a.csv': csv }, { plan: { recordsetRows: null } })
    expect(output).toBe('rows\n3\n')
  })

  it('column types are the same in every batch', async () => {
    const source = 'df["t"] = str(df.f.dtype) + str(df.i.dtype); yield df[["t"]]'
    const { output } = await run(source, { 'a.csv': 'f,i\n1,1\n2,2\n3.5,3\n' }, { plan: { recordsetRows: 1 } })
    expect(output).toBe('t\nfloat64int64\nfloat64int64\nfloat64int64\n')
  })

  it('a blank that came in goes out blank; NaN that the model made is rejected', async () => {
    const { output, rejects } = await run('df["score"] = df.amount * 2; yield df', { 'a.csv': csv })
    expect(output).toBe('id,amount,name,score\n1,2.5,x,5.0\n3,4.0,z,8.0\n')
    expect(rejects).toMatchObject([{ direction: 'output', reason: 'score is NaN, which JSON has no form for' }])
    const echo = await run('yield df', { 'a.csv': csv })
    expect(echo.output).toBe('id,amount,name\n1,2.5,x\n2,,\n3,4.0,z\n')
  })

  it('a series, a list and an array give one output for each element', async () => {
    const json = { outputFormat: 'JSON' as const }
    expect((await run('yield df.id * 2', { 'a.csv': csv }, json)).values).toEqual([2, 4, 6])
    expect((await run('return [{"i": int(i)} for i in df.id]', { 'a.csv': csv }, json)).values).toEqual([
      { i: 1 },
      { i: 2 },
      { i: 3 },
    ])
    expect((await run('return df.id.to_numpy()', { 'a.csv': csv }, json)).values).toEqual([1, 2, 3])
  })

  it('a tuple names a slot where it is yielded, and is one output where it is returned', async () => {
    const json = { outputFormat: 'JSON' as const }
    expect((await run('yield 1, df.id', { 'a.csv': csv }, json)).values).toEqual([1, 2, 3])
    expect((await run('return 1, 2', { 'a.csv': csv }, json)).values).toEqual([[1, 2]])
  })

  it('scalars come as a series, arrays as a matrix', async () => {
    const json = { outputFormat: 'JSON' as const }
    const source = 'yield {"t": type(df).__name__, "s": [int(x) for x in df.shape]}'
    expect((await run(source, { 'a.json': '1\n2\n' }, json)).values).toEqual([{ t: 'Series', s: [2] }])
    expect((await run(source, { 'a.json': '[1, 2]\n[3, 4]\n' }, json)).values).toEqual([{ t: 'ndarray', s: [2, 2] }])
  })

  it('an array of objects, alone on its line or one of many, is its rows', async () => {
    const json = { outputFormat: 'JSON' as const }
    const rows = [{ a: 1 }, { a: 2 }]
    expect((await run('yield df', { 'a.json': JSON.stringify(rows) }, json)).values).toEqual(rows)
    expect((await run('yield df', { 'a.json': lines(rows, { a: 3 }) }, json)).values).toEqual([...rows, { a: 3 }])
    expect(
      (await run('yield len(df)', { 'a.json': lines(rows, rows) }, { ...json, plan: { recordsetRows: 3 } })).values,
    ).toEqual([3, 1])
  })

  it('arrays of different lengths, or of numbers beside texts, stay what they are', async () => {
    const json = { outputFormat: 'JSON' as const }
    const rows = lines([1, 'x'], [2.5])
    expect((await run('yield 1, [df.tolist()]', { 'a.json': rows }, json)).values).toEqual([[[1, 'x'], [2.5]]])
    expect((await run('yield 1, [df[1].tolist()]', { 'a.json': lines(['x', 1], ['y', 2]) }, json)).values).toEqual([
      ['y', 2],
    ])
  })

  it('a record that no frame can hold beside the others is rejected', async () => {
    const json = { outputFormat: 'JSON' as const }
    const { values, rejects } = await run('yield df', { 'a.json': 'null\n{"a":1}\n5\n[{"a":2},{"a":3}]\n[1]\n' }, json)
    expect(values).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }])
    expect(rejects).toMatchObject(
      [1, 3, 5].map((line) => ({
        direction: 'input',
        code: 'encoding',
        line,
        reason: 'not an object, as other records are: no frame holds both',
      })),
    )
  })

  it('an exception tells the record its batch ended with', async () => {
    const { failed } = await run('raise KeyError("x")', { 'a.csv': csv })
    expect(failed).toMatchObject({ phase: 'score', error: "KeyError: 'x'", record: 3, line: null })
  })

  it('an output that cannot be written tells the record its batch ended with', async () => {
    const { rejects } = await run('yield {1, 2}', { 'a.csv': csv })
    expect(rejects).toMatchObject([{ direction: 'output', code: 'encoding', record: 3, line: null }])
  })
})

it('a missing text is null, as is NA; NaN in a column of numbers is rejected', async () => {
  const source = [
    'import pandas as pd',
    'def action(x):',
    '    yield pd.DataFrame({"t": ["a", None], "c": pd.Categorical(["a", None]), "n": pd.array([1, None], dtype="Int64")})',
    '    yield pd.Series(["a", None])',
    '    yield {"na": pd.NA}',
    '    yield pd.DataFrame({"t": ["a", None], "x": [1.5, None]})',
    '',
  ].join('\n')
  const inputs = { 'in.json': '1\n' }
  const { values, rejects } = await runPython({ source, inputs, interpreter })
  expect(values).toEqual([
    [
      { t: 'a', c: 'a', n: 1 },
      { t: null, c: null, n: null },
    ],
    ['a', null],
    { na: null },
  ])
  expect(rejects.map(({ reason }) => reason)).toEqual(['[1].x is NaN, which JSON has no form for'])
  const rows = await runPython({ source: `# modelop.recordsets.1: true\n${source}`, inputs, interpreter })
  expect(rows.values.slice(0, 4)).toEqual([{ t: 'a', c: 'a', n: 1 }, { t: null, c: null, n: null }, 'a', null])
  expect(rows.rejects.map(({ reason }) => reason)).toEqual(['x is NaN, which JSON has no form for'])
})

it('numpy values are encoded by record as what they hold, keys included', async () => {
  const source =
    'import numpy as np\ndef action(x):\n    yield {"i": np.int64(1), "f": np.float64(0.5), "f32": np.float32(0.5), "b": np.bool_(True), "a": np.array([[1, 2]]), "s": np.str_("x"), np.int64(7): 1}\n'
  const { values, output } = await runPython({ source, inputs: { 'in.json': '1\n' }, interpreter })
  expect(values).toEqual([{ i: 1, f: 0.5, f32: 0.5, b: true, a: [[1, 2]], s: 'x', 7: 1 }])
  const csvOut = await runPython({ source, inputs: { 'in.json': '1\n' }, interpreter, outputFormat: 'CSV' })
  expect(csvOut.output).toBe('i,f,f32,b,a,s,7\n1,0.5,0.5,true,"[[1,2]]",x,1\n')
  expect(output).toContain('"7":1')
})
