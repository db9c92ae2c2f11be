import { describe, expect, test } from 'vitest'
import { CsvWriter, TableError } from '../src/index.ts'

function write(values: readonly unknown[], columns: string[] | null = null): { text: string; refused: string[] } {
  const parts: Buffer[] = []
  const refused: string[] = []
  const writer = new CsvWriter((bytes) => parts.push(Buffer.from(bytes)), columns)
  for (const value of values) {
    try {
      writer.write(value)
    } catch (error) {
      if (!(error instanceof TableError)) throw error
      refused.push(error.message)
    }
  }
  writer.flush()
  return { text: Buffer.concat(parts).toString('utf8'), refused }
}

describe('CSV output', () => {
  test('the header is the first value’s keys; later keys may come in another order or be missing', () => {
    expect(
      write([{ id: 'a', score: 0.5 }, { score: 1, id: 'b' }, { id: 'c' }, { id: undefined, score: null }]).text,
    ).toBe('id,score\na,0.5\nb,1\nc,\n,\n')
  })

  test('given columns win over keys', () => {
    expect(write([{ score: 1, id: 'x' }], ['id', 'score', 'note']).text).toBe('id,score,note\nx,1,\n')
  })

  test('an unknown key, NaN and infinity refuse the value and leave nothing of it behind', () => {
    const { text, refused } = write([
      { id: 'a', score: 1 },
      { id: 'b', score: 2, extra: 3 },
      { id: 'c', score: Number.NaN },
      { id: 'd', score: -Infinity },
      { id: 'e', score: { deep: [Number.NaN] } },
      { id: 'half \ud83d', score: 1 },
      { id: 'f', score: () => 1 },
      { id: 'g', score: 7 },
    ])
    expect(text).toBe('id,score\na,1\ng,7\n')
    expect(refused).toEqual([
      "'extra' is not among the output's columns: id, score",
      'score is NaN, which JSON has no form for',
      'score is -Infinity, which JSON has no form for',
      'score.deep[0] is NaN, which JSON has no form for',
      'the text holds half of a character, which UTF-8 cannot write',
      'score is a function, which JSON has no form for',
    ])
  })

  test('a value that is no object goes to the column output', () => {
    expect(write([1.5, 'a,b', true, [1, 2], null]).text).toBe('output\n1.5\n"a,b"\ntrue\n"[1,2]"\n""\n')
  })

  test('cells are quoted only where they must be', () => {
    expect(write([{ a: 'x "y"', b: 'p,q', c: 'r\ns', d: '\r', e: ' plain ', f: 'größe' }]).text).toBe(
      'a,b,c,d,e,f\n"x ""y""","p,q","r\ns","\r", plain ,größe\n',
    )
  })

  test('lists, objects, dates, maps and big integers are written as JSON has them', () => {
    const value = {
      list: [1, 'a'],
      map: new Map([['k', 1]]),
      at: new Date(0),
      big: 12345678901234567890n,
      typed: new Float64Array([0.5]),
    }
    expect(write([value]).text).toBe(
      'list,map,at,big,typed\n"[1,""a""]","{""k"":1}",1970-01-01T00:00:00.000Z,12345678901234567890,[0.5]\n',
    )
  })

  test('instances of classes are written by their own fields', () => {
    class Score {
      id = 'a'
      score = 1
      get twice() {
        return this.score * 2
      }
    }
    expect(write([new Score()]).text).toBe('id,score\na,1\n')
  })

  test('an object without fields makes no first row', () => {
    expect(write([{}, { a: 1 }])).toEqual({ text: 'a\n1\n', refused: ['an object without fields makes no CSV row'] })
  })

  test('cells longer than a block go through', () => {
    const long = 'é,"'.repeat(200_000)
    expect(
      write([
        { id: 1, long },
        { id: 2, long: 'x' },
      ]).text,
    ).toBe(`id,long\n1,"${long.replaceAll('"', '""')}"\n2,x\n`)
  })
})
