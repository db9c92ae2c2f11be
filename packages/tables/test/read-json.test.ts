import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonLinesWriter, type ReadJsonOptions, readJson, TableError } from '../src/index.ts'
import { toJsonLine } from '../src/json/plain.ts'

interface Read {
  records: unknown[]
  lines: number[]
  problems: string[]
  reasons: string[]
}

function readAll(content: string | Uint8Array, options: Partial<ReadJsonOptions> = {}): Read {
  const bytes = Buffer.from(content as string)
  const all: Read = { records: [], lines: [], problems: [], reasons: [] }
  const read = (into: Buffer, position: number) => bytes.copy(into, 0, position)
  for (const { record, line, problem } of readJson(read, { arrayInput: null, ...options }).records) {
    all.records.push(record)
    all.lines.push(line)
    if (problem) all.problems.push(`${line}: ${problem.raw}`)
    if (problem) all.reasons.push(problem.reason)
  }
  return all
}

describe('what a JSON file holds', () => {
  const forms: [string, string, unknown[]][] = [
    ['lines of objects', '{"a":1}\n{"a":2}\n', [{ a: 1 }, { a: 2 }]],
    ['CRLF and no line end at the end', '{"a":1}\r\n{"a":2}', [{ a: 1 }, { a: 2 }]],
    ['blank lines', '\n{"a":1}\n\n  \n{"a":2}\n\n', [{ a: 1 }, { a: 2 }]],
    ['a byte order mark', '\ufeff{"a":1}\n', [{ a: 1 }]],
    ['lines of scalars and arrays', '1\n"x"\nnull\n[1,2]\ntrue\n', [1, 'x', null, [1, 2], true]],
    ['an array line among others', '[{"a":1}]\n{"a":2}\n', [[{ a: 1 }], { a: 2 }]],
    ['one line with an array: one record', '[{"a":1},{"a":2}]\n', [[{ a: 1 }, { a: 2 }]]],
    ['a pretty-printed array: rows', '[\n  {"a": 1},\n  {"a": 2}\n]\n', [{ a: 1 }, { a: 2 }]],
    ['an array over many lines whose brackets share lines', '[{\n  "a": 1\n}, {\n  "a": 2\n}]', [{ a: 1 }, { a: 2 }]],
    ['an array of elements on lines of their own', '[{"a":1},\n{"a":2}]', [{ a: 1 }, { a: 2 }]],
    ['a pretty-printed empty array', '[\n]\n', []],
    ['scalars and strings with brackets', '[\n1,\n"a]\\",[{",\n-2.5e3, null\n]', [1, 'a]",[{', -2500, null]],
    ['a pretty-printed object: one record', '{\n  "a": {\n    "b": [1, 2]\n  }\n}\n', [{ a: { b: [1, 2] } }]],
    ['nothing', '', []],
    ['blank lines only', '\n \n', []],
  ]
  test.each(forms)('%s', (_title, content, records) => {
    expect(readAll(content).records).toEqual(records)
    expect(readAll(content, { blockBytes: 3 }).records).toEqual(records)
  })

  test('arrayInput decides what an array is', () => {
    expect(readAll('[1,2]', { arrayInput: 'rows' }).records).toEqual([1, 2])
    expect(readAll('[1,2]', { oneLineArray: 'rows' }).records).toEqual([1, 2])
    expect(readAll('[1,2]', { oneLineArray: 'rows', arrayInput: 'record' }).records).toEqual([[1, 2]])
    expect(readAll('[\n1,\n2\n]', { arrayInput: 'record' }).records).toEqual([[1, 2]])
  })

  test.each([
    ['{"a":1,}', 'not JSON: Expected double-quoted property name at character 8'],
    ['{"a":1 "b":2}', "not JSON: Expected ',' or '}' after property value at character 8"],
    ['{"a":1}{"a":2}', 'not JSON: Unexpected non-whitespace character after JSON at character 8'],
    ['{"a":true, "b": x}', "not JSON: Unexpected token 'x' at character 17"],
    ['bad', "not JSON: Unexpected token 'b' at character 1"],
    ['x at position 7', "not JSON: Unexpected token 'x' at character 1"],
    ['{"a":-x}', 'not JSON: No number after minus sign at character 7'],
    ['{"a":"é", b}', 'not JSON: Expected double-quoted property name at character 11'],
    ['{"a":', 'not JSON: Unexpected end of JSON input'],
    [Buffer.from([0x22, 0xe4, 0x22]), 'not JSON: not UTF-8'],
  ])('%j says what is wrong with it, and where', (line, reason) => {
    const lines = [Buffer.from('{"a":0}\n'), Buffer.from(line), Buffer.from('\n')]
    expect(readAll(Buffer.concat(lines)).reasons).toEqual([reason])
  })

  test('whole numbers beyond 2^53 keep their digits as text, other numbers stay numbers', () => {
    const text =
      '{"id":9007199254740993,"list":[-12345678901234567890,9007199254740991],"x":1e300,"y":1234567890123456.5}'
    const record = {
      id: '9007199254740993',
      list: ['-12345678901234567890', 9007199254740991],
      x: 1e300,
      y: 1234567890123456.5,
    }
    expect(readAll(`${text}\n`).records).toEqual([record])
    expect(readAll(`[\n${text},\n${text}\n]`).records).toEqual([record, record])
    expect(readAll(`{\n"a":${text}}`).records).toEqual([{ a: record }])
  })

  test('a great whole number is found wherever it stands, and among fractions with as many digits', () => {
    for (let length = 0; length <= 40; length += 1)
      for (const before of ['-', ' ', '\t', '0.1234567890123456789012345678,', '"9007199254740993",']) {
        const line = `["${'1'.repeat(length)}",${before}9007199254740993]`
        expect(readAll(`${line}\n1\n`).records[0]).toContain(`${before === '-' ? before : ''}9007199254740993`)
      }
  })

  test('a line that is no JSON is rejected with its line and text, and the next one goes on', () => {
    const { records, lines, problems } = readAll('{"a":1}\n{"a":\n\n{"a":NaN}\n{"a":2}\n')
    expect(records).toEqual([{ a: 1 }, undefined, undefined, { a: 2 }])
    expect(lines).toEqual([1, 2, 4, 5])
    expect(problems).toEqual(['2: {"a":', '4: {"a":NaN}'])
  })

  test('a bad first line does not hide the good ones after it', () => {
    for (const bad of ['{"a":', '[1, "x', 'nonsense', '{"a": 1,'])
      expect(readAll(`${bad}\n{"a":2}\n{"a":3}\n`).records).toEqual([undefined, { a: 2 }, { a: 3 }])
  })

  test('a line that is not UTF-8 is rejected', () => {
    const bytes = Buffer.concat([Buffer.from('{"a":1}\n"'), Buffer.from([0xe9]), Buffer.from('"\n{"a":2}\n')])
    expect(readAll(bytes).records).toEqual([{ a: 1 }, undefined, { a: 2 }])
  })

  test('an array that breaks in the middle is an error that names the line', () => {
    expect(() => readAll('[\n{"a":1},\n{"a":2}\n{"a":3}\n]')).toThrow(TableError)
    try {
      readAll('[\n{"a":1},\n{"a":2}\n{"a":3}\n]')
    } catch (error) {
      expect(error).toMatchObject({ code: 'NotJson', line: 4 })
    }
    expect(() => readAll('[\n{"a":1},\n{"a":2}')).toThrow('never closed')
  })
})

test.each([4, 4096])('an array that is not UTF-8 is refused, not mended (blocks of %i bytes)', (blockBytes) => {
  const bytes = Buffer.from('[\n{"a":"caf\xe9"},\n{"a":1}\n]\n', 'latin1')
  expect(() => readAll(bytes, { blockBytes })).toThrow(/not UTF-8, at line \d or soon after it/)
})

test('an element of very many blocks is read at once', () => {
  const long = 'x'.repeat(4 << 20)
  expect(readAll(`[\n"${long}",\n1\n]`, { blockBytes: 64 }).records).toEqual([long, 1])
})

/** JSON.stringify where whole numbers that become text on reading are zero. */
const textOf = (value: unknown): string =>
  JSON.stringify(value, (_key, item) => (Number.isInteger(item) && !Number.isSafeInteger(item) ? 0 : item))

test('values written as lines read back, however the bytes come in', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.jsonValue({ stringUnit: 'binary' }).map((value) => JSON.parse(textOf(value))),
        { minLength: 2, maxLength: 15 },
      ),
      fc.integer({ min: 1, max: 40 }),
      (values, blockBytes) => {
        const parts: Uint8Array[] = []
        const writer = new JsonLinesWriter((bytes) => parts.push(bytes))
        for (const value of values) writer.write(value)
        writer.flush()
        const back = readAll(Buffer.concat(parts), { blockBytes }).records
        expect(JSON.stringify(back)).toEqual(JSON.stringify(values))
      },
    ),
    { numRuns: 300 },
  )
})

test('an array of values reads back as rows, however it is laid out', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.jsonValue().map((value) => JSON.parse(textOf(value))),
        { minLength: 1, maxLength: 10 },
      ),
      fc.constantFrom(' ', '  ', '\t'),
      fc.integer({ min: 1, max: 40 }),
      (values, indent, blockBytes) => {
        const { records } = readAll(JSON.stringify(values, null, indent), { blockBytes })
        expect(JSON.stringify(records)).toEqual(JSON.stringify(values))
      },
    ),
    { numRuns: 300 },
  )
})

describe('what has no form in JSON is refused with the path to it', () => {
  const circle: Record<string, unknown> = {}
  circle.self = circle
  const refused: [string, unknown, string | RegExp][] = [
    ['NaN', { a: [1, { b: Number.NaN }] }, 'a[1].b is NaN'],
    ['infinity', Infinity, 'the value is Infinity'],
    ['a function', { f: () => 1 }, 'f is a function'],
    ['a symbol', [Symbol('s')], '[0] is a symbol'],
    ['a circle', circle, /^(self\.){40}.{0,20} is nested more than 200 deep, or holds itself$/],
    ['a promise', { p: Promise.resolve(1) }, 'p is a promise that was not waited for'],
    ['half a character', { a: '\ud83d' }, 'a holds half of a character'],
    ['an invalid date', { at: new Date('x') }, 'at is an invalid date'],
  ]
  test.each(refused)('%s', (_title, value, message) => {
    expect(() => toJsonLine(value)).toThrow(message)
  })

  test('what has one is written: big integers with all digits, maps as objects, undefined left out', () => {
    const value = {
      big: 2n ** 70n,
      map: new Map([[1, new Set(['x'])]]),
      at: new Date(0),
      gone: undefined,
      list: [undefined],
      f: new Float32Array([1.5]),
    }
    expect(toJsonLine(value)).toBe(
      '{"big":1180591620717411303424,"map":{"1":["x"]},"at":"1970-01-01T00:00:00.000Z","list":[null],"f":[1.5]}',
    )
  })
})
