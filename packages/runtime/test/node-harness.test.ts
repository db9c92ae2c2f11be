import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runModel } from './node-harness-fixture.ts'

const echo = 'export function score(datum) { return datum }'

describe('outputs of score', () => {
  test('a CSV file becomes a CSV file, in input order', async () => {
    const { output, finished, exit } = await runModel({
      model: 'export function score({ id, x }) { return { id, score: x / 8 } }',
      outputFormat: 'CSV',
    })
    expect(output).toBe('id,score\na,0.125\nb,0.25\nc,0.375\n')
    expect(exit).toEqual({ code: 0, signal: null })
    expect(finished).toMatchObject({ recordsIn: 3, recordsOut: 3, bytesRead: 17 })
  })

  const calls: [string, string, string][] = [
    ['a returned value is one output', 'export const score = ({ x }) => x', '1\n2\n3\n'],
    ['null and undefined are none', 'export const score = ({ x }) => (x === 2 ? null : undefined)', ''],
    [
      'false, 0 and an empty text are values',
      'export const score = ({ x }) => [false, 0, ""][x - 1]',
      'false\n0\n""\n',
    ],
    ['a list is one record', 'export const score = ({ x }) => [x, x]', '[1,1]\n[2,2]\n[3,3]\n'],
    [
      'a generator gives 0 to n outputs',
      'export function* score({ x }) { for (let i = 1; i < x; i++) yield i }',
      '1\n1\n2\n',
    ],
    [
      'an asynchronous function is waited for',
      'export async function score({ x }) { return x + await 1 }',
      '2\n3\n4\n',
    ],
    [
      'an asynchronous generator gives 0 to n outputs',
      'export async function* score({ x }) { await null; if (x > 1) { yield x; yield -x } }',
      '2\n-2\n3\n-3\n',
    ],
    [
      'a generator made by a plain function counts too',
      'export const score = ({ x }) => [x][Symbol.iterator]()',
      '1\n2\n3\n',
    ],
    ['state is kept between records', 'let n = 0; export const score = ({ x }) => (n += x)', '1\n3\n6\n'],
    ['two parameters: the slot', 'export const score = (datum, slot) => [datum.x, slot]', '[1,0]\n[2,0]\n[3,0]\n'],
    [
      'three parameters: the number',
      'export const score = (datum, slot, number) => [slot, number]',
      '[0,1]\n[0,2]\n[0,3]\n',
    ],
    [
      'a parameter with a default is left alone',
      'export const score = (datum, add = 10) => datum.x + add',
      '11\n12\n13\n',
    ],
    [
      'end gives the last outputs',
      'let n = 0; export const score = () => { n++ }; export function* end() { yield n }',
      '3\n',
    ],
  ]
  test.each(calls)('%s', async (_title, model, output) => {
    const run = await runModel({ model })
    expect(run.failed).toBeUndefined()
    expect(run.output).toBe(output)
  })

  test('NaN, infinity and unknown columns are rejected by encoding, and the next record goes on', async () => {
    const { output, finished, rejects, events } = await runModel({
      model: 'export const score = ({ id, x }) => (x === 2 ? { id, y: 0 / 0 } : x === 3 ? { id, z: 1 } : { id, y: x })',
      outputFormat: 'CSV',
    })
    expect(output).toBe('id,y\na,1\n')
    expect(finished).toMatchObject({ recordsIn: 3, recordsOut: 1, outputRejectedByEncoding: 2 })
    expect(rejects).toEqual([
      {
        direction: 'output',
        record: 2,
        line: 3,
        code: 'encoding',
        reason: 'y is NaN, which JSON has no form for',
        raw: "{ id: 'b', y: NaN }",
      },
      {
        direction: 'output',
        record: 3,
        line: 4,
        code: 'encoding',
        reason: "'z' is not among the output's columns: id, y",
        raw: "{ id: 'c', z: 1 }",
      },
    ])
    expect(events.filter(({ event }) => event === 'rejected')).toHaveLength(2)
  })

  test('the plan’s columns are the header; what the model leaves out is blank', async () => {
    const { output } = await runModel({
      model: 'export const score = ({ id, x }) => (x === 2 ? { id } : { score: x, id })',
      outputFormat: 'CSV',
      outputColumns: ['id', 'score'],
    })
    expect(output).toBe('id,score\na,1\nb,\nc,3\n')
  })
})

describe('inputs', () => {
  test('JSON lines: any value is a record, bad lines are rejected with their text', async () => {
    const { output, finished, rejects } = await runModel({
      model: echo,
      inputs: [{ name: 'in.json', text: '{"a":1}\n\nnonsense\n[1,2]\n"x"\nnull\n' }],
    })
    expect(output).toBe('{"a":1}\n[1,2]\n"x"\n')
    expect(finished).toMatchObject({ recordsIn: 5, recordsOut: 3, inputRejectedByEncoding: 1 })
    expect(rejects).toMatchObject([{ direction: 'input', record: 2, line: 3, code: 'encoding', raw: 'nonsense' }])
  })

  test('a text file is one record', async () => {
    const { output } = await runModel({ model: echo, inputs: [{ name: 'in.txt', text: '<a>\n</a>' }] })
    expect(output).toBe('"<a>\\n</a>"\n')
  })

  test('a ragged CSV row is rejected by line, the others are scored', async () => {
    const { output, finished, rejects } = await runModel({
      model: 'export const score = ({ x }) => x',
      inputs: [{ name: 'in.csv', text: 'id,x\n"a\nb",1\nSmith, Sons,2\nc,3\n' }],
    })
    expect(output).toBe('1\n3\n')
    expect(finished).toMatchObject({ recordsIn: 3, recordsOut: 2, inputRejectedByEncoding: 1 })
    expect(rejects).toMatchObject([
      { record: 2, line: 4, reason: '3 cells where the header has 2', raw: 'Smith, Sons,2' },
    ])
  })

  test('stopOnBadRecords ends the job at the first of them', async () => {
    const { failed, exit } = await runModel({
      model: echo,
      inputs: [{ name: 'in.json', text: '1\nbad\n2\n' }],
      plan: { stopOnBadRecords: true },
    })
    expect(exit.code).toBe(1)
    expect(failed).toMatchObject({ phase: 'score', record: 2, line: 2 })
  })

  test('two inputs fill slots 0 and 2, in their own order', async () => {
    const { output, finished } = await runModel({
      model: 'export const score = (datum, slot, number) => [slot, number, datum]',
      inputs: [
        { name: 'a.json', text: '"a"\n"b"\n"c"\n' },
        { name: 'b.json', text: '"x"\n' },
      ],
    })
    const rows = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as [number, number, string])
    expect(rows.filter(([slot]) => slot === 0)).toEqual([
      [0, 1, 'a'],
      [0, 2, 'b'],
      [0, 3, 'c'],
    ])
    expect(rows.filter(([slot]) => slot === 2)).toEqual([[2, 1, 'x']])
    expect(finished).toMatchObject({ recordsIn: 4, recordsOut: 4 })
  })

  test('schema checking rejects records that do not fit, with the field', async () => {
    const { finished, rejects, output } = await runModel({
      model: echo,
      inputs: [{ name: 'in.json', text: '{"x":1}\n{"y":1}\n{"x":"1"}\n{"x":2,"more":true}\n' }],
      plan: {
        checkInputSchema: true,
        inputSchema: { type: 'record', name: 'r', fields: [{ name: 'x', type: 'double' }] },
        checkOutputSchema: true,
        outputSchema: { type: 'record', name: 'o', fields: [{ name: 'more', type: ['null', 'boolean'] }] },
      },
    })
    expect(output).toBe('{"x":2,"more":true}\n')
    expect(finished).toMatchObject({ inputRejectedBySchema: 2, outputRejectedBySchema: 1 })
    expect(rejects.map(({ reason }) => reason)).toEqual([
      "Field 'more' missing",
      "Field 'x' missing",
      "Field 'x' is not a number",
    ])
  })

  test('recordsets: batches go in, rows come out', async () => {
    const { output } = await runModel({
      model:
        '// modelop.recordsets.0: true\n// modelop.recordsets.1: true\nexport const score = (rows) => rows.map(({ x }) => ({ x, of: rows.length }))',
      plan: { recordsetRows: 2 },
      outputFormat: 'CSV',
    })
    expect(output).toBe('x,of\n1,2\n2,2\n3,1\n')
  })

  test('recordsets: an array of objects on one line is its rows', async () => {
    const { output } = await runModel({
      model:
        '// modelop.recordsets: true\nexport const score = (rows) => rows.map(({ x }) => ({ x, of: rows.length }))',
      inputs: [{ name: 'a.json', text: '[{"x":1},{"x":2}]\n[{"x":3}]\n' }],
      plan: { recordsetRows: 2 },
    })
    expect(output).toBe('{"x":1,"of":2}\n{"x":2,"of":2}\n{"x":3,"of":1}\n')
  })
})

describe('metrics and train', () => {
  test('metrics gets all rows of each input, in order, and gives one value', async () => {
    const { output, failed } = await runModel({
      model:
        'export function metrics(base, sample) { return { base: base.length, sum: sample.reduce((sum, { x }) => sum + x, 0) } }',
      inputs: [
        { name: 'base.csv', text: 'x\n1\n2\n' },
        { name: 'sample.json', text: '[{"x":3},{"x":4},{"x":5}]' },
      ],
      plan: { function: 'metrics' },
    })
    expect(failed).toBeUndefined()
    expect(output).toBe('{"base":2,"sum":12}\n')
  })

  test('train finds outputDir and its result is ignored', async () => {
    const { finished, output } = await runModel({
      model:
        'import { writeFileSync, readFileSync } from "node:fs"\nexport function train(rows) { writeFileSync("outputDir/w.json", String(rows.length)); console.log(readFileSync("outputDir/w.json", "utf8")); return 1 }',
      plan: { function: 'train', output: null },
    })
    expect(finished).toMatchObject({ recordsIn: 3, recordsOut: 0 })
    expect(output).toBe('')
  })
})

describe('outputs for other slots', () => {
  const further = (folder: string) => [{ slot: 3, path: join(folder, 'third'), format: 'CSV' as const, columns: null }]

  test('{ $slot, value } goes to that slot, whether returned, yielded or waited for; a list never does', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rowhouse-slots-'))
    const { output, finished } = await runModel({
      model:
        'export async function* score({ id, x }) { yield { $slot: 3, value: { id, x } }; yield [3, x]; yield { $slot: 1, value: x }; yield { $slot: 3, value: x, more: 1 } }',
      inputs: [{ name: 'in.csv', text: 'id,x\na,1\n' }],
      plan: { furtherOutputs: further(folder) },
    })
    const third = await readFile(join(folder, 'third'), 'utf8')
    await rm(folder, { recursive: true })
    expect(output).toBe('[3,1]\n1\n{"$slot":3,"value":1,"more":1}\n')
    expect(third).toBe('id,x\na,1\n')
    expect(finished).toMatchObject({ recordsOut: 4 })
  })

  test('a slot without an output drops its values with a note, an input slot takes none', async () => {
    const { output, console, rejects, finished } = await runModel({
      model: 'export function* score({ x }) { yield { $slot: 5, value: x }; yield { $slot: 2, value: x } }',
    })
    expect(output).toBe('')
    expect(console).toEqual(['stderr: 3 output(s) for slot 5 were dropped: the job has no output for this slot'])
    expect(rejects[0]).toMatchObject({ record: 1, reason: 'slot 2 takes no outputs: output slots are 1, 3, 5 …' })
    expect(finished).toMatchObject({ recordsOut: 0, outputRejectedByEncoding: 3 })
  })

  test('the items of a list are outputs of a slot that is a recordset', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rowhouse-slots-'))
    const { output } = await runModel({
      model:
        '// modelop.recordsets.0: true\n// modelop.recordsets.3: true\nexport const score = function* (rows) { yield { $slot: 3, value: rows }; yield rows.length; yield rows }',
      plan: { furtherOutputs: further(folder) },
    })
    const third = await readFile(join(folder, 'third'), 'utf8')
    await rm(folder, { recursive: true })
    expect(output).toBe('3\n[{"id":"a","x":1},{"id":"b","x":2},{"id":"c","x":3}]\n')
    expect(third).toBe('id,x\na,1\nb,2\nc,3\n')
  })
})
