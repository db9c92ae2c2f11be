/**
 * A regular expression of a diagram runs inside the engine, where one that backtracks for ever would stop everything. Cheap is what repeats
 * no group that can match in several ways, and has at most `waysMax` ways to match: repetitions divide the text among them, an optional
 * piece doubles the ways, those of alternatives add up. A search tries them at each place of the text: at most `triesMax` together.
 */

const waysMax = 1e8
const triesMax = 1e10
const sourceLengthMax = 500

/** Of an open group: of its alternatives that were read, and of the one that is being read. */
interface Ways {
  before: number
  here: number
}

const pieces = /\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]|\(\?(?:[:=!]|<[=!])|\{\d+\}|[\s\S]/g

/** `places`: of the text, where a match may begin. */
export function isCheapPattern(source: string, textLength: number, places: number): boolean {
  if (source.length > sourceLengthMax) return false
  const around: Ways[] = []
  let group: Ways = { before: 0, here: 1 }
  let previous = ''
  /** Of the group that ends where we are. */
  let closed = 1
  for (const [piece] of source.matchAll(pieces)) {
    const repeated = closed
    closed = 1
    if (piece.startsWith('(')) {
      around.push(group)
      group = { before: 0, here: 1 }
    } else if (piece === ')') {
      closed = group.before + group.here
      group = around.pop() ?? { before: 0, here: 1 }
      group.here *= closed
    } else if (piece === '|') {
      group = { before: group.before + group.here, here: 1 }
    } else if (piece === '*' || piece === '+' || piece.startsWith('{')) {
      if (repeated > 1) return false
      // so many and no others, as in a date: nothing to divide, but a repetition all the same
      group.here *= piece.endsWith('}') ? 2 : Math.max(textLength, 2)
    } else if (piece === '?' && !'(*+?'.includes(previous)) {
      group.here *= 2
    }
    previous = piece
  }
  const ways = group.before + group.here
  return ways <= waysMax && ways * places <= triesMax
}
