/** JUEL by our own parser: `text ${expression} text`. Grammar and messages are those of the JUEL that Camunda carries. */
import type { TypedValue } from '../values.ts'
import type { Expression } from './expression.ts'
import { BpmnExpressionError } from './expression-error.ts'
import { functionArity } from './functions.ts'
import { longMax, longOf } from './java-values.ts'
import { BindFault, ScanFault, scanText, scanTokens, type Token } from './scan.ts'
import type { BinaryOperator, SyntaxNode, UnaryOperator } from './syntax.ts'

/** Bounds that keep parsing and evaluation, both recursive, off the end of the stack. */
const nestingMax = 150
const nodesMax = 2000

const levels: readonly (readonly BinaryOperator[])[] = [
  ['||'],
  ['&&'],
  ['==', '!='],
  ['<', '<=', '>', '>='],
  ['+', '-'],
  ['*', '/', '%'],
]

/** @throws BpmnExpressionError with Camunda's ENGINE-01009 text */
export function parseExpression(text: string): Expression {
  try {
    const parts: (string | SyntaxNode)[] = []
    let at = 0
    while (at < text.length) {
      const plain = scanText(text, at)
      if (plain.text !== '') parts.push(plain.text)
      if (plain.next >= text.length) break
      const parser = new ExpressionParser(text, scanTokens(text, plain.next + 2))
      parts.push(parser.parse())
      at = parser.end
    }
    return { text, parts }
  } catch (fault) {
    if (!(fault instanceof ScanFault)) throw fault
    throw new BpmnExpressionError(
      'syntax',
      text,
      `ENGINE-01009 Error while parsing process. ${fault instanceof BindFault ? '' : `Error parsing '${text}': `}${fault.message}.`,
    )
  }
}

/** A text that is taken as it stands, dollar signs and all. */
export function literalExpression(text: string): Expression {
  return { text, parts: text === '' ? [] : [text] }
}

/** An expression whose value is null: an empty input parameter. */
export function nullExpression(): Expression {
  const nothing: SyntaxNode = { node: 'literal', source: '', value: { type: 'Null', value: null } }
  return { text: '', parts: [nothing] }
}

/** The text when there is nothing to evaluate in it; undefined otherwise. */
export function constantText(expression: Expression): string | undefined {
  return expression.parts.every((part) => typeof part === 'string') ? expression.parts.join('') : undefined
}

/** The bare name in `${name}`; undefined for anything else. */
export function bareName(expression: Expression): string | undefined {
  const [part] = expression.parts
  if (expression.parts.length !== 1 || part === undefined || typeof part === 'string') return undefined
  return part.node === 'name' ? part.name : undefined
}

class ExpressionParser {
  end = 0
  private readonly text: string
  private readonly tokens: Token[]
  private index = 0
  private depth = 0
  private nodes = 0

  constructor(text: string, tokens: Token[]) {
    this.text = text
    this.tokens = tokens
  }

  parse(): SyntaxNode {
    const node = this.expression()
    const closing = this.peek()
    if (closing.kind !== 'end' || closing.end === closing.at) throw this.unexpected("'}'")
    this.end = closing.end
    return node
  }

  private expression(): SyntaxNode {
    this.depth++
    if (this.depth > nestingMax) throw new ScanFault(`nested more than ${nestingMax} deep`)
    const question = this.binary(0)
    const node = this.takeSymbol('?') ? this.choice(question) : question
    this.depth--
    return node
  }

  private choice(question: SyntaxNode): SyntaxNode {
    const yes = this.expression()
    this.expectSymbol(':')
    const no = this.expression()
    return this.made({ node: 'choice', source: '', question, yes, no })
  }

  private binary(level: number): SyntaxNode {
    const operators = levels[level]
    if (operators === undefined) return this.unary()
    let left = this.binary(level + 1)
    for (;;) {
      const token = this.peek()
      const operator = token.kind === 'symbol' ? operators.find((candidate) => candidate === token.text) : undefined
      if (operator === undefined) return left
      this.index++
      left = this.made({ node: 'binary', source: '', operator, left, right: this.binary(level + 1) })
    }
  }

  private unary(): SyntaxNode {
    const operators: UnaryOperator[] = []
    for (;;) {
      const token = this.peek()
      if (token.kind !== 'symbol' || (token.text !== '-' && token.text !== '!' && token.text !== 'empty')) break
      operators.push(token.text)
      this.index++
    }
    let node = this.postfix()
    for (const operator of operators.reverse()) {
      node = this.made({ node: 'unary', source: '', operator, operand: node })
    }
    return node
  }

  private postfix(): SyntaxNode {
    const start = this.peek().at
    let base = this.primary()
    for (;;) {
      let key: SyntaxNode
      if (this.takeSymbol('.')) {
        const token = this.next()
        if (token.kind !== 'name') throw this.unexpected('<IDENTIFIER>', token)
        key = this.made({ node: 'literal', source: token.text, value: { type: 'String', value: token.text } })
      } else if (this.takeSymbol('[')) {
        key = this.expression()
        this.expectSymbol(']')
      } else return base
      const isCall = this.isSymbol('(')
      const args = isCall ? this.args() : []
      const source = this.sourceFrom(start)
      base = this.made(isCall ? { node: 'method', source, base, key, args } : { node: 'property', source, base, key })
    }
  }

  private primary(): SyntaxNode {
    const token = this.next()
    switch (token.kind) {
      case 'string':
        return this.literal(token, { type: 'String', value: token.text })
      case 'integer':
        if (BigInt(token.text) > longMax) throw this.unexpected('a number below 2^63', token)
        return this.literal(token, longOf(BigInt(token.text)))
      case 'float':
        return this.literal(token, doubleLiteral(token.text))
      case 'name':
        return this.nameOrFunction(token)
      case 'symbol': {
        if (token.text !== '(') break
        const inner = this.expression()
        this.expectSymbol(')')
        return inner
      }
      case 'end':
        break
    }
    throw this.unexpected("<IDENTIFIER>|<STRING>|<FLOAT>|<INTEGER>|'true'|'false'|'null'|'-'|'!'|'empty'|'('", token)
  }

  private nameOrFunction(token: Token): SyntaxNode {
    if (token.text === 'true' || token.text === 'false') {
      return this.literal(token, { type: 'Boolean', value: token.text === 'true' })
    }
    if (token.text === 'null') return this.literal(token, { type: 'Null', value: null })
    let name = token.text
    const [colon, local, opening] = this.tokens.slice(this.index, this.index + 3)
    if (colon?.text === ':' && local?.kind === 'name' && opening?.kind === 'symbol' && opening.text === '(') {
      name = `${name}:${local.text}`
      this.index += 2
    }
    if (!this.isSymbol('(')) return this.made({ node: 'name', source: name, name })
    const args = this.args()
    const arity = functionArity(name)
    if (arity === undefined) throw new BindFault(`Could not resolve function '${name}'`)
    if (arity !== args.length) throw new BindFault(`Parameters for function '${name}' do not match`)
    return this.made({ node: 'function', source: this.sourceFrom(token.at), name, args })
  }

  private args(): SyntaxNode[] {
    this.expectSymbol('(')
    const args: SyntaxNode[] = []
    if (this.takeSymbol(')')) return args
    do args.push(this.expression())
    while (this.takeSymbol(','))
    this.expectSymbol(')')
    return args
  }

  private literal(token: Token, value: TypedValue): SyntaxNode {
    return this.made({ node: 'literal', source: this.text.slice(token.at, token.end), value })
  }

  private made(node: SyntaxNode): SyntaxNode {
    this.nodes++
    if (this.nodes > nodesMax) throw new ScanFault(`more than ${nodesMax} operations and names in one expression`)
    return node
  }

  private sourceFrom(start: number): string {
    return this.text.slice(start, this.tokens[this.index - 1]?.end ?? start)
  }

  private peek(): Token {
    return this.tokens[this.index] ?? { kind: 'end', text: '', at: this.text.length, end: this.text.length }
  }

  private next(): Token {
    const token = this.peek()
    if (token.kind !== 'end') this.index++
    return token
  }

  private isSymbol(text: string): boolean {
    const token = this.peek()
    return token.kind === 'symbol' && token.text === text
  }

  private takeSymbol(text: string): boolean {
    if (!this.isSymbol(text)) return false
    this.index++
    return true
  }

  private expectSymbol(text: string): void {
    if (!this.takeSymbol(text)) throw this.unexpected(`'${text}'`)
  }

  private unexpected(expected: string, token: Token = this.peek()): ScanFault {
    const isMissing = token.kind === 'end' && token.end === token.at
    const encountered = isMissing ? 'null' : `'${this.text.slice(token.at, token.end)}'`
    return new ScanFault(`syntax error at position ${token.at}, encountered ${encountered}, expected ${expected}`)
  }
}

function doubleLiteral(text: string): TypedValue {
  const value = Number(text)
  return { type: 'Double', value: Number.isFinite(value) ? value : 'Infinity' }
}
