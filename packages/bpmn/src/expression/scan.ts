/** Splits an expression text into plain text and tokens, as JUEL's scanner does. */

export type Token =
  | { kind: 'symbol'; text: string; at: number; end: number }
  | { kind: 'name'; text: string; at: number; end: number }
  | { kind: 'string'; text: string; at: number; end: number }
  | { kind: 'integer' | 'float'; text: string; at: number; end: number }
  | { kind: 'end'; text: ''; at: number; end: number }

/** A fault at a place; parse-expression.ts gives it Camunda's words. */
export class ScanFault extends Error {}
/** Well-formed, but it calls a function that does not exist. */
export class BindFault extends ScanFault {}

const symbols = [
  '&&',
  '||',
  '==',
  '!=',
  '<=',
  '>=',
  '+',
  '-',
  '*',
  '/',
  '%',
  '<',
  '>',
  '!',
  '?',
  ':',
  '(',
  ')',
  '[',
  ']',
  '.',
  ',',
]
const wordSymbols = new Map([
  ['and', '&&'],
  ['or', '||'],
  ['not', '!'],
  ['eq', '=='],
  ['ne', '!='],
  ['lt', '<'],
  ['le', '<='],
  ['gt', '>'],
  ['ge', '>='],
  ['div', '/'],
  ['mod', '%'],
  ['empty', 'empty'],
  ['instanceof', 'instanceof'],
])
const space = /\s/y
const number = /(?:\d+(\.\d*)?|(\.\d+))([eE][+-]?\d+)?/y
const name = /[\p{L}\p{Nl}\p{Sc}\p{Pc}][\p{L}\p{Nl}\p{Sc}\p{Pc}\p{Nd}\p{Mn}\p{Mc}]*/uy

/** The text before the next `${` or `#{` (backslash escapes it), and where that is. */
export function scanText(input: string, from: number): { text: string; next: number } {
  let text = ''
  let isEscaped = false
  let at = from
  for (; at < input.length; at++) {
    const char = input.charAt(at)
    if (char === '\\') {
      if (isEscaped) text += '\\'
      isEscaped = true
      continue
    }
    if ((char === '$' || char === '#') && input.charAt(at + 1) === '{') {
      if (!isEscaped) return { text, next: at }
    } else if (isEscaped) text += '\\'
    text += char
    isEscaped = false
  }
  return { text: isEscaped ? `${text}\\` : text, next: at }
}

/** The tokens between `${` and `}`; the last one is `end`, at the closing brace. */
export function scanTokens(input: string, from: number): Token[] {
  const tokens: Token[] = []
  let at = from
  while (at < input.length) {
    if (match(space, input, at) !== null) {
      at++
      continue
    }
    if (input.charAt(at) === '}') {
      tokens.push({ kind: 'end', text: '', at, end: at + 1 })
      return tokens
    }
    const token = scanToken(input, at)
    tokens.push(token)
    at = token.end
  }
  tokens.push({ kind: 'end', text: '', at: input.length, end: input.length })
  return tokens
}

function scanToken(input: string, at: number): Token {
  const char = input.charAt(at)
  if (char === "'" || char === '"') return scanString(input, at)
  const digits = match(number, input, at)
  if (digits !== null) {
    return { kind: /[.eE]/.test(digits) ? 'float' : 'integer', text: digits, at, end: at + digits.length }
  }
  const word = match(name, input, at)
  if (word !== null) {
    const symbol = wordSymbols.get(word)
    if (symbol !== undefined) return { kind: 'symbol', text: symbol, at, end: at + word.length }
    return { kind: 'name', text: word, at, end: at + word.length }
  }
  const symbol = symbols.find((candidate) => input.startsWith(candidate, at))
  if (symbol === undefined) {
    throw new ScanFault(
      `lexical error at position ${at}, encountered invalid character '${char}', expected expression token`,
    )
  }
  return { kind: 'symbol', text: symbol, at, end: at + symbol.length }
}

function scanString(input: string, start: number): Token {
  const quote = input.charAt(start)
  let text = ''
  for (let at = start + 1; at < input.length; at++) {
    const char = input.charAt(at)
    if (char === quote) return { kind: 'string', text, at: start, end: at + 1 }
    if (char !== '\\') {
      text += char
      continue
    }
    at++
    const escaped = input.charAt(at)
    if (escaped !== '\\' && escaped !== quote) {
      if (at >= input.length) break
      throw new ScanFault(
        `lexical error at position ${start}, encountered invalid escape sequence \\${escaped}, expected \\${quote} or \\\\`,
      )
    }
    text += escaped
  }
  throw new ScanFault(`lexical error at position ${start}, encountered unterminated string, expected ${quote}`)
}

function match(pattern: RegExp, input: string, at: number): string | null {
  pattern.lastIndex = at
  return pattern.exec(input)?.[0] ?? null
}
