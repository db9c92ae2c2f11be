/** The functions an expression may call by bare name, and how many arguments they take. */
import type { TypedValue } from '../values.ts'
import type { ExpressionContext } from './expression.ts'
import { moment, nothing } from './java-values.ts'
import { readSpin } from './spin-json.ts'

interface ExpressionFunction {
  arity: number
  call(context: ExpressionContext, args: TypedValue[]): TypedValue
}

/** Steps are made in nobody's name, as Camunda's are where nobody has signed in. */
const nobody: ExpressionFunction = { arity: 0, call: () => nothing }
const readJson: ExpressionFunction = { arity: 1, call: (_, [value]) => readSpin(value ?? nothing) }

const functions = new Map<string, ExpressionFunction>([
  ['now', { arity: 0, call: (context) => moment(context.now) }],
  ['dateTime', { arity: 0, call: (context) => moment(context.now) }],
  ['currentUser', nobody],
  ['currentUserGroups', nobody],
  ['S', readJson],
  ['JSON', readJson],
])

/** undefined: no such function. */
export function functionArity(name: string): number | undefined {
  return functions.get(name)?.arity
}

export function callFunction(name: string, context: ExpressionContext, args: TypedValue[]): TypedValue {
  return functions.get(name)?.call(context, args) ?? nothing
}
