import { describe, expect, it } from 'vitest'
import { runPython } from './python-fixture.ts'

const echo = 'def action(datum):\n    yield datum\n'

describe('CSV inputs', () => {
  it('cells have the type of their column over the whole file', async () => {
    const csv = 'id,price,ticket,ok,n\n1,5000.0,349248,True,1\n2,66301,A/5,False,\n'
    const { values } = await runPython({ source: echo, inputs: { 'in.csv': csv } })
    expect(values).toEqual([
      { id: 1, price: 5000, ticket: '349248', ok: true, n: 1 },
      { id: 2, price: 66301, ticket: 'A/5', ok: false, n: null },
    ])
  })

  it('an integer column gives ints, one with a blank gives floats, as pandas has it', async () => {
    const source = 'def action(d):\n    yield {k: type(v).__name__ for k, v in d.items()}\n'
    const { values } = await runPython({ source, inputs: { 'in.csv': 'a,b,c,d\n1,1,1.5,x\n2,,,\n' } })
    expect(values).toEqual([
      { a: 'int', b: 'float', c: 'float', d: 'str' },
      { a: 'int', b: 'NoneType', c: 'NoneType', d: 'NoneType' },
    ])
  })

  it("pandas' words for a missing value are missing values", async () => {
    const csv = 'a,b\n1.5,x\nNA,NA\nnan,null\nNaN,None\n-nan,n/a\n'
    const { values } = await runPython({ source: echo, inputs: { 'in.csv': csv } })
    expect(values).toEqual([{ a: 1.5, b: 'x' }, ...Array.from({ length: 4 }, () => ({ a: null, b: null }))])
  })

  it('quoted commas, quotes, line ends and blanks after commas come through', async () => {
    const csv = 'a,b\r\n"x, y","say ""hi"""\r\n"two\r\nlines", blank\r\n'
    const { values } = await runPython({ source: echo, inputs: { 'in.csv': csv } })
    expect(values).toEqual([
      { a: 'x, y', b: 'say "hi"' },
      { a: 'two\r\nlines', b: ' blank' },
    ])
  })

  it('a byte order mark, blank lines, a short row and a missing last line end do no harm', async () => {
    const csv = '\uFEFFa,b\n\n1,x\n  \n2\n3,z'
    const { values, finished } = await runPython({ source: echo, inputs: { 'in.csv': csv } })
    expect(values).toEqual([
      { a: 1, b: 'x' },
      { a: 2, b: null },
      { a: 3, b: 'z' },
    ])
    expect(finished).toMatchObject({ recordsIn: 3, inputRejectedByEncoding: 0 })
  })

  it('a single column works, and its blank lines are no records', async () => {
    const { values } = await runPython({ source: echo, inputs: { 'in.csv': 'only\nx\n\n  \ny\n' } })
    expect(values).toEqual([{ only: 'x' }, { only: 'y' }])
  })

  it('an empty and a repeated column name are kept apart', async () => {
    const { values } = await runPython({ source: echo, inputs: { 'in.csv': ',a,a\n0,1,2\n' } })
    expect(values).toEqual([{ '': 0, a: 1, 'a.1': 2 }])
  })

  it('`typing: cells` types each cell by itself', async () => {
    const csv = 'a,b\n5000.0,x\n66301,7\nA/5,\n'
    const { values } = await runPython({ source: echo, inputs: { 'in.csv': csv }, typing: 'cells' })
    expect(values).toEqual([
      { a: 5000, b: 'x' },
      { a: 66301, b: 7 },
      { a: 'A/5', b: null },
    ])
  })

  it('a header alone gives no record', async () => {
    const { values, finished } = await runPython({ source: echo, inputs: { 'in.csv': 'a,b\n' } })
    expect(values).toEqual([])
    expect(finished).toMatchObject({ recordsIn: 0, recordsOut: 0 })
  })

  it('types from a schema are applied cell by cell; what does not fit is kept as what it is', async () => {
    const { values } = await runPython({
      source: echo,
      inputs: { 'in.csv': 'n,f,b\n5.0,1,true\nx,1,true\n1,one,true\n1,1,yes\n 7 , 2.5 ,FALSE\n' },
      columnTypes: ['integer', 'float', 'boolean'],
    })
    expect(values).toEqual([
      { n: 5, f: 1, b: true },
      { n: 'x', f: 1, b: true },
      { n: 1, f: 'one', b: true },
      { n: 1, f: 1, b: 'yes' },
      { n: 7, f: 2.5, b: false },
    ])
  })

  it('rows with too many cells are rejected, with record and line after quoted line ends', async () => {
    const csv = 'a,b\n"1\n1",2\n3,4,5\n6,7\n'
    const { rejects, finished, events } = await runPython({ source: echo, inputs: { 'in.csv': csv } })
    const reason = '3 cells where the header has 2'
    expect(rejects).toEqual([{ direction: 'input', record: 2, line: 4, code: 'encoding', reason, raw: '3,4,5' }])
    expect(events).toContainEqual({ event: 'rejected', direction: 'input', by: 'encoding', record: 2, line: 4, reason })
    expect(finished).toMatchObject({ recordsIn: 3, recordsOut: 2, inputRejectedByEncoding: 1 })
  })

  it('a quote that is never closed and a row that is not UTF-8 are rejected; the rows before are scored', async () => {
    const bad = Buffer.concat([
      Buffer.from('a,b\n1,x\n2,caf'),
      Buffer.from([0xe9]),
      Buffer.from('\n3,y\n4,"open\n5,z\n'),
    ])
    const { values, rejects } = await runPython({ source: echo, inputs: { 'in.csv': bad } })
    expect(values).toEqual([
      { a: '1', b: 'x' },
      { a: '3', b: 'y' },
    ])
    expect(rejects.map(({ record, line, reason }) => [record, line, reason])).toEqual([
      [2, 3, 'not UTF-8: byte 0xe9 at character 6 of the line'],
      [4, 5, 'a quote is opened and never closed: the file ends 1 lines further down'],
    ])
  })

  it('the number of records and bytes read is told at the end', async () => {
    const csv = `a\n${'1\n'.repeat(50_000)}`
    const { finished } = await runPython({ source: 'def action(d): pass', inputs: { 'in.csv': csv } })
    expect(finished).toMatchObject({ recordsIn: 50_000, recordsOut: 0, bytesRead: csv.length })
  })
})

describe('CSV outputs', () => {
  const run = (body: string, columns?: string[], content = '1\n2\n') =>
    runPython({
      source: `def action(x):\n    ${body}\n`,
      inputs: { 'in.json': content },
      outputFormat: 'CSV',
      ...(columns && { columns }),
    })

  it('the header is the keys of the first output', async () => {
    const { output } = await run('yield {"b": x, "a": x / 2}')
    expect(output).toBe('b,a\n1,0.5\n2,1.0\n')
  })

  it('the header of the plan wins; what is missing is blank, whatever the order', async () => {
    const { output } = await run('yield {"b": x} if x == 1 else {"a": x, "b": 3}', ['a', 'b', 'c'])
    expect(output).toBe('a,b,c\n,1,\n2,3,\n')
  })

  it('a key that is no column is rejected by encoding', async () => {
    const { output, rejects, finished } = await run('yield {"a": x} if x == 1 else {"a": x, "z": 1}')
    expect(output).toBe('a\n1\n')
    expect(rejects).toMatchObject([
      { direction: 'output', code: 'encoding', record: 2, line: 2, reason: "'z' is not among the output's columns: a" },
    ])
    expect(finished).toMatchObject({ recordsOut: 1, outputRejectedByEncoding: 1 })
  })

  it('a scalar or a list goes to the column `output`', async () => {
    const { output } = await run('yield x if x == 1 else [x, "y"]')
    expect(output).toBe('output\n1\n"[2,""y""]"\n')
  })

  it('true and false, null, nested values, quotes and line ends are spelled canonically', async () => {
    const { output } = await run(
      'yield {"t": True, "n": None, "f": 1e-05, "g": 100.0, "l": [1, None], "q": "a \\"b\\", c", "e": "x\\ny", "r": "x\\rz"}',
      undefined,
      '1\n',
    )
    expect(output).toBe('t,n,f,g,l,q,e,r\ntrue,,1e-05,100.0,"[1,null]","a ""b"", c","x\ny","x\rz"\n')
  })

  it('NaN and infinity are rejected, the other rows are written', async () => {
    const { output, rejects } = await run('yield {"a": float("nan") if x == 1 else x, "b": "nan"}')
    expect(output).toBe('a,b\n2,nan\n')
    expect(rejects).toMatchObject([{ record: 1, line: 1, reason: 'a is NaN, which JSON has no form for' }])
  })

  it('half of a character is rejected, the rest of its block is written', async () => {
    const { output, rejects } = await run('yield {"a": "\\ud800" if x == 1 else "ok"}')
    expect(output).toBe('a\nok\n')
    expect(rejects[0]?.reason).toBe('the text holds U+D800, half of a character, which UTF-8 cannot write')
  })

  it('no output at all leaves the header of the plan, or nothing', async () => {
    expect((await run('pass', ['a', 'b'])).output).toBe('a,b\n')
    expect((await run('pass')).output).toBe('')
  })
})
