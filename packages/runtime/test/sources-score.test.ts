/** Sources as public repositories have them, record by record: what comes out, byte by byte, and how the job ends. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RuntimeFixture } from './agent-fixture.ts'
import { type Ended, type Given, startSources } from './sources-fixture.ts'

let runtime: RuntimeFixture & { run(given: Given): Promise<Ended> }
beforeAll(async () => {
  runtime = await startSources()
})
afterAll(() => runtime.close())

const complete = { jobStatus: 'COMPLETE', jobResult: 'SUCCESS' }
const json = (...values: unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('')

type Row = [title: string, given: Given, output: string]
const table: Row[] = [
  [
    'echo: values of every kind, one a line, blank lines skipped',
    { folder: 'echo' },
    '{"a":1,"b":[1,2,{"c":null}]}\n[1,"two",3.5]\n"text"\n5\n2.5\ntrue\nnull\n',
  ],
  ['echo-array-double: arrays a line', { folder: 'echo-array-double' }, '[2,4,6]\n[1.0]\n[]\n'],
  [
    'credit-card-fraud: one output for each key it iterates over',
    { folder: 'credit-card-fraud' },
    '"TransactionId"\n"CustomerId"\n"Amount"\n"Merchant"\n"Country"\n"Hour"\n"Day"\n"Device"\n"Chip"\n"Pin"\n"Online"\n"Repeat"\n"Distance"\n"Ratio"\n',
  ],
  [
    'german_credit: a list of records comes back as one line',
    { folder: 'german_credit', inputs: ['german_credit_sample.json'] },
    '[{"id":993,"duration_months":36,"credit_amount":3959,"predicted_score":1},{"id":859,"duration_months":9,"credit_amount":350,"predicted_score":0}]\n',
  ],
  [
    'batch_scoring_model: a one-line array without final newline is one record, its returned list one output',
    { folder: 'batch_scoring_model' },
    '[{"id":1,"score":1.5},{"id":2,"score":2.5}]\n',
  ],
  [
    'array_of_records: the one-line file',
    { folder: 'array_of_records', inputs: ['one_line.json'] },
    '[{"name":"a","n":2},{"name":"b","n":2}]\n',
  ],
  [
    'array_of_records: array lines, one empty',
    { folder: 'array_of_records', inputs: ['lines.json'] },
    '[{"name":"a","n":1}]\n[{"name":"b","n":2},{"name":"c","n":2}]\n[]\n',
  ],
  [
    'array_of_records: `arrayInput: rows` gives a call for each element',
    {
      files: { 'm.py': 'def action(x): return x' },
      inputs: { 'a.json': '[1, [2], {"a": 3}]' },
      job: { jobParameters: { arrayInput: 'rows' } },
    },
    '1\n[2]\n{"a":3}\n',
  ],
  ['multi-slot-test: (datum, slot)', { folder: 'multi-slot-test', inputs: ['b.json'] }, '{"slot":0,"datum":"x"}\n'],
  [
    'multi_input_scoring: a second parameter by mistake gets the slot',
    { folder: 'multi_input_scoring' },
    '{"datum":{"a":1},"second":0}\n',
  ],
  [
    'estimate-pi: nothing in sys.argv but the name',
    { folder: 'estimate-pi' },
    '{"n":1000,"near":true,"argv":1}\n'.repeat(2),
  ],
  ['multithreading_tests: threads may be left', { folder: 'multithreading_tests' }, '[2,4,6]\n[8]\n'],
  [
    'old FastScore source: slots bound to functions, three parameters, `end` last',
    { folder: 'old-engine' },
    '[1,0,10]\n[2,0,30]\n"end"\n',
  ],
  [
    'test-xml: the whole file is one string',
    {
      folder: 'test-xml',
      inputs: ['input.xml'],
      modelMetaData: { inputSchema: [{ name: 's', schemaDefinition: '"string"' }] },
    },
    `"<n>2</n>"\n${json({ text: '<?xml version="1.0"?>\n<list>\n  <a>ü</a>\n  <a/>\n</list>\n', ä: 'list' })}`,
  ],
  [
    'integer keys, None inside, big integers and other scripts',
    {
      files: { 'm.py': 'def action(x):\n    yield {1: None, None: 2, True: x, 2.5: [None], "日本": "ß\\u2028"}' },
      inputs: { 'a.json': '123456789012345678901234567890\n' },
    },
    '{"1":123456789012345678901234567890,"null":2,"2.5":[null],"日本":"ß\u2028"}\n',
  ],
  [
    'one pretty-printed object over many lines is one record',
    {
      files: { 'm.py': 'def action(x): return sorted(x)' },
      inputs: { 'a.json': '{\n  "b": 1,\n\n  "a": [\n    {}\n  ]\n}\n' },
    },
    '["a","b"]\n',
  ],
  [
    'None for some records, many outputs for others',
    {
      files: { 'm.py': '# modelop.score\ndef f(x):\n    if x % 2:\n        return None\n    return [x] * x\n' },
      inputs: { 'a.json': '1\n2\n3\n4\n' },
    },
    '[2,2]\n[4,4,4,4]\n',
  ],
  [
    'state in globals over all records, in order',
    {
      files: {
        'm.py':
          'from collections import deque\nwindow = deque(maxlen=3)\ncount = 0\n# modelop.score\ndef f(x):\n    global count\n    count += 1\n    window.append(x)\n    yield [count, sum(window)]\n',
      },
      inputs: { 'a.json': '1\r\n2\r\n\r\n3\r\n4' },
    },
    '[1,1]\n[2,3]\n[3,6]\n[4,9]\n',
  ],
  [
    'null as a record',
    { files: { 'm.py': 'def action(x): yield x is None' }, inputs: { 'a.json': 'null\n' } },
    'true\n',
  ],
  [
    'a returned dict is one record, not its keys',
    { files: { 'm.py': 'def action(x): return {"a": 1, "b": 2}' }, inputs: { 'a.json': '1\n' } },
    '{"a":1,"b":2}\n',
  ],
  [
    'a returned iterator of another kind than a generator is no list of outputs',
    { files: { 'm.py': 'def action(x): return range(2) and [0, 1]' }, inputs: { 'a.json': '1\n' } },
    '[0,1]\n',
  ],
  [
    'a score function is free to be a method or a partial',
    {
      files: {
        'm.py':
          'import functools\nclass M:\n    def __init__(self): self.n = 0\n    def f(self, x):\n        self.n += x\n        return self.n\naction = M().f\n',
      },
      inputs: { 'a.json': '1\n2\n' },
    },
    '1\n3\n',
  ],
]

describe('score', () => {
  it.each(table)('%s', async (_title, given, output) => {
    const ended = await runtime.run(given)
    expect(ended).toMatchObject(complete)
    expect(ended.output).toBe(output)
  })
})

describe('slots', () => {
  it('splitter-py: tuples go to the outputs of their slots', async () => {
    const ended = await runtime.run({ folder: 'splitter-py', outputs: ['small.json', 'big.json', 'all.json'] })
    expect(ended).toMatchObject(complete)
    expect(ended.outputs).toEqual([
      '{"id":1,"big":false}\n{"id":3,"big":false}\n',
      '{"id":2,"big":true}\n',
      '1\n2\n3\n',
    ])
  })

  it('splitter-py with one output: values for other slots are dropped, with a count', async () => {
    const ended = await runtime.run({ folder: 'splitter-py' })
    expect(ended).toMatchObject({ ...complete, output: '{"id":1,"big":false}\n{"id":3,"big":false}\n' })
    expect(ended.messages.join('\n')).toContain('1 output(s) for slot 3')
  })

  it('combiner: nothing until all slots have delivered', async () => {
    const inputs = ['input_0.json', 'input_2.json', 'input_4.json']
    const ended = await runtime.run({ folder: 'combiner', inputs })
    expect(ended).toMatchObject(complete)
    expect(ended.values).toHaveLength(2)
    expect(ended.values).toEqual(
      expect.arrayContaining([
        { key: 'a', sum: 111, slots: [0, 2, 4] },
        { key: 'b', sum: 222, slots: [0, 2, 4] },
      ]),
    )
    expect(ended.messages).toContain('[info] Records in/out: 7/2')
  })

  it('combiner with inputs that never meet: COMPLETE, and an empty output', async () => {
    const ended = await runtime.run({ folder: 'combiner', inputs: ['input_0.json'] })
    expect(ended).toMatchObject({ ...complete, output: '' })
    expect(ended.outputs).toHaveLength(1)
  })

  it('multi-slot-test: order within a slot holds', async () => {
    const { values } = await runtime.run({ folder: 'multi-slot-test', inputs: ['a.json', 'b.json'] })
    const of = (slot: number) => values.filter((value) => (value as { slot: number }).slot === slot)
    expect(of(0)).toEqual([1, 2, 3].map((datum) => ({ slot: 0, datum })))
    expect(of(2)).toEqual([{ slot: 2, datum: 'x' }])
  })
})

describe('CSV', () => {
  it('consumer_credit: 5000.0 and 66301 are numbers, text keeps its blanks, an empty cell is null', async () => {
    const ended = await runtime.run({ folder: 'consumer_credit', inputs: ['sample.csv'] })
    expect(ended).toMatchObject(complete)
    expect(ended.values).toEqual([
      { id: 66301, loan_amnt: 5000, int_rate: 10.65, term: ' 36 months', emp_length: null, approved: true },
      { id: 66302, loan_amnt: 2500, int_rate: 15.27, term: '60 months, fixed', emp_length: 3, approved: true },
    ])
    expect(ended.output).toContain('"loan_amnt":5000.0')
    expect(ended.console).toEqual(['66301 5000.0 float  36 months', '66302 2500.0 float 60 months, fixed'])
  })

  const show = 'def action(x): yield [[k, type(v).__name__, v] for k, v in x.items()]'
  const csv: Row[] = [
    [
      'capital-model: blanks after commas stay in strings, numbers are numbers',
      { files: { 'm.py': show }, inputs: { 'a.csv': 'a, b, c\n1, 2, x y\n' } },
      '[["a","int",1],[" b","int",2],[" c","str"," x y"]]\n',
    ],
    [
      'evals-consumer-credit: an empty first column name is a column',
      { files: { 'm.py': show }, inputs: { 'a.csv': ',x\n0,a\n1,b\n' } },
      '[["","int",0],["x","str","a"]]\n[["","int",1],["x","str","b"]]\n',
    ],
    [
      'a mixed column stays text, a column with blanks is float',
      { files: { 'm.py': show }, inputs: { 'a.csv': 'Ticket,n\n349248,1\nA/5,\n' } },
      '[["Ticket","str","349248"],["n","float",1.0]]\n[["Ticket","str","A/5"],["n","NoneType",null]]\n',
    ],
    [
      'usePandasCSVConverter: true types by column',
      { files: { 'm.py': show }, inputs: { 'a.csv': 'a\n1\nx\n' }, job: { usePandasCSVConverter: true } },
      '[["a","str","1"]]\n[["a","str","x"]]\n',
    ],
    [
      'usePandasCSVConverter: false types by cell',
      { files: { 'm.py': show }, inputs: { 'a.csv': 'a,b\n1,2.0\nx,\n' }, job: { usePandasCSVConverter: false } },
      '[["a","int",1],["b","float",2.0]]\n[["a","str","x"],["b","NoneType",null]]\n',
    ],
    [
      'CSV out: nested values are JSON in a cell, missing ones blank, order kept',
      {
        files: { 'm.py': 'def action(x): yield {"z": x["a"], "l": [1, {"k": None}], "t": x["a"] > 1, "e": None}' },
        inputs: { 'a.csv': 'a\n1\n2.5\n' },
        outputs: ['out.csv'],
      },
      'z,l,t,e\n1.0,"[1,{""k"":null}]",false,\n2.5,"[1,{""k"":null}]",true,\n',
    ],
    [
      'CSV out of scalars',
      { files: { 'm.py': 'def action(x): yield x["a"] * 2' }, inputs: { 'a.csv': 'a\n1\n2\n' }, outputs: ['o.csv'] },
      'output\n2\n4\n',
    ],
  ]
  it.each(csv)('%s', async (_title, given, output) => {
    const ended = await runtime.run(given)
    expect(ended).toMatchObject(complete)
    expect(ended.output).toBe(output)
  })
})
