import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { eachLine } from './lines.ts'

async function linesOf(chunks: (string | Uint8Array)[], charactersMax?: number): Promise<string[]> {
  const stream = new PassThrough()
  const lines: string[] = []
  eachLine(stream, (line) => lines.push(line), charactersMax)
  const ended = new Promise((done) => stream.once('end', done))
  for (const chunk of chunks) stream.write(Buffer.from(chunk))
  stream.end()
  await ended
  return lines
}

it('lines are told without their ends, however the bytes come in', async () => {
  const bytes = Buffer.from('one\r\n\ntwo é\nthree')
  const expected = ['one', '', 'two é', 'three']
  expect(await linesOf([bytes])).toEqual(expected)
  expect(await linesOf([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(expected)
})

it('a line that is too long is told in pieces, whether it comes at once or in parts', async () => {
  const long = 'x'.repeat(10)
  expect(await linesOf([`${long}\nend\n`], 4)).toEqual(['xxxx', 'xxxx', 'xx', 'end'])
  expect(await linesOf([...`${long}\nend`], 4)).toEqual(['xxxx', 'xxxx', 'xx', 'end'])
})

it('a line of many parts is read in the time of its length', async () => {
  const part = 'y'.repeat(16 * 1024)
  const [line] = await linesOf([...Array.from({ length: 4_000 }, () => part), '\n'], Number.POSITIVE_INFINITY)
  expect(line).toHaveLength(4_000 * part.length)
})
