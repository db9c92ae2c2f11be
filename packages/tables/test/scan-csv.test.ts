import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ScanOptions, scanCsv, TableError } from '../src/index.ts'

let folder = ''
let files = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowhouse-scan-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function fileOf(content: string | Uint8Array): Promise<string> {
  const path = join(folder, `${files++}.csv`)
  await writeFile(path, content)
  return path
}
const scan = async (content: string | Uint8Array, options?: ScanOptions) => scanCsv(await fileOf(content), options)
const typesOf = async (...cells: string[]) =>
  (await scan(`c,d\n${cells.map((cell) => `${cell},1\n`).join('')}`)).columns[0]?.type
async function failureOf(content: string | Uint8Array): Promise<TableError> {
  const error = await scan(content).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(TableError)
  return error as TableError
}

describe('column types over the whole file are those of pandas.read_csv', () => {
  // Taken from pandas 3.1.1, read_csv(low_memory=False): int64/uint64, float64, bool (object with blanks), str.
  const facts: [string, string[]][] = [
    ['integer', ['1', '2']],
    ['integer', ['007', '8']],
    ['integer', [' 1', '2 ']],
    ['integer', ['\t1', '2']],
    ['integer', ['+5', '-3']],
    ['integer', ['"1"', '"2"']],
    ['integer', ['-0', '1']],
    ['integer', ['00000000000000000000001']],
    ['integer', ['9223372036854775807', '-9223372036854775808']],
    ['integer', ['9223372036854775808']],
    ['integer', ['18446744073709551615', '1']],
    ['string', ['18446744073709551616', 'x']],
    ['string', ['9223372036854775808', '']],
    ['string', ['9223372036854775808', '-1']],
    ['float', ['1', '']],
    ['float', ['1', 'NA']],
    ['float', ['1', '""']],
    ['float', ['1.0', '2']],
    ['float', ['1e5']],
    ['float', ['1E5', '1.e5', '+.5', '-.5e-3']],
    ['float', ['1.', '.5']],
    ['float', [' 1.5 ', '1e5 ']],
    ['float', ['inf', '-Infinity', '+inf', 'INF', 'iNfinity', '+Infinity']],
    ['float', ['1e400', '1e-400', '-0.0', '0.1234567890123456789']],
    ['float', ['1.5', '9223372036854775808']],
    ['float', ['', '']],
    ['float', ['NA', 'NULL', 'N/A', 'None', 'n/a', 'null', 'nan', '-nan', '-NaN', 'NaN']],
    ['float', ['<NA>', '#N/A', '#NA', '1.#IND', '-1.#QNAN', '#N/A N/A', '-1.#IND', '1.#QNAN']],
    ['boolean', ['True', 'False']],
    ['boolean', ['TRUE', 'false', 'tRUE']],
    ['boolean', ['true', '']],
    ['string', ['True', '1']],
    ['string', [' True']],
    ['string', ['+True']],
    ['string', ['1', 'x']],
    ['string', [' ', '1']],
    ['string', ['none']],
    ['string', ['NAN']],
    ['string', ['+nan']],
    ['string', [' inf']],
    ['string', ['1e']],
    ['string', ['1e+']],
    ['string', ['0x10']],
    ['string', ['infinit']],
    ['string', ['1_000']],
    ['string', ['"1,000"']],
    ['string', ['-']],
    ['string', ['+']],
    ['string', ['.']],
    ['string', ['1.2.3']],
    ['string', ['1e5.5']],
    ['string', ['1 2']],
    ['string', ['- 1']],
    ['string', ['e5']],
    ['string', ['.e5']],
    ['string', ['1f']],
    ['string', ['\u0661']],
    ['string', ['1\u00a0']],
    ['string', ['"""1"""']],
  ]
  test.each(facts)('%s: %j', async (type, cells) => {
    expect(await typesOf(...cells)).toBe(type)
  })

  test('a file with a header only has no records, and its columns are text', async () => {
    for (const content of ['a,b', 'a,b\n', 'a,b\r\n']) {
      const result = await scan(content)
      expect(result.records).toBe(0)
      expect(result.columns.map(({ name, type }) => [name, type])).toEqual([
        ['a', 'string'],
        ['b', 'string'],
      ])
    }
  })

  test('a late text makes the whole column text, and the line that did it is named', async () => {
    const result = await scan(`a,b\n${'1,2\n'.repeat(5000)}"x",3\n`)
    expect(result.columns[0]).toMatchObject({ type: 'string', firstTextLine: 5002 })
    expect(result.columns[1]).toMatchObject({ type: 'integer', firstTextLine: null })
  })

  test('lost leading zeros and lost last digits are warned of', async () => {
    const result = await scan('zip,id,big\n01234,9007199254740993,9007199254740993\n99999,1,\n')
    expect(result.columns.map((column) => [column.type, column.leadingZeros, column.beyondSafe])).toEqual([
      ['integer', true, false],
      ['integer', false, true],
      ['float', false, true],
    ])
    expect(result.warnings).toHaveLength(2)
  })
})

describe('records and names', () => {
  const counted: [string, string, number][] = [
    ['LF', 'a,b\n1,2\n3,4\n', 2],
    ['no line end at the end', 'a,b\n1,2\n3,4', 2],
    ['CRLF', 'a,b\r\n1,2\r\n3,4\r\n', 2],
    ['lone CR', 'a,b\r1,2\r3,4', 2],
    ['CR CR LF', 'a,b\r\r\n1,2\r\r\n', 1],
    ['empty and blank lines', '\n \na,b\n\n1,2\n  \n\t\n3,4\n\n', 2],
    ['an empty line in a single column', 'a\n1\n\n2\n', 2],
    ['a quoted blank in a single column', 'a\n1\n""\n2\n', 3],
    ['quoted line ends', 'a,b\n"x\ny\r\nz",1\n"p\n\nq",2\n', 2],
    ['quoted quotes and delimiters', 'a,b\n"x"",""y",1\n', 1],
    ['a bare quote inside a cell', 'a,b\nx"y,2\n5",3\n', 2],
    ['text after a closing quote', 'a,b\n"x"y"z,2\n', 1],
  ]
  test.each(counted)('%s', async (_title, content, records) => {
    const result = await scan(content)
    expect(result.records).toBe(records)
    expect(result.tooMany.count + result.tooFew.count).toBe(0)
  })

  const named: [string, string[]][] = [
    ['a,a,b\n1,2,3', ['a', 'a.1', 'b']],
    ['a,a,a.1\n1,2,3', ['a', 'a.2', 'a.1']],
    ['a,a.1,a\n1,2,3', ['a', 'a.1', 'a.2']],
    [',b\n1,2', ['', 'b']],
    ['\ufeffid,b\n1,2', ['id', 'b']],
    ['"x, ""y""\nz",b\n1,2', ['x, "y"\nz', 'b']],
    ['größe,名\n1,2', ['größe', '名']],
    [' a, b\n1,2', [' a', ' b']],
  ]
  test.each(named)('the header %j', async (content, names) => {
    const result = await scan(content)
    expect(result.columns.map((column) => column.name)).toEqual(names)
    expect(result.hasBom).toBe(content.startsWith('\ufeff'))
  })

  test('another delimiter is used when declared, and suspected when not', async () => {
    const declared = await scan('a;b\n1,5;2\n', { delimiter: ';' })
    expect(declared.columns.map((column) => column.type)).toEqual(['string', 'integer'])
    const undeclared = await scan('a;b\n1;2\n')
    expect(undeclared.warnings.map(({ text }) => text).join()).toContain("'a;b'")
  })
})

describe('ragged rows', () => {
  test('too few cells are filled with blanks and counted', async () => {
    const result = await scan('a,b,c\n1,2,3\n4\n5,6\n')
    expect(result.tooFew).toEqual({ count: 2, first: { line: 3, record: 2, cells: 1 } })
    expect(result.columns.map((column) => [column.type, column.blanks])).toEqual([
      ['integer', 0],
      ['float', 1],
      ['float', 2],
    ])
  })

  test('too many cells reject the record, which leaves the column types alone', async () => {
    const result = await scan('name,amount\nAcme,1\n"x\ny",2\nSmith, Sons,3\nZ,4\n')
    expect(result.tooMany).toEqual({ count: 1, first: { line: 5, record: 3, cells: 3 } })
    expect(result.records).toBe(4)
    expect(result.columns.map((column) => column.type)).toEqual(['string', 'integer'])
    expect(result.warnings.map(({ text }) => text).join()).toContain('line 5')
  })

  test('when no record fits the header they are an error that names the line', async () => {
    expect(await failureOf('a,b\n1,2,\n3,4,\n')).toMatchObject({ code: 'RaggedRow', line: 2 })
  })
})

test('a number inside quotes may end in a line end, as for pandas; a quote makes it text', async () => {
  const result = await scan('i,f,s\n"1\n","\r\n1.5","1\n1"\n2,2.5,"1""\n"\n', { blockBytes: 3 })
  expect(result.columns.map(({ type }) => type)).toEqual(['integer', 'float', 'string'])
})

describe('hostile files', () => {
  const hostile: [string, string | Uint8Array, Partial<TableError>][] = [
    ['empty', '', { code: 'EmptyFile' }],
    ['a byte order mark only', '\ufeff', { code: 'EmptyFile' }],
    ['blank lines only', '\n\n  \n', { code: 'EmptyFile' }],
    ['an unclosed quote', 'a,b\n1,2\n3,"x\n4,5\n6,7\n', { code: 'UnclosedQuote', line: 3, column: 'b' }],
    ['an unclosed quote in the header', 'a,"b\n1,2\n', { code: 'UnclosedQuote', line: 1 }],
    ['Latin-1', Buffer.from('a,b\n1,ok\n2,caf\xe9,\n', 'latin1'), { code: 'NotUtf8', line: 3 }],
    ['a cut character at the end', Buffer.from([0x61, 0x0a, 0x31, 0x0a, 0xe2, 0x82]), { code: 'NotUtf8', line: 3 }],
    ['UTF-16', Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'), { code: 'NotUtf8' }],
    ['a NUL byte', 'a,b\n1,2\n3,x\0y\n', { code: 'NulByte', line: 3, column: 'b' }],
    ['a NUL byte in quotes', 'a,b\n1,2\n"\n\0",1\n', { code: 'NulByte', line: 4, column: 'a' }],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0]), { code: 'NotText' }],
    ['a workbook', Buffer.from([0x50, 0x4b, 3, 4]), { code: 'NotText' }],
    ['Parquet', Buffer.from('PAR1\x15\x04\x15'), { code: 'NotText' }],
    ['UTF-16 without a byte order mark', Buffer.from('a,b\n1,2\n', 'utf16le'), { code: 'NotUtf8' }],
    [
      'semicolons and decimal commas',
      'id;x\na;1,5\nb;2,5\n',
      { code: 'RaggedRow', message: expect.stringMatching(/separated by semicolons\?/) },
    ],
  ]
  test.each(hostile)('%s', async (_title, content, expected) => {
    expect(await failureOf(content)).toMatchObject(expected)
  })

  test.each(['ORC,n\n1,2\n', 'PAR1,n\n1,2\n', 'BZh,n\n1,2\n'])(
    'a header that begins as a format is named is a header',
    async (text) => {
      expect((await scan(text)).records).toBe(1)
    },
  )

  test('the byte that is not UTF-8 is named', async () => {
    const error = await failureOf(Buffer.concat([Buffer.from(`a\n${'é\n'.repeat(700_000)}`), Buffer.from([0xff])]))
    expect(error.line).toBe(700_002)
    expect(error.message).toContain('byte 2100002')
  })

  test('a folder and a missing file are told apart', async () => {
    const path = join(folder, 'folder.csv')
    await mkdir(path)
    await expect(scanCsv(path)).rejects.toMatchObject({ code: 'IsDirectory' })
    await expect(scanCsv(join(folder, 'none.csv'))).rejects.toMatchObject({ code: 'FileMissing' })
  })

  test('a cell of several blocks is one cell', async () => {
    const result = await scan(`a,b\n"${'long "" text\n'.repeat(30_000)}",2\n${'9'.repeat(200_000)},3\n`, {
      blockBytes: 4096,
    })
    expect(result.records).toBe(2)
    expect(result.columns.map((column) => column.type)).toEqual(['string', 'integer'])
  })

  test('an aborted scan ends with the reason', async () => {
    const path = await fileOf(`a\n${'1\n'.repeat(10_000)}`)
    await expect(scanCsv(path, { signal: AbortSignal.abort(new Error('stop')), blockBytes: 64 })).rejects.toThrow(
      'stop',
    )
  })
})

test('the block size never changes the result', async () => {
  const piece = fc.constantFrom(
    '1',
    '-2.5',
    '""',
    '"',
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
    '9'.repeat(19),
    '007',
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 60 }),
      fc.integer({ min: 1, max: 70 }),
      async (pieces, blockBytes) => {
        const path = await fileOf(`a,b\n${pieces.join('')}`)
        const whole = await scanCsv(path).catch((error: unknown) => String(error))
        const cut = await scanCsv(path, { blockBytes }).catch((error: unknown) => String(error))
        expect(cut).toEqual(whole)
      },
    ),
    { numRuns: 300 },
  )
})
