import { describe, expect, it } from 'vitest'
import { columnTypes, declaredColumns, declaredFormat, sniffText, strangeFormat } from './inputs-format.ts'

describe('the format of a file', () => {
  it.each([
    [{ fileFormat: 'CSV', filename: 'x.json' }, 'CSV'],
    [{ fileFormat: 'UNKNOWN', filename: 'x.json' }, 'JSON'],
    [{ fileUrl: 'https://host/x.csv?sig=a.json' }, 'CSV'],
    [{ name: 'rows.NDJSON' }, 'JSON'],
    [{ name: 'doc.xml' }, 'TEXT'],
    [{ name: 'x.dat' }, undefined],
  ])('%j is declared as %s', (asset, format) => {
    expect(declaredFormat(asset)).toBe(format)
  })

  it.each([
    [{ filename: 'x.csv.gz' }, 'gzip'],
    [{ fileUrl: 'https://host/x.PARQUET?sig=a' }, 'Parquet'],
    [{ fileFormat: 'AVRO', filename: 'x' }, 'Avro'],
    [{ fileFormat: 'CSV', filename: 'x.csv.gz' }, undefined],
    [{ filename: 'x.dat' }, undefined],
    [{ filename: 'zip' }, undefined],
  ])('%j is strange as %s', (asset, format) => {
    expect(strangeFormat(asset)).toBe(format)
  })

  it.each([
    ['{"a":1}\n{"a":2}\n', 'JSON'],
    ['[\n  1\n]', 'JSON'],
    ['3.5\n4\n', 'JSON'],
    ['\uFEFFid,amount\n1,2\n', 'CSV'],
    ['<a/>', 'TEXT'],
    ['one word', 'TEXT'],
    ['', 'TEXT'],
  ])('%j looks like %s', (text, format) => {
    expect(sniffText(text)).toBe(format)
  })
})

it('the schema decides on the type of a column, its cells where the schema is silent', () => {
  const schema = {
    type: 'record',
    fields: [
      { name: 'zip', type: 'string' },
      { name: 'n', type: ['null', 'long'] },
      { name: 'x', type: ['int', 'string'] },
      { name: 'when', type: { type: 'long', logicalType: 'timestamp-millis' } },
    ],
  }
  const scanned = [
    { name: 'zip', type: 'integer' as const },
    { name: 'n', type: 'float' as const },
    { name: 'x', type: 'float' as const },
    { name: 'when', type: 'integer' as const },
    { name: 'other', type: 'boolean' as const },
  ]
  expect(columnTypes(scanned, schema).map(({ type }) => type)).toEqual([
    'string',
    'integer',
    'float',
    'integer',
    'boolean',
  ])
  expect(columnTypes(scanned, null)).toEqual(scanned)
})

it('missing values are counted for the reader where the column is read as what it looks like, or as text', () => {
  const fields = ['same', 'text', 'other'].map((name, at) => ({ name, type: ['long', 'string', 'double'][at] }))
  const scanned = fields.map(({ name }) => ({ name, type: 'integer' as const, blanks: 0 }))
  expect(columnTypes(scanned, { type: 'record', fields })).toEqual([
    { name: 'same', type: 'integer', blanks: 0 },
    { name: 'text', type: 'string', blanks: 0 },
    { name: 'other', type: 'float' },
  ])
})

it('a schema that names the type of every column needs no look at the cells', () => {
  const field = (name: string, type: unknown) => ({ name, type })
  const schema = {
    type: 'record',
    fields: [field('a', 'string'), field('b', ['null', 'int']), field('c', ['int', 'string'])],
  }
  expect(declaredColumns(['b', 'a'], schema)).toEqual([
    { name: 'b', type: 'integer' },
    { name: 'a', type: 'string' },
  ])
  expect(declaredColumns(['a', 'b', 'c'], schema)).toBeNull()
  expect(declaredColumns(['a', 'other'], schema)).toBeNull()
  expect(declaredColumns(['a'], null)).toBeNull()
})
