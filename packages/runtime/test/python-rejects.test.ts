import { describe, expect, it } from 'vitest'
import { lines, runPython } from './python-fixture.ts'

const echo = 'def action(x):\n    yield x\n'
const schema = {
  type: 'record',
  name: 'R',
  fields: [
    { name: 'x', type: 'double' },
    { name: 'y', type: ['null', 'string'] },
    { name: 'l', type: { type: 'array', items: 'int' }, default: [] },
  ],
}

describe('records that are lost while the others go on', () => {
  it('lines that are no JSON are rejected by encoding with record and line; the job finishes', async () => {
    const content = '{"a": 1}\n{"a": \n\nNaN\n\u0000\n{"a": 2}\n'
    const { values, rejects, finished, exit, events } = await runPython({
      source: echo,
      inputs: { 'in.json': content },
    })
    expect(values).toEqual([{ a: 1 }, { a: 2 }])
    expect(exit.code).toBe(0)
    expect(rejects.map(({ code, record, line, raw }) => [code, record, line, raw])).toEqual([
      ['encoding', 2, 2, '{"a":'],
      ['encoding', 3, 4, 'NaN'],
      ['encoding', 4, 5, '\u0000'],
    ])
    expect(events.filter(({ event }) => event === 'rejected')).toHaveLength(3)
    expect(finished).toMatchObject({ recordsIn: 5, recordsOut: 2, inputRejectedByEncoding: 3 })
  })

  it('a first line that is no JSON is a rejected record, not the start of a document', async () => {
    for (const bad of ['{"a": 1', '[1, 2', 'x,y', '{"a": "b']) {
      const { values, finished } = await runPython({ source: echo, inputs: { 'in.json': `${bad}\n1\n[2]\n` } })
      expect(values).toEqual([1, [2]])
      expect(finished).toMatchObject({ recordsIn: 3, inputRejectedByEncoding: 1 })
    }
  })

  it('bytes that are not UTF-8 are rejected', async () => {
    const content = Buffer.concat([Buffer.from('"a"\n"'), Buffer.from([0xff]), Buffer.from('"\n"b"\n')])
    const { values, rejects } = await runPython({ source: echo, inputs: { 'in.json': content } })
    expect(values).toEqual(['a', 'b'])
    expect(rejects[0]?.reason).toBe('not JSON: not UTF-8: byte 0xff at byte 2')
  })

  it('NaN and infinity anywhere in an output reject it by encoding, with the place', async () => {
    const { values, rejects, finished } = await runPython({
      source: 'yields-nan.py',
      inputs: { 'in.json': '0\n1\n2\n4\n' },
    })
    expect(values).toHaveLength(2)
    expect(rejects.map(({ direction, code, record, reason }) => [direction, code, record, reason])).toEqual([
      ['output', 'encoding', 2, 'value is NaN, which JSON has no form for'],
      ['output', 'encoding', 4, 'deep.list[1].x is Infinity, which JSON has no form for'],
    ])
    expect(finished).toMatchObject({ recordsIn: 4, recordsOut: 2, outputRejectedByEncoding: 2 })
  })

  it('what JSON has no form for is rejected by encoding', async () => {
    const { rejects, values, finished } = await runPython({
      source: 'gives-odd-things.py',
      inputs: { 'in.json': '0\n1\n2\n3\n4\n5\n6\n7\n8\n' },
    })
    expect(values).toEqual([])
    expect(rejects.map(({ reason }) => reason)).toEqual([
      'the value is of type set, which JSON has no form for',
      'the value is of type bytes, which JSON has no form for',
      'the value is of type datetime.date, which JSON has no form for',
      'the value is of type decimal.Decimal, which JSON has no form for',
      'the value is of type object, which JSON has no form for',
      'the value is of type tuple, which JSON has no form for',
      'the value is of type complex, which JSON has no form for',
      'the value is -Infinity, which JSON has no form for',
      expect.stringMatching(/is nested more than 200 deep, or holds itself$/),
    ])
    expect(finished).toMatchObject({ outputRejectedByEncoding: 9 })
  })

  it("a UserWarning of the model's own loses the record; warnings of others and of other kinds do not", async () => {
    const { values, rejects, finished, events } = await runPython({
      source: 'warns.py',
      files: {
        'warns_for_others.py': 'import warnings\ndef complain():\n    warnings.warn("not the model", stacklevel=2)\n',
      },
      inputs: { 'in.json': '1\n2\n3\n4\n5\n' },
    })
    expect(values).toEqual([1, 4, 5])
    expect(rejects.map(({ code, record, reason }) => [code, record, reason])).toEqual([
      ['model', 2, 'two is odd'],
      ['model', 3, 'three is too many'],
    ])
    expect(events).toContainEqual({
      event: 'rejected',
      direction: 'input',
      by: 'model',
      record: 2,
      line: 2,
      reason: 'two is odd',
    })
    expect(finished).toMatchObject({ recordsFailedByModel: 2, inputRejectedByEncoding: 0 })
  })

  it('a library may make the warnings filters anew from their patterns, as scikit-learn does in its parallel tasks', async () => {
    const source = [
      'import warnings',
      'def action(x):',
      '    with warnings.catch_warnings():',
      '        filters = list(warnings.filters)',
      '        warnings.resetwarnings()',
      '        for kind, message, category, module, line in filters:',
      '            patterns = [one if one is None or isinstance(one, str) else one.pattern for one in (message, module)]',
      '            warnings.filterwarnings(kind, patterns[0] or "", category, patterns[1] or "", line, append=True)',
      '        if x == 2: warnings.warn("two is odd")',
      '        yield x',
      '',
    ].join('\n')
    const { values, rejects } = await runPython({ source, inputs: { 'in.json': '1\n2\n3\n' } })
    expect(values).toEqual([1, 3])
    expect(rejects.map(({ code, record, reason }) => [code, record, reason])).toEqual([['model', 2, 'two is odd']])
  })

  it('a model that resets the warnings filter keeps its records', async () => {
    const source =
      'import warnings\ndef begin(): warnings.filterwarnings("ignore")\ndef action(x):\n    warnings.warn("quiet")\n    yield x\n'
    const { values } = await runPython({ source, inputs: { 'in.json': '1\n' } })
    expect(values).toEqual([1])
  })

  it('a flood of rejected records is told in part, counted and kept whole', async () => {
    const { events, rejects, finished } = await runPython({ source: echo, inputs: { 'in.json': 'bad\n'.repeat(1500) } })
    expect(events.filter(({ event }) => event === 'rejected')).toHaveLength(1000)
    expect(rejects).toHaveLength(1500)
    expect(finished).toMatchObject({ inputRejectedByEncoding: 1500 })
  })

  it('`stopOnBadRecords` ends the job at the first one', async () => {
    const { failed, values, exit } = await runPython({
      source: echo,
      inputs: { 'in.json': '1\nbad\n2\n' },
      plan: { stopOnBadRecords: true },
    })
    expect(values).toEqual([1])
    expect(exit.code).toBe(1)
    expect(failed).toMatchObject({ phase: 'score', record: 2, line: 2 })
    expect(failed?.error).toMatch(/^stopped at the first bad record, as stopOnBadRecords asks: not JSON/)
  })
})

describe('schema checks', () => {
  const run = (values: unknown[], plan: object, source = echo) =>
    runPython({ source, inputs: { 'in.json': lines(...values) }, plan })

  it('inputs that do not fit are rejected with the data masked; integers pass for double, further fields pass', async () => {
    const values = [
      { x: 1, y: null },
      { x: 'secret', y: null },
      { y: 'a' },
      { x: 1.5, y: 'a', l: [1, 'secret'], more: true },
      { x: 1.5, y: 'a', l: [1], more: true },
      [1],
      { x: true, y: null },
    ]
    const outcome = await run(values, { inputSchema: schema, checkInputSchema: true })
    expect(outcome.values).toEqual([values[0], values[4]])
    expect(outcome.rejects.map(({ code, record, reason }) => [code, record, reason])).toEqual([
      ['schema', 2, "Field 'x' is not double: **********"],
      ['schema', 3, "Field 'x' missing in **********"],
      ['schema', 4, "Field 'l[1]' is not int: **********"],
      ['schema', 6, 'The value is not a record: **********'],
      ['schema', 7, "Field 'x' is not double: **********"],
    ])
    expect(outcome.finished).toMatchObject({ recordsIn: 7, recordsOut: 2, inputRejectedBySchema: 5 })
  })

  it('outputs that do not fit are rejected', async () => {
    const plan = { outputSchema: schema, checkOutputSchema: true }
    const { values, finished } = await run(
      [
        { x: 1, y: null },
        { x: 'a', y: null },
      ],
      plan,
    )
    expect(values).toEqual([{ x: 1, y: null }])
    expect(finished).toMatchObject({ outputRejectedBySchema: 1 })
  })

  it('nothing is checked unless it is asked for', async () => {
    expect((await run(['anything'], { inputSchema: schema, outputSchema: schema })).values).toEqual(['anything'])
  })

  it.each([
    ['a bare primitive', 'double', [1, 2.5], ['x', null]],
    ['a record as a bare array of fields', schema.fields, [{ x: 1, y: null }], [{}]],
    ['an array of records', { type: 'array', items: schema }, [[{ x: 1, y: 'a' }], []], [[{}], { x: 1 }]],
    ['a map', { type: 'map', values: 'long' }, [{ a: 1 }, {}], [{ a: 'x' }, [1]]],
    ['an enum', { type: 'enum', name: 'E', symbols: ['A'] }, ['A'], ['B', 1]],
    [
      'what an array holds, told in the field itself',
      { type: 'record', name: 'R', fields: [{ name: 'l', type: 'array', items: 'int' }] },
      [{ l: [1] }],
      [{ l: ['x'] }, { l: 1 }],
    ],
    [
      'an enum told in the field itself',
      { type: 'record', name: 'R', fields: [{ name: 'e', type: 'enum', symbols: ['A'] }] },
      [{ e: 'A' }],
      [{ e: 'B' }],
    ],
    ['a word that does not say of what', ['null', 'array'], [[1], null, 5], []],
    [
      'int and long have their ranges',
      { type: 'record', name: 'N', fields: [{ name: 'i', type: 'int' }] },
      [{ i: 2 ** 31 - 1 }],
      [{ i: 2 ** 31 }, { i: 1.5 }],
    ],
    [
      'a named type used again',
      { type: 'record', name: 'T', fields: [{ name: 't', type: ['null', 'T'] }] },
      [{ t: { t: null } }],
      [{ t: { t: 1 } }],
    ],
    [
      'a type inside a type',
      { type: 'record', name: 'O', fields: [{ name: 's', type: { type: 'string' } }] },
      [{ s: 'a' }],
      [{ s: 1 }],
    ],
  ])('%s', async (_title, inputSchema, good, bad) => {
    const { values, finished } = await run([...good, ...bad], { inputSchema, checkInputSchema: true })
    expect(values).toEqual(good)
    expect(finished).toMatchObject({ inputRejectedBySchema: bad.length })
  })
})

describe('files that cannot be used', () => {
  it.each([
    ['missing', '/no/such/file', /cannot be read: No such file or directory/],
    ['a folder', '/tmp', /cannot be read: Is a directory/],
  ])('an input that is %s ends the job in the phase input', async (_title, inputPath, message) => {
    const { failed } = await runPython({ source: echo, inputPath })
    expect(failed).toMatchObject({ phase: 'input', record: null })
    expect(failed?.error).toMatch(message)
  })

  it('an output that cannot be opened or written ends the job in the phase output', async () => {
    const run = (path: string) =>
      runPython({
        source: echo,
        inputs: { 'in.json': '1\n' },
        plan: { output: { path, format: 'JSON', columns: null } },
      })
    expect((await run('/no/such/folder/out')).failed).toMatchObject({
      phase: 'output',
      error: 'the output file cannot be opened: No such file or directory',
    })
    expect((await run('/dev/full')).failed).toMatchObject({
      phase: 'output',
      error: 'the output cannot be written: No space left on device',
    })
  })
})
