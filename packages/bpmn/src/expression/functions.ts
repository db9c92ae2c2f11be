/** The functions an expression may call by bare name, and how many arguments they take. */
import type { TypedValue } from '../values.ts'
import type { ExpressionContext } from './expression.ts'
import { moment, nothing, text } from './java-values.ts'

type ExpressionFunction = (context: ExpressionContext) => TypedValue

const functions = new Map<string, ExpressionFunction>([
  ['now', (context) => moment(context.now)],
  ['dateTime', (context) => moment(context.now)],
  ['currentUser', (context) => (context.user === undefined ? nothing : text(context.user.id))],
  [
    'currentUserGroups',
    (context) => (context.user === undefined ? nothing : { type: 'Object', value: [...context.user.groups] }),
  ],
])

/** undefined: no such function. */
export function functionArity(name: string): number | undefined {
  return functions.has(name) ? 0 : undefined
}

export function callFunction(name: string, context: ExpressionContext): TypedValue {
  return functions.get(name)?.(context) ?? nothing
}
