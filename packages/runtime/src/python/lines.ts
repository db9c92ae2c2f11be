/** A byte stream as lines of text, without their ends. */
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/** A longer line is told in pieces: a model that prints megabytes without a line end must not fill memory. */
const lineCharactersMax = 64 * 1024

export function eachLine(stream: Readable, onLine: (line: string) => void, charactersMax = lineCharactersMax): void {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line.endsWith('\r') ? line.slice(0, -1) : line)
    for (; rest.length > charactersMax; rest = rest.slice(charactersMax)) onLine(rest.slice(0, charactersMax))
  })
  stream.on('end', () => {
    rest += decoder.end()
    if (rest !== '') onLine(rest)
  })
  // A reset by a process that was killed: its end follows as `close`.
  stream.on('error', () => {})
}
