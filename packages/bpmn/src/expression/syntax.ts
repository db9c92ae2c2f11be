/** The syntax tree of JUEL: what parse-expression.ts makes and evaluate.ts reads; nobody else looks inside. */
import type { TypedValue } from '../values.ts'

export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '==' | '!=' | '<' | '<=' | '>' | '>=' | '&&' | '||'
export type UnaryOperator = '-' | '!' | 'empty'

/** `source` is the piece of text a node was read from: error messages name it. */
export type SyntaxNode =
  | { node: 'literal'; source: string; value: TypedValue }
  | { node: 'name'; source: string; name: string }
  | { node: 'property'; source: string; base: SyntaxNode; key: SyntaxNode }
  | { node: 'method'; source: string; base: SyntaxNode; key: SyntaxNode; args: SyntaxNode[] }
  | { node: 'function'; source: string; name: string; args: SyntaxNode[] }
  | { node: 'unary'; source: string; operator: UnaryOperator; operand: SyntaxNode }
  | { node: 'binary'; source: string; operator: BinaryOperator; left: SyntaxNode; right: SyntaxNode }
  | { node: 'choice'; source: string; question: SyntaxNode; yes: SyntaxNode; no: SyntaxNode }
