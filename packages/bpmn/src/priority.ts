/** camunda:jobPriority and camunda:taskPriority of external tasks: whole numbers, and Camunda's forbearance with expressions. */
import { EngineError } from './engine-error.ts'
import { evaluate } from './expression/evaluate.ts'
import type { Expression } from './expression/expression.ts'
import { BpmnExpressionError } from './expression/expression-error.ts'
import { numberOf } from './expression/java-values.ts'
import { constantText } from './expression/parse-expression.ts'
import { contextOf } from './expression-context.ts'
import type { Run } from './run.ts'
import type { TypedValue } from './values.ts'

const priorityDefault = 0
const wholeTypes: ReadonlySet<TypedValue['type']> = new Set(['Short', 'Integer', 'Long'])

/** An expression that fails costs nobody the work, as in Camunda: it has the default. `heading`: what Camunda puts before its words. */
export function priorityOf(run: Run, executionId: string, expression: Expression | null, heading: string): number {
  if (expression === null) return priorityDefault
  const constant = constantText(expression)
  if (constant !== undefined) return Number.parseInt(constant, 10) || priorityDefault
  const value = valueOrNone(run, executionId, expression)
  if (value === undefined) return priorityDefault
  const number = numberOf(value)
  if (number === undefined) throw new EngineError(`${heading}: Priority value is not an Integer`)
  if (!wholeTypes.has(value.type)) {
    throw new EngineError(`${heading}: Priority value must be either Short, Integer, or Long`)
  }
  return number
}

function valueOrNone(run: Run, executionId: string, expression: Expression): TypedValue | undefined {
  try {
    return evaluate(expression, contextOf(run, executionId))
  } catch (error) {
    if (error instanceof BpmnExpressionError) return undefined
    throw error
  }
}
