import type { TypedValue } from '../values.ts'
import type { SyntaxNode } from './syntax.ts'

/** A parsed text with `${…}` / `#{…}` parts; a text without any is a literal String. See parse-expression.ts, evaluate.ts. */
export interface Expression {
  readonly text: string
  readonly parts: readonly (string | SyntaxNode)[]
}

/** What names mean while an expression is evaluated. Time comes from the caller. */
export interface ExpressionContext {
  variable(name: string): TypedValue | undefined
  /** Context objects such as `execution` and `task`: properties and methods that the engine offers, read-only JSON inside. */
  bean(name: string): Bean | undefined
  now: Date
}

export interface Bean {
  property(name: string): TypedValue | Bean | undefined
  /** undefined result: no such method. */
  call(method: string, args: TypedValue[]): TypedValue | undefined
  /** The Java class that error messages name; without it, the name the bean was found by. */
  javaClass?: string
}
