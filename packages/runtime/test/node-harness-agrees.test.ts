import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import type { ColumnType } from '../src/harness-protocol.ts'
import { spawnPython } from '../src/python/spawn-python.ts'
import { type Run, runModel } from './node-harness-fixture.ts'

/** The same rows through the same echo in both languages. */
async function both(
  text: string,
  name: string,
  outputFormat: 'CSV' | 'JSON' = 'JSON',
  typing: 'columns' | 'cells' = 'columns',
  types: Record<string, ColumnType> = {},
): Promise<[Run, Run]> {
  const inputs = [{ name, text, typing, types }]
  return Promise.all([
    runModel({ model: 'export const action = (datum) => datum', inputs, outputFormat }),
    runModel({
      model: { 'model.py': 'def action(datum):\n    yield datum\n' },
      inputs,
      outputFormat,
      plan: { source: 'model.py' },
      other: { launch: spawnPython, interpreter: 'python3' },
      env: { PATH: process.env.PATH ?? '' },
    }),
  ])
}

const lines = (text: string): unknown[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))

describe('a JavaScript and a Python model get the same records', () => {
  const files: [string, string, string][] = [
    ['types', 'a.csv', 'i,f,b,s,n\n1,1.5,True,x,\n-2,1e5,false,NA,NA\n007,.5,TRUE,"a ""b"", c",null\n4,,,,\n'],
    ['BOM, CRLF, quoted line ends and blank lines', 'a.csv', '\ufeffa,b\r\n1,"x\r\ny"\r\n\r\n  \r\n2,z'],
    ['short and long rows', 'a.csv', 'a,b,c\n1,2,3\n4\n5,6,7,8\n9,10,11\n'],
    ['odd quotes', 'a.csv', 'a,b\nx"y,1\n"x"y,2\n"",3\n " ",4\n'],
    ['equal and empty names', 'a.csv', ',a,a,a.1\n1,2,3,4\n'],
    ['one column', 'a.csv', 'a\n1\n\n""\n2\n'],
    ['numbers and texts that end in a line end', 'a.csv', 'i,f,s\n"1\n","1.5\r\n","x\n"\n2,2.5,"\n"\n'],
    ['a header only', 'a.csv', 'a,b\n'],
    ['text beyond ASCII', 'a.csv', 'größe,b\né,😀\n名,€\n'],
    ['infinity', 'a.csv', 'a\n1\ninf\n-Infinity\n'],
    ['JSON lines with bad ones', 'a.json', '{"a":1}\n\nbad\n[1,2]\n"x"\n{"a":NaN}\n'],
    ['a pretty-printed array', 'a.json', '[\n  {"a": 1},\n  {"a": [2]}\n]\n'],
    [
      'elements of several lines, one that is rejected',
      'a.json',
      '[\n  {\n    "a": 1\n  },\n  {\n    "a": 1e400\n  }\n]\n',
    ],
    ['text behind an empty array', 'a.json', '[\n]\n1\n'],
    ['a one-line array', 'a.json', '[{"a":1},{"a":2}]'],
    ['a pretty-printed object', 'a.json', '{\n  "a": {"b": null}\n}\n'],
    ['text', 'a.txt', '<a>\n</a>\n'],
  ]
  test.each(files)('%s', async (_title, name, text) => {
    const [js, py] = await both(text, name)
    expect(js.failed).toBeUndefined()
    expect(lines(js.output)).toEqual(lines(py.output))
    expect({ ...js.finished, bytesRead: 0 }).toEqual({ ...py.finished, bytesRead: 0 })
    const places = (run: Run) => run.rejects.map(({ direction, record, line, code }) => [direction, record, line, code])
    expect(places(js)).toEqual(places(py))
  })

  test('and where each cell is typed by itself', async () => {
    const text = 'a,b,c\n1,x,NA\nx,-2.5e3,true\n007,, 1\n"4","1.",+1\nNA,nan\n'
    const [js, py] = await both(text, 'a.csv', 'JSON', 'cells')
    expect(lines(js.output)).toEqual(lines(py.output))
    expect(lines(js.output)).toEqual([
      { a: 1, b: 'x', c: 'NA' },
      { a: 'x', b: -2500, c: 'true' },
      { a: 7, b: null, c: ' 1' },
      { a: 4, b: '1.', c: '+1' },
      { a: 'NA', b: 'nan', c: null },
    ])
  })

  test('and where a cell is not of the type that a schema gives its column', async () => {
    const text = 'n,b,i\n1.5,true,2\nx, true,1.5\n 2 ,  ,y\ninf,TRUE, 3\nNA,,-\n'
    const columns = { n: 'float', b: 'boolean', i: 'integer' } as const
    const [js, py] = await both(text, 'a.csv', 'JSON', 'columns', columns)
    expect(lines(js.output)).toEqual(lines(py.output))
    expect(lines(js.output)).toEqual([
      { n: 1.5, b: true, i: 2 },
      { n: 'x', b: ' true', i: 1.5 },
      { n: 2, b: '  ', i: 'y' },
      { n: null, b: null, i: '-' },
    ])
    expect(js.finished?.outputRejectedByEncoding).toBe(1)
  })

  test('and write the same bytes', async () => {
    const text =
      's,f,b,q\nx,1e-05,true,"a,b"\n,0.5,false,"say ""hi"""\ny,0.30000000000000004,True,"two\nlines"\nz,1.5e-300,,é\n'
    const [js, py] = await both(text, 'a.csv', 'CSV')
    expect(js.output).toBe(py.output)
    expect(js.output).toBe(
      's,f,b,q\nx,1e-05,true,"a,b"\n,0.5,false,"say ""hi"""\ny,0.30000000000000004,true,"two\nlines"\nz,1.5e-300,,é\n',
    )
  })

  test('and write the same bytes where the outputs change their types, keys and order', async () => {
    const text = [
      '{"a":1,"b":"x"}',
      '{"a":2.5,"b":null}',
      '{"b":true,"a":null}',
      '{"a":false,"b":1}',
      '{"a":"NaN","b":"é"}',
      '{"a":[1,"x,y"],"b":{"c":0.5}}',
      '{"a":3}',
      '{"a":1,"c":2}',
      '{"a":1,"b":"y","c":2}',
      '7',
      '{"a":4,"b":"z"}',
    ]
    const [js, py] = await both(`${text.join('\n')}\n`, 'a.json', 'CSV')
    expect(js.output).toBe(py.output)
    expect(js.output.split('\n').slice(0, 6)).toEqual(['a,b', '1,x', '2.5,', ',true', 'false,1', 'NaN,é'])
    expect(js.finished).toMatchObject({ recordsIn: 11, recordsOut: 8, outputRejectedByEncoding: 3 })
    expect({ ...js.finished, bytesRead: 0 }).toEqual({ ...py.finished, bytesRead: 0 })
  })
})

describe('models/cc-fraud-js', () => {
  const models = new URL('../../../models/', import.meta.url)
  const read = (path: string) => readFile(new URL(path, models), 'utf8')
  const shared = ['weights.json', 'input_schema.avsc', 'output_schema.avsc', 'sample.csv', 'required_assets.json']

  test.each(shared)('its %s is that of models/cc-fraud', async (name) => {
    expect(await read(`cc-fraud-js/${name}`)).toBe(await read(`cc-fraud/${name}`))
  })

  async function score(folder: string, source: string, text: string): Promise<Run> {
    const model = { [source]: await read(`${folder}/${source}`), 'weights.json': await read(`${folder}/weights.json`) }
    const python = { launch: spawnPython, interpreter: 'python3' }
    return runModel({
      model,
      inputs: [{ name: 'sample.csv', text }],
      plan: { source },
      outputFormat: 'CSV',
      ...(source.endsWith('.py') ? { other: python, env: { PATH: process.env.PATH ?? '' } } : {}),
    })
  }

  test('gives the scores of the Python model, all of its sample', async () => {
    const sample = await read('cc-fraud/sample.csv')
    const js = await score('cc-fraud-js', 'cc_fraud.js', sample)
    expect(js.finished).toMatchObject({ recordsIn: 300, recordsOut: 300 })
    expect(js.output).toBe((await score('cc-fraud', 'cc_fraud.py', sample)).output)
  })

  test('scores no transaction without an amount, as the Python model', async () => {
    const [head = '', first = '', second = ''] = (await read('cc-fraud/sample.csv')).split('\n')
    const blank = `${head}\n${first}\n${second.replace(',28.52,', ',,')}\n`
    const other = `${head.replace(',amount,', ',sum,')}\n${first}\n`
    for (const [text, record] of [
      [blank, 2],
      [other, 1],
    ] as const) {
      const js = await score('cc-fraud-js', 'cc_fraud.js', text)
      const py = await score('cc-fraud', 'cc_fraud.py', text)
      expect(js.failed).toMatchObject({ phase: 'score', error: expect.stringContaining('amount is'), record })
      expect(py.failed).toMatchObject({ phase: 'score', record })
    }
  })
})
