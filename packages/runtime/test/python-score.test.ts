import { describe, expect, it } from 'vitest'
import { lines, runPython } from './python-fixture.ts'

const echo = '# modelop.score\ndef f(datum):\n    yield datum\n'

describe('what a score function gives', () => {
  it('each value of a generator is an output', async () => {
    const source = '# modelop.score\ndef predict(datum):\n    for key in datum:\n        yield key\n'
    const { values, finished } = await runPython({ source, inputs: { 'in.json': lines({ a: 1, b: 2 }, {}, { c: 3 }) } })
    expect(values).toEqual(['a', 'b', 'c'])
    expect(finished).toMatchObject({ recordsIn: 3, recordsOut: 3 })
  })

  it('a returned value is one output, and None is none', async () => {
    const source = '# modelop.score\ndef f(x):\n    return [x, {"a": x}] if x else None\n'
    const { values } = await runPython({ source, inputs: { 'in.json': '1\n0\n2\n' } })
    expect(values).toEqual([
      [1, { a: 1 }],
      [2, { a: 2 }],
    ])
  })

  it('a list is one record, never flattened, whether it is returned or yielded', async () => {
    const source = 'def action(x):\n    yield [x, x]\n    yield [[x], [x]]\n'
    const { output } = await runPython({ source, inputs: { 'in.json': '7\n' } })
    expect(output).toBe('[7,7]\n[[7],[7]]\n')
  })

  it('a tuple of a slot and a value goes to that slot; slots without an output are dropped with a note', async () => {
    const { values, stderr, finished } = await runPython({ source: 'tuple-slots.py', inputs: { 'in.json': '1\n2\n' } })
    expect(values).toEqual([{ main: 1 }, [0.25, 0.75], { main: 2 }, [0.25, 0.75]])
    expect(stderr).toEqual(['2 output(s) for slot 3 were dropped: the job has no output for this slot'])
    expect(finished).toMatchObject({ recordsOut: 4, outputRejectedByEncoding: 0 })
  })

  it('a tuple that is returned is one output, also where it looks like a slot and a value', async () => {
    const source = 'def action(x):\n    return (x, 0.9)\ndef end():\n    return (3, "last")\n'
    const { values, rejects, stderr } = await runPython({ source, inputs: { 'in.json': '0\n1\n3\n' } })
    expect(values).toEqual([
      [0, 0.9],
      [1, 0.9],
      [3, 0.9],
      [3, 'last'],
    ])
    expect([...rejects, ...stderr]).toEqual([])
  })

  it('an output for an input slot is rejected', async () => {
    const { rejects } = await runPython({ source: 'def action(x):\n    yield (2, x)\n', inputs: { 'in.json': '5\n' } })
    expect(rejects).toMatchObject([
      {
        direction: 'output',
        code: 'encoding',
        record: 1,
        reason: 'slot 2 takes no outputs: output slots are 1, 3, 5 …',
      },
    ])
  })

  it('a dictionary with any keys, text and nested values is written as JSON', async () => {
    const source = 'def action(x):\n    yield {2: "ü", True: None, "n": {"l": [1.0, 1e-5, 1e16, -0.0, "<xml/>"]}}\n'
    const { output } = await runPython({ source, inputs: { 'in.json': '0\n' } })
    expect(output).toBe('{"2":"ü","true":null,"n":{"l":[1.0,1e-05,1e+16,-0.0,"<xml/>"]}}\n')
  })

  it('state is kept between records, in input order', async () => {
    const source = 'total = 0\ndef action(x):\n    global total\n    total += x\n    yield total\n'
    const { values } = await runPython({ source, inputs: { 'in.json': '1\n2\n3\n4\n' } })
    expect(values).toEqual([1, 3, 6, 10])
  })
})

describe('how a score function is called', () => {
  it.each([
    ['one parameter: the datum', 'def action(datum): yield datum', [10, 20]],
    [
      'two: datum and slot',
      'def action(datum, slot): yield [datum, slot]',
      [
        [10, 0],
        [20, 0],
      ],
    ],
    [
      'three: datum, slot and sequence number',
      'def action(d, s, n): yield [d, s, n]',
      [
        [10, 0, 1],
        [20, 0, 2],
      ],
    ],
    [
      'a default is left alone',
      'def action(datum, threshold=0.5): yield [datum, threshold]',
      [
        [10, 0.5],
        [20, 0.5],
      ],
    ],
    ['type hints are no guide', 'def action(data: str): yield data + 1', [11, 21]],
    ['a callable object', 'class F:\n    def __call__(self, d): return d\naction = F()', [10, 20]],
    [
      'a bound method',
      'class F:\n    def f(self, d, slot): return [d, slot]\naction = F().f',
      [
        [10, 0],
        [20, 0],
      ],
    ],
    [
      'a decorated function',
      'import functools\ndef w(f):\n    @functools.wraps(f)\n    def g(*a): return f(*a)\n    return g\n@w\ndef action(d, slot): return [d, slot]',
      [
        [10, 0],
        [20, 0],
      ],
    ],
  ])('%s', async (_title, source, expected) => {
    const { values, failed } = await runPython({ source, inputs: { 'in.json': '10\n20\n' } })
    expect(failed).toBeUndefined()
    expect(values).toEqual(expected)
  })

  it('inputs fill the slots 0, 2, 4 and take turns, each in its own order', async () => {
    const source = 'def action(datum, slot, seqno): yield [slot, seqno, datum]'
    const inputs = { 'a.json': '"a1"\n"a2"\n"a3"\n', 'b.json': '"b1"\n', 'c.json': '"c1"\n"c2"\n' }
    const { values, finished } = await runPython({ source, inputs })
    expect(values).toEqual([
      [0, 1, 'a1'],
      [2, 1, 'b1'],
      [4, 1, 'c1'],
      [0, 2, 'a2'],
      [4, 2, 'c2'],
      [0, 3, 'a3'],
    ])
    expect(finished).toMatchObject({ recordsIn: 6, recordsOut: 6 })
  })

  it('an action annotation binds a slot to a function of its own', async () => {
    const source =
      '# fastscore.action.0: preprocess\n# fastscore.action.2: unused\ndef preprocess(x): yield ["pre", x]\ndef action(x, slot): yield ["main", slot, x]\n'
    const { values } = await runPython({ source, inputs: { 'a.json': '1\n', 'b.json': '2\n' } })
    expect(values).toEqual([
      ['pre', 1],
      ['main', 2, 2],
    ])
  })

  it('a combiner may give nothing until all slots have delivered', async () => {
    const source =
      'seen = {}\ndef action(x, slot):\n    seen[slot] = x\n    if len(seen) == 2:\n        yield dict(seen)\n        seen.clear()\n'
    const { values } = await runPython({ source, inputs: { 'a.json': '1\n2\n', 'b.json': '"x"\n"y"\n' } })
    expect(values).toEqual([
      { 0: 1, 2: 'x' },
      { 0: 2, 2: 'y' },
    ])
  })

  it('what it has done is told while it goes on', async () => {
    const source = 'import time\ndef action(x):\n    time.sleep(0.4)\n    yield x\n'
    const { events } = await runPython({ source, inputs: { 'in.json': '1\n2\n3\n4\n' } })
    const progress = events.filter((event) => event.event === 'progress')
    expect(progress.length).toBeGreaterThan(0)
    expect(progress[0]).toMatchObject({ recordsIn: expect.any(Number), recordsOut: expect.any(Number) })
    expect(progress[0]?.recordsOut).toBeLessThan(4)
  })

  it('`end` without parameters is called after the last record', async () => {
    const source = 'n = 0\ndef action(x):\n    global n\n    n += 1\ndef end():\n    yield {"seen": n}\n'
    const { values } = await runPython({ source, inputs: { 'in.json': '1\n2\n' } })
    expect(values).toEqual([{ seen: 2 }])
  })
})

describe('JSON inputs', () => {
  it.each([
    [
      'one value a line, blank lines skipped',
      '{"a": 1}\n\n[1, 2]\n3\n"x"\nnull\ntrue\n',
      [{ a: 1 }, [1, 2], 3, 'x', true],
    ],
    ['no line end at the end, CRLF line ends', '1\r\n2', [1, 2]],
    ['a byte order mark is skipped', '\uFEFF{"a": 1}\n', [{ a: 1 }]],
    ['a one-line array is one record', '[{"a": 1}, {"a": 2}]\n', [[{ a: 1 }, { a: 2 }]]],
    ['an array line among others is one record', '[1]\n[2]\n', [[1], [2]]],
    ['a pretty-printed array is rows', '[\n  {"a": 1},\n  {"a": [2,\n 3]}\n]\n', [{ a: 1 }, { a: [2, 3] }]],
    ['an array with one element a line is rows', '[{"a": 1},\n{"a": 2}]\n', [{ a: 1 }, { a: 2 }]],
    ['a pretty-printed empty array has no rows', '[\n]\n', []],
    ['a pretty-printed object is one record', '{\n  "a": 1,\n  "b": [\n1\n]\n}\n', [{ a: 1, b: [1] }]],
    ['an empty file has no records', '', []],
    ['large integers keep their digits', '12345678901234567890\n', ['12345678901234567890']],
  ])('%s', async (_title, content, expected) => {
    const source = 'def action(x):\n    return str(x) if type(x) is int and x > 10**15 else x'
    const { values, finished, failed } = await runPython({ source, inputs: { 'in.json': content } })
    expect(failed).toBeUndefined()
    expect(values).toEqual(expected)
    expect(finished).toMatchObject({ inputRejectedByEncoding: 0 })
  })

  it('`arrayInput: rows` makes a one-line array rows, `record` makes a pretty one a record', async () => {
    const rows = await runPython({ source: echo, inputs: { 'in.json': '[1, 2]' }, arrayInput: 'rows' })
    const record = await runPython({ source: echo, inputs: { 'in.json': '[\n1,\n2\n]' }, arrayInput: 'record' })
    expect(rows.values).toEqual([1, 2])
    expect(record.values).toEqual([[1, 2]])
  })

  it('an array larger than a block is read piece by piece', async () => {
    const rows = Array.from({ length: 30_000 }, (_, index) => ({ index, text: 'ü'.repeat(index % 50) }))
    const source =
      'n = 0\ndef action(x):\n    global n\n    assert x["index"] == n and len(x["text"]) == n % 50\n    n += 1\ndef end(): return n\n'
    const { values, failed } = await runPython({ source, inputs: { 'in.json': JSON.stringify(rows, null, 1) } })
    expect(failed).toBeUndefined()
    expect(values).toEqual([30_000])
  })

  it('an array that breaks off ends the job with the place', async () => {
    const { failed, values } = await runPython({ source: echo, inputs: { 'in.json': '[\n{"a": 1},\n{"a": }\n]' } })
    expect(values).toEqual([{ a: 1 }])
    expect(failed).toMatchObject({ phase: 'input', line: 3, record: 1 })
    expect(failed?.error).toContain('in.json: its array breaks after record 1 (line 3)')
  })

  it('a text file is one record', async () => {
    const { values } = await runPython({ source: echo, inputs: { 'in.xml': '<a>ü\n</a>\n' } })
    expect(values).toEqual(['<a>ü\n</a>\n'])
  })
})
