/**
 * Lines of `jobMessages`: `2022/3/3 6:52:11 [info] text`, month, day and hour without zero padding as real logs of the product have
 * them; UTC.
 *
 * A job keeps its first {@link progressLinesMax} lines, and after that only those of its end: the traceback and the outcome are worth
 * more than the ten-thousandth print. What is left out in between is told as one line with a count.
 */
export const progressLinesMax = 9_000
export const endLinesMax = 1_000
/** A longer line is cut. */
const lineCharsMax = 8_192

export type MessageLevel = 'info' | 'warning' | 'error'

export function jobMessage(at: Date, text: string, level?: MessageLevel): string {
  const two = (n: number) => String(n).padStart(2, '0')
  const day = `${at.getUTCFullYear()}/${at.getUTCMonth() + 1}/${at.getUTCDate()}`
  const time = `${at.getUTCHours()}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`
  return `${day} ${time} ${level === undefined ? '' : `[${level}] `}${text}`
}

/** PostgreSQL text knows no NUL; a lone surrogate is no character. */
export function storableLine(line: string): string {
  const cut =
    line.length > lineCharsMax
      ? `${line.slice(0, lineCharsMax)}… (${line.length - lineCharsMax} more characters)`
      : line
  return cut.replaceAll('\u0000', '\ufffd').toWellFormed()
}

/** The lines as told, with one line for each gap in their numbers. */
export function withGapsTold(rows: readonly { n: number; text: string }[], total: number): string[] {
  const lines: string[] = []
  let next = 1
  for (const { n, text } of rows) {
    if (n > next) lines.push(leftOutLine(n - next))
    lines.push(text)
    next = n + 1
  }
  if (total >= next) lines.push(leftOutLine(total - next + 1))
  return lines
}

function leftOutLine(count: number): string {
  return `… ${count} ${count === 1 ? 'line' : 'lines'} left out: a job keeps its first ${progressLinesMax} lines and the last of its end`
}
