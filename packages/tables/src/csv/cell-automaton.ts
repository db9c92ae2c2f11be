/**
 * One table look-up per byte tells what a CSV cell is, as pandas.read_csv (C engine, default `na_values`) would take it:
 * blank, integer, float, boolean or text. Built once per delimiter by subset construction; 256 columns per state, so the
 * hot loop is `state = table[(state << 8) | byte]`.
 */

export const CELL = {
  blank: 1,
  integer: 2,
  float: 4,
  boolean: 8,
  text: 16,
  /** An integer below zero. */
  negative: 32,
  /** An integer written with leading zeros (`007`): its text is lost when it becomes a number. */
  leadingZero: 64,
} as const

/** Table entry of a byte that ends the run: delimiter, line end, NUL, or a quote that opens or closes. */
export const STOP = 255

export interface CellAutomaton {
  /** For cells outside quotes. */
  bare: Uint8Array
  /** For cells inside quotes: only a quote, a line end or NUL stops. */
  quoted: Uint8Array
  /** State → state behind a line end inside quotes, which pandas takes for a blank. */
  lineEnd: Uint8Array
  /** State → union of CELL bits. */
  kinds: Uint8Array
  start: number
  /** Nothing but blanks so far. */
  whitespace: number
  /** Text whatever follows. */
  text: number
}

/** pandas' default `na_values`. Matched exactly, without trimming. */
export const BLANK_WORDS = [
  '#N/A',
  '#N/A N/A',
  '#NA',
  '-1.#IND',
  '-1.#QNAN',
  '-NaN',
  '-nan',
  '1.#IND',
  '1.#QNAN',
  '<NA>',
  'N/A',
  'NA',
  'NULL',
  'NaN',
  'None',
  'n/a',
  'nan',
  'null',
] as const

interface Node {
  kind: number
  edges: Map<number, Node[]>
}

const newNode = (kind = 0): Node => ({ kind, edges: new Map() })

function link(from: Node, chars: string, to: Node): void {
  for (const char of chars) {
    const byte = char.charCodeAt(0)
    const targets = from.edges.get(byte)
    if (targets) targets.push(to)
    else from.edges.set(byte, [to])
  }
}

function linkWord(from: Node, word: string, kind: number, anyCase: boolean): Node {
  let at = from
  for (const [index, char] of [...word].entries()) {
    const next = newNode(index === word.length - 1 ? kind : 0)
    link(at, anyCase && /[a-z]/.test(char) ? char + char.toUpperCase() : char, next)
    at = next
  }
  return at
}

const DIGITS = '0123456789'
const BLANKS = ' \t\v\f'

/** Blanks, sign, digits, point, exponent, blanks: what pandas' own number readers take. */
function linkNumbers(start: Node): void {
  const before = newNode()
  link(start, BLANKS, before)
  link(before, BLANKS, before)
  const afterFloat = newNode(CELL.float)
  link(afterFloat, BLANKS, afterFloat)
  const exponentDigits = newNode(CELL.float)
  link(exponentDigits, DIGITS, exponentDigits)
  link(exponentDigits, BLANKS, afterFloat)
  const exponentSign = newNode()
  link(exponentSign, DIGITS, exponentDigits)
  const exponent = newNode()
  link(exponent, '+-', exponentSign)
  link(exponent, DIGITS, exponentDigits)
  const fraction = newNode(CELL.float)
  link(fraction, DIGITS, fraction)
  link(fraction, 'eE', exponent)
  link(fraction, BLANKS, afterFloat)
  const barePoint = newNode()
  link(barePoint, DIGITS, fraction)

  for (const sign of ['', '+', '-']) {
    const digitsFrom = sign === '' ? [start, before] : [newNode()]
    if (sign !== '' && digitsFrom[0]) for (const from of [start, before]) link(from, sign, digitsFrom[0])
    const signBits = sign === '-' ? CELL.negative : 0
    const zero = newNode(CELL.integer | signBits)
    const integer = newNode(CELL.integer | signBits)
    const padded = newNode(CELL.integer | CELL.leadingZero | signBits)
    for (const [node, self] of [
      [zero, padded],
      [integer, integer],
      [padded, padded],
    ] as const) {
      link(node, DIGITS, self)
      link(node, '.', fraction)
      link(node, 'eE', exponent)
      const after = newNode(node.kind)
      link(node, BLANKS, after)
      link(after, BLANKS, after)
    }
    for (const from of digitsFrom) {
      link(from, '0', zero)
      link(from, '123456789', integer)
      link(from, '.', barePoint)
    }
    // Unlike other numbers, infinity may not stand between blanks.
    linkWord(start, `${sign}inf`, CELL.float, true)
    linkWord(start, `${sign}infinity`, CELL.float, true)
  }
}

function makeStart(): Node {
  const start = newNode(CELL.blank)
  for (const word of BLANK_WORDS) linkWord(start, word, CELL.blank, false)
  linkWord(start, 'true', CELL.boolean, true)
  linkWord(start, 'false', CELL.boolean, true)
  linkNumbers(start)
  return start
}

interface Determinized {
  rows: Uint8Array[]
  kinds: number[]
}

function determinize(start: Node): Determinized {
  const ids = new Map<Node, number>()
  const nameOf = (nodes: Node[]): string =>
    [
      ...new Set(
        nodes.map((node) => {
          const id = ids.get(node) ?? ids.size
          ids.set(node, id)
          return id
        }),
      ),
    ]
      .sort((a, b) => a - b)
      .join(',')
  const sets: Node[][] = [[], [start]]
  const names = new Map([
    ['', 0],
    [nameOf([start]), 1],
  ])
  const rows: Uint8Array[] = []
  for (let index = 0; index < sets.length; index++) {
    const nodes = sets[index] ?? []
    const row = new Uint8Array(256)
    for (let byte = 0; byte < 256; byte++) {
      const targets = nodes.flatMap((node) => node.edges.get(byte) ?? [])
      const name = nameOf(targets)
      let state = names.get(name)
      if (state === undefined) {
        state = sets.length
        sets.push(targets)
        names.set(name, state)
      }
      row[byte] = state
    }
    rows.push(row)
  }
  // A blank word wins over a number (`-1.#IND` never is one, but nan-like words could be); no kind at all is text.
  const kinds = sets.map((nodes) => nodes.reduce((bits, node) => bits | node.kind, 0) || CELL.text)
  return { rows, kinds }
}

const QUOTE = 0x22
const automata = new Map<number, CellAutomaton>()

export function cellAutomaton(delimiter: number): CellAutomaton {
  const known = automata.get(delimiter)
  if (known) return known
  const { rows, kinds } = determinize(makeStart())
  const bare = new Uint8Array(rows.length * 256)
  const quoted = new Uint8Array(rows.length * 256)
  for (const [state, row] of rows.entries()) {
    bare.set(row, state << 8)
    quoted.set(row, state << 8)
    for (const byte of [0, 0x0a, 0x0d]) {
      bare[(state << 8) | byte] = STOP
      quoted[(state << 8) | byte] = STOP
    }
    bare[(state << 8) | delimiter] = STOP
    quoted[(state << 8) | QUOTE] = STOP
  }
  bare[(1 << 8) | QUOTE] = STOP
  const whitespace = rows[1]?.[0x20] ?? 0
  const lineEnd = Uint8Array.from(rows, (row) => row[0x20] ?? 0)
  const automaton = { bare, quoted, lineEnd, kinds: Uint8Array.from(kinds), start: 1, whitespace, text: 0 }
  automata.set(delimiter, automaton)
  return automaton
}
