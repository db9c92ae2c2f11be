/**
 * Questions on a terminal, asked on stderr. Plain lines: they work on any terminal, with a screen reader, and for programs that type the
 * answers (a line ends with CR or LF, and may have been typed ahead).
 */
import { createInterface, type Interface } from 'node:readline'
import { Writable } from 'node:stream'
import { Exit, exitCode } from './exit.ts'

export interface Prompts {
  ask(question: string): Promise<string>
  /** Without echo. */
  askSecret(question: string): Promise<string>
  close(): void
}

export function openPrompts(): Prompts {
  let muted = false
  const echo = new Writable({
    write: (chunk, _encoding, done) => {
      // at once: what is queued would be muted with what follows
      if (!muted) process.stderr.write(chunk)
      done()
    },
  })
  const lines = createInterface({ input: process.stdin, output: echo, terminal: true, historySize: 0 })
  const next = makeLineReader(lines)
  // what is typed ahead of its question may be the password
  lines.on('line', () => {
    muted = true
  })
  const ask = (question: string) => {
    muted = false
    lines.setPrompt(question)
    lines.prompt()
    return next()
  }
  return {
    ask,
    askSecret: async (question) => {
      const answer = ask(question)
      muted = true
      try {
        return await answer
      } finally {
        process.stderr.write('\n')
      }
    },
    close: () => lines.close(),
  }
}

/** Lines in order, those too that came before they were asked for. Ctrl-C and the end of the input interrupt. */
function makeLineReader(lines: Interface): () => Promise<string> {
  const typed: string[] = []
  let hasEnded = false
  let wake = () => {}
  lines.on('line', (line) => {
    typed.push(line)
    wake()
  })
  lines.on('close', () => {
    hasEnded = true
    wake()
  })
  lines.on('SIGINT', () => lines.close())
  return async () => {
    while (typed.length === 0) {
      if (hasEnded) throw new Exit(exitCode.interrupted)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    return typed.shift() ?? ''
  }
}
