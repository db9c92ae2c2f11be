/** What reading one file needs everywhere: its problems, its references, and the signals, messages and errors it declares. */
import type { Expression } from '../expression/expression.ts'
import { constantText, literalExpression, parseExpression } from '../expression/parse-expression.ts'
import type { Document } from './moddle.ts'
import { childrenOf, type ModelElement, textOf } from './model.ts'
import type { Problems } from './problems.ts'

interface DeclaredError {
  errorCode: string | null
  errorMessage: Expression | null
}

export interface Reading {
  problems: Problems
  refOf(element: ModelElement, property: string): string | undefined
  signals: ReadonlyMap<string, Expression>
  /** null: declared without a name. */
  messages: ReadonlyMap<string, Expression | null>
  errors: ReadonlyMap<string, DeclaredError>
}

export function startReading(document: Document): Reading {
  const { problems, refOf } = document
  const rootElements = childrenOf(document.definitions, 'rootElements')
  const ofType = (type: string) => rootElements.filter((element) => element.$type === type)
  return {
    problems,
    refOf,
    signals: readSignals(ofType('bpmn:Signal'), problems),
    messages: readMessages(ofType('bpmn:Message'), problems),
    errors: readErrors(ofType('bpmn:Error'), problems),
  }
}

/** The expression in an attribute or child text; null when there is none. A fault in it becomes a problem of the element. */
export function expressionOf(element: ModelElement, name: string, problems: Problems): Expression | null {
  const text = textOf(element, name)
  return text === undefined ? null : toExpression(text, element, problems)
}

export function toExpression(text: string, element: ModelElement, problems: Problems): Expression {
  return problems.guard(element, literalExpression(text), () => parseExpression(text))
}

function readSignals(elements: ModelElement[], problems: Problems): Map<string, Expression> {
  const signals = new Map<string, Expression>()
  const names = new Set<string>()
  for (const element of elements) {
    const name = textOf(element, 'name')
    if (name !== undefined && names.has(name)) problems.error(`duplicate signal name '${name}'.`, element)
    if (element.id === undefined) problems.error('signal must have an id', element)
    else if (name === undefined) problems.error(`signal with id '${element.id}' has no name`, element)
    else {
      names.add(name)
      signals.set(element.id, toExpression(name, element, problems))
    }
  }
  return signals
}

function readMessages(elements: ModelElement[], problems: Problems): Map<string, Expression | null> {
  const messages = new Map<string, Expression | null>()
  for (const element of elements) {
    if (element.id !== undefined) messages.set(element.id, expressionOf(element, 'name', problems))
  }
  return messages
}

function readErrors(elements: ModelElement[], problems: Problems): Map<string, DeclaredError> {
  const errors = new Map<string, DeclaredError>()
  for (const element of elements) {
    if (element.id === undefined) {
      problems.error("'id' is mandatory on error definition", element)
      continue
    }
    const errorCode = textOf(element, 'errorCode')
    if (errorCode === '') problems.warning("'errorCode' of the error definition is empty", element)
    const errorMessage = expressionOf(element, 'camunda:errorMessage', problems)
    errors.set(element.id, { errorCode: errorCode ?? null, errorMessage })
  }
  return errors
}

/** A name without anything to evaluate, as subscriptions made at deployment need. */
export function isConstant(expression: Expression): boolean {
  return constantText(expression) !== undefined
}
