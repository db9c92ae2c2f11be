/** Where a text stops being JSON: V8 tells it for some mistakes only. */
export interface JsonMistake {
  line: number
  column: number
  /** In words: `unexpected 'b'`. */
  what: string
}

const space = String.raw`[ \t\n\r]*`
const string = String.raw`"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"`
const number = String.raw`-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])`
const token = new RegExp(String.raw`${space}(?:([{}[\],:])|(${string})|(${number}|(?:true|false|null)(?!\w)))`, 'y')

type Expect = 'value' | 'first value' | 'key' | 'first key' | 'colon' | 'comma' | 'end'

const wantedWords: Record<Expect, string> = {
  value: 'a value',
  'first value': "a value or ']'",
  key: 'a name in double quotes',
  'first key': "a name in double quotes or '}'",
  colon: "':'",
  comma: "',' or the end of the object or array",
  end: 'nothing more',
}

/** null for valid JSON. */
export function findJsonMistake(text: string): JsonMistake | null {
  const open: string[] = []
  let expect: Expect = 'value'
  let at = 0
  while (true) {
    token.lastIndex = at
    const match = token.exec(text)
    if (!match) break
    const next = follow(expect, match, open)
    if (next === null) return mistake(text, token.lastIndex - (match[1] ?? match[2] ?? match[3] ?? '').length, expect)
    expect = next
    at = token.lastIndex
  }
  const rest = /\S/.exec(text.slice(at))
  if (!rest && expect === 'end') return null
  return mistake(text, rest ? at + rest.index : text.length, expect)
}

function follow(expect: Expect, match: RegExpExecArray, open: string[]): Expect | null {
  const [, sign, string] = match
  const afterValue = (): Expect => (open.length === 0 ? 'end' : 'comma')
  if (sign === undefined) {
    if (expect === 'value' || expect === 'first value') return afterValue()
    return string !== undefined && (expect === 'key' || expect === 'first key') ? 'colon' : null
  }
  if (sign === '{' || sign === '[') {
    if (expect !== 'value' && expect !== 'first value') return null
    open.push(sign)
    return sign === '{' ? 'first key' : 'first value'
  }
  if (sign === ':') return expect === 'colon' ? 'value' : null
  const top = open.at(-1)
  if (sign === ',') return expect === 'comma' ? (top === '{' ? 'key' : 'value') : null
  const fits =
    sign === '}'
      ? top === '{' && (expect === 'comma' || expect === 'first key')
      : top === '[' && (expect === 'comma' || expect === 'first value')
  if (!fits) return null
  open.pop()
  return afterValue()
}

function mistake(text: string, offset: number, expect: Expect): JsonMistake {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  const column = offset - before.lastIndexOf('\n')
  const found =
    offset >= text.length ? 'the text ends' : `found ${JSON.stringify(text.slice(offset, offset + 20).split('\n')[0])}`
  return { line, column, what: `${found} where ${wantedWords[expect]} is expected` }
}
