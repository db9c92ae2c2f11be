import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isBlankWord } from '../src/csv/csv-cells.ts'
import { type CsvColumn, CsvWriter, type ReadBytes, readCsv, TableError } from '../src/index.ts'

/** Gives the bytes in pieces of these sizes, the last one again and again. */
function inPieces(bytes: Uint8Array, sizes: readonly number[]): ReadBytes {
  let at = 0
  let turn = 0
  return (into, offset, length) => {
    const size = Math.min(sizes[Math.min(turn++, sizes.length - 1)] ?? 1, length, bytes.length - at)
    into.set(bytes.subarray(at, at + size), offset)
    at += size
    return size
  }
}

interface Read {
  records: unknown[]
  lines: number[]
  rejects: { record: number; reason: string; raw: string }[]
}

function readAll(
  content: string | Uint8Array,
  types: string | null,
  options: { sizes?: number[]; blockBytes?: number; delimiter?: string } = {},
): Read {
  const bytes = Buffer.from(content as string)
  const letters: Record<string, CsvColumn['type']> = { i: 'integer', f: 'float', b: 'boolean', s: 'string' }
  const names =
    types === null
      ? null
      : [...types].map((letter, index) => ({ name: `c${index}`, type: letters[letter] ?? 'string' }))
  const { delimiter = ',' } = options
  const reading = readCsv(inPieces(bytes, options.sizes ?? [bytes.length + 1]), {
    columns: names,
    delimiter,
    blockBytes: options.blockBytes ?? 4096,
    batchRecords: 7,
  })
  const all: Read = { records: [], lines: [], rejects: [] }
  for (const batch of reading.batches) {
    for (const { index, reason, raw } of batch.rejects)
      all.rejects.push({ record: all.records.length + index + 1, reason, raw })
    all.records.push(...batch.records)
    all.lines.push(...batch.lines)
  }
  return all
}

const first = (cell: string, type: string): unknown =>
  Object.values(readAll(`c,d\n${cell},1\n`, `${type}i`).records[0] ?? {})[0]

test('a long run of digits that ends as text is read at once', () => {
  const cell = `${'1'.repeat(300_000)}x`
  expect(first(cell, 'f')).toBe(cell)
})

describe('cells are typed by their column', () => {
  const facts: [string, string, unknown][] = [
    ['f', '1', 1],
    ['f', '-12.50', -12.5],
    ['f', '0.1', 0.1],
    ['f', '.5', 0.5],
    ['f', '5.', 5],
    ['f', '+5', 5],
    ['f', ' 1.5 ', 1.5],
    ['f', '1e-5', 0.00001],
    ['f', '1E400', Infinity],
    ['f', '-inf', -Infinity],
    ['f', '123456789012345678', 123456789012345680],
    ['f', '0.1234567890123456789', 0.12345678901234568],
    ['f', '', null],
    ['f', 'NA', null],
    ['f', '""', null],
    ['f', '"2.5"', 2.5],
    ['i', '007', 7],
    ['i', '-3', -3],
    ['i', '-0', 0],
    ['i', ' 4', 4],
    ['i', '9007199254740991', 9007199254740991],
    ['i', '9007199254740993', '9007199254740993'],
    ['i', '5.0', 5],
    ['i', '', null],
    ['b', 'True', true],
    ['b', 'false', false],
    ['b', 'TRUE', true],
    ['b', '"False"', false],
    ['b', '', null],
    ['s', 'text', 'text'],
    ['s', ' text ', ' text '],
    ['s', '007', '007'],
    ['s', '', null],
    ['s', 'NA', null],
    ['s', 'null', null],
    ['s', '"a ""b"", c"', 'a "b", c'],
    ['s', '"two\r\nlines"', 'two\r\nlines'],
    ['s', '"x"y"z', 'xy"z'],
    ['s', 'x"y', 'x"y'],
    ['s', 'größe 名 😀', 'größe 名 😀'],
  ]
  test.each(facts)('%s: %j is %j', (type, cell, value) => {
    expect(first(cell, type)).toBe(value)
  })

  const misfits: [string, string, unknown][] = [
    ['f', 'abc', 'abc'],
    ['f', '1_000', '1_000'],
    ['f', '0x10', '0x10'],
    ['f', '-', '-'],
    ['f', '.', '.'],
    ['i', '1.5', 1.5],
    ['i', ' x ', ' x '],
    ['i', 'inf', 'inf'],
    ['b', 'yes', 'yes'],
    ['b', 'truer', 'truer'],
    ['b', 'tru', 'tru'],
    ['b', '1', 1],
  ]
  test.each(misfits)('%s: %j, which a schema gets wrong, is kept as what it is', (type, cell, value) => {
    expect(first(cell, type)).toBe(value)
  })

  test('without types all columns are text under the names of the header', () => {
    expect(readAll('a,a,__proto__,2\n1,x,y,z\n', null).records).toEqual([
      Object.fromEntries([
        ['2', 'z'],
        ['a', '1'],
        ['a.1', 'x'],
        ['__proto__', 'y'],
      ]),
    ])
  })

  test('records keep the order of the columns', () => {
    expect(Object.keys(readAll('z,a,m\n1,2,3', null).records[0] ?? {})).toEqual(['z', 'a', 'm'])
  })
})

describe('rows that do not fit', () => {
  test('missing cells are null, surplus ones reject the record, and the lines are named', () => {
    const { records, lines, rejects } = readAll('\ufeffa,b\r\n1,"x\ny"\r\n\r\n2\r\n3,q,"r\ns"\r\n   \r\n4,z', 'is')
    expect(records).toEqual([{ c0: 1, c1: 'x\ny' }, { c0: 2, c1: null }, undefined, { c0: 4, c1: 'z' }])
    expect(lines).toEqual([2, 5, 6, 9])
    expect(rejects).toEqual([{ record: 3, reason: '3 cells where the header has 2', raw: '3,q,"r\ns"' }])
  })

  test('a quote that is never closed rejects what it swallowed', () => {
    const { records, rejects } = readAll('a,b\n1,"x\n2,y\n', 'is')
    expect(records).toEqual([undefined])
    expect(rejects[0]?.reason).toBe('a quote is opened and never closed')
  })

  test('a file without header is an error', () => {
    expect(() => readAll('', null)).toThrow(TableError)
  })
})

describe('properties', () => {
  const piece = fc.constantFrom(
    '1',
    '-2.5',
    '""',
    '"',
    '"a,b"',
    ',',
    ',',
    '\n',
    '\n',
    '\r\n',
    '\r',
    ' ',
    'é',
    '€',
    '😀',
    'NA',
    'true',
    'x',
  )

  test('how the bytes come in never changes the result', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 60 }),
        fc.constantFrom('is', 'fb', 'ss', 'bf'),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 40 }),
        (pieces, types, sizes, blockBytes) => {
          const content = `a,b\n${pieces.join('')}`
          expect(readAll(content, types, { sizes, blockBytes })).toEqual(readAll(content, types))
        },
      ),
      { numRuns: 1500 },
    )
  })

  test('what is written reads back', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', 'a', ' ', 'é') }),
    )
    const cell = {
      s: text.map((value) => (isBlankWord(value) ? null : value)),
      f: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)),
      i: fc.option(fc.maxSafeInteger()),
      b: fc.option(fc.boolean()),
    }
    const table = fc
      .array(fc.constantFrom<('s' | 'f' | 'i' | 'b')[]>('s', 'f', 'i', 'b'), { minLength: 1, maxLength: 5 })
      .chain((types) =>
        fc.record({
          types: fc.constant(types.join('')),
          rows: fc.array(fc.tuple(...types.map((type) => cell[type] as fc.Arbitrary<unknown>)), { maxLength: 20 }),
        }),
      )
    fc.assert(
      fc.property(table, ({ types, rows }) => {
        const names = [...types].map((_, index) => `c${index}`)
        const records = rows.map((row) => Object.fromEntries(row.map((value, index) => [names[index], value])))
        const parts: Uint8Array[] = []
        const writer = new CsvWriter((bytes) => parts.push(Uint8Array.from(bytes)), names)
        for (const record of records) writer.write(record)
        writer.flush()
        expect(readAll(Buffer.concat(parts), types).records).toEqual(records)
      }),
      { numRuns: 500 },
    )
  })
})
