import type { IncomingMessage } from 'node:http'

/** What is still read of a body that was refused. Who sends more, or slower, is cut off. */
const bytesMax = 256 * 1024 * 1024
const msMax = 10_000

/**
 * Reads the rest of a body and forgets it, then calls `done` with whether it came to its end. Most clients read no answer before they
 * have sent everything: closing on them would make the sentence they are sent a broken pipe.
 */
export function discardBody(raw: IncomingMessage, done: (isWhole: boolean) => void): void {
  if (raw.readableEnded || raw.destroyed) {
    done(raw.readableEnded)
    return
  }
  let bytes = 0
  const impatience = setTimeout(() => finish(false), msMax)
  const count = (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > bytesMax) finish(false)
  }
  const end = () => finish(true)
  const close = () => finish(false)
  function finish(isWhole: boolean): void {
    clearTimeout(impatience)
    raw.off('data', count).off('end', end).off('close', close)
    done(isWhole)
  }
  raw.on('data', count).on('end', end).on('close', close)
  raw.resume()
}
