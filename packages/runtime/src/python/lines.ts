/** A byte stream as lines of text, without their ends. */
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/** A longer line is told in pieces: a model that prints megabytes without a line end must not fill memory. */
const lineCharactersMax = 64 * 1024

export function eachLine(stream: Readable, onLine: (line: string) => void, charactersMax = lineCharactersMax): void {
  const decoder = new StringDecoder('utf8')
  /** What has come of the line so far. Joined once: a long line comes in a thousand parts. */
  let parts: string[] = []
  let length = 0
  const tell = (line: string) => onLine(line.endsWith('\r') ? line.slice(0, -1) : line)
  const take = () => {
    const text = parts.join('')
    parts = []
    length = 0
    return text
  }
  const keep = (text: string) => {
    parts.push(text)
    length += text.length
    if (length <= charactersMax) return
    let rest = take()
    for (; rest.length > charactersMax; rest = rest.slice(charactersMax)) onLine(rest.slice(0, charactersMax))
    keep(rest)
  }
  stream.on('data', (chunk: Buffer) => {
    const lines = decoder.write(chunk).split('\n')
    const last = lines.pop() ?? ''
    for (const line of lines) {
      keep(line)
      tell(take())
    }
    keep(last)
  })
  stream.on('end', () => {
    keep(decoder.end())
    if (length > 0) onLine(take())
  })
  // A reset by a process that was killed: its end follows as `close`.
  stream.on('error', () => {})
}
