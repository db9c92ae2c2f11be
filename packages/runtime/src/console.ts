/**
 * What a user reads in `jobMessages`. Model lines carry `MODEL-CONSOLE:`; lines have the time without zero padding and a level, except the
 * last. A model that floods its console keeps its first lines; the rest is counted, never stored.
 */
export type Level = 'debug' | 'info' | 'warning' | 'error'

export interface ConsoleLimits {
  /** Model lines kept. */
  lines: number
  /** Characters kept over all model lines. */
  characters: number
  /** Characters kept of one line. */
  lineCharacters: number
}

const defaultLimits: ConsoleLimits = { lines: 2_000, characters: 512 * 1024, lineCharacters: 8_000 }

export interface JobConsole {
  /** A message of the runtime itself. */
  say(text: string, level?: Level): void
  /** Without level, as the last line of a job (the first one is the server's). */
  sayBare(text: string): void
  /** A line the model wrote; counted instead of kept once the limit is reached. */
  model(line: string, phase?: '(pre)' | '(post)'): void
  /** A line of the model's traceback: kept even after a flood. */
  traceback(line: string): void
  /** What has not been sent yet; the caller sends it. */
  take(): string[]
  /** Gives lines back that could not be sent. */
  putBack(lines: string[]): void
  /** Says how many lines were left out, once. */
  closeFlood(): void
}

export function makeConsole(now: () => Date = () => new Date(), limits: ConsoleLimits = defaultLimits): JobConsole {
  let waiting: string[] = []
  let kept = 0
  let keptCharacters = 0
  let dropped = 0

  const add = (text: string) => waiting.push(text.replaceAll('\u0000', '\uFFFD'))
  const say = (text: string, level: Level = 'info') => add(`${formatTime(now())} [${level}] ${text}`)
  const cut = (line: string) =>
    line.length <= limits.lineCharacters
      ? line
      : `${line.slice(0, limits.lineCharacters)}… (${line.length - limits.lineCharacters} more characters)`

  return {
    say,
    sayBare: (text) => add(`${formatTime(now())} ${text}`),
    model(line, phase) {
      const text = cut(line)
      if (kept >= limits.lines || keptCharacters + text.length > limits.characters) {
        if (dropped === 0) {
          kept = limits.lines
          say(
            'MODEL-CONSOLE: … the model prints more than is kept here: further lines are counted, not stored',
            'warning',
          )
        }
        dropped++
        return
      }
      kept++
      keptCharacters += text.length
      say(phase === undefined ? `MODEL-CONSOLE: ${text}` : `${phase} MODEL-CONSOLE: ${text}`)
    },
    traceback: (line) => say(`MODEL-CONSOLE: ${cut(line)}`, 'error'),
    take() {
      const lines = waiting
      waiting = []
      return lines
    },
    putBack(lines) {
      waiting = [...lines, ...waiting]
    },
    closeFlood() {
      if (dropped > 0) say(`MODEL-CONSOLE: … ${dropped} more lines were not kept`, 'warning')
      dropped = 0
    },
  }
}

/** `2022/3/3 6:52:11`, in UTC: month, day and hour without padding, as real logs have it. */
export function formatTime(at: Date): string {
  const two = (n: number) => String(n).padStart(2, '0')
  const date = `${at.getUTCFullYear()}/${at.getUTCMonth() + 1}/${at.getUTCDate()}`
  return `${date} ${at.getUTCHours()}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`
}
