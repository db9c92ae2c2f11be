/**
 * A regular expression of a diagram runs inside the engine, where one that backtracks for ever would stop everything. Cheap is what has
 * no repetition or choice inside a repeated group, and at most `stepsMax` ways to divide the text among its repetitions.
 */

const stepsMax = 1e8
const sourceLengthMax = 500

export function isCheapPattern(source: string, textLength: number): boolean {
  if (source.length > sourceLengthMax) return false
  let repetitions = 0
  /** For each open group: has it a repetition or a choice in it? */
  const groups = [false]
  let closed: boolean | null = null
  for (const piece of source.matchAll(/\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]|\(\?(?:[:=!]|<[=!])|[\s\S]/g)) {
    const [text] = piece
    const wasClosed = closed
    closed = null
    if (text.startsWith('(')) groups.push(false)
    else if (text === ')') {
      closed = groups.pop() ?? false
      if (groups.length === 0) groups.push(false)
      if (closed) groups[groups.length - 1] = true
    } else if (text === '|') groups[groups.length - 1] = true
    else if (text === '*' || text === '+' || text === '{') {
      if (wasClosed === true) return false
      repetitions++
      groups[groups.length - 1] = true
    }
  }
  return Math.max(textLength, 2) ** repetitions <= stepsMax
}
