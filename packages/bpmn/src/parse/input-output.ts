/** camunda:inputOutput and camunda:field: values handed to an activity and taken from it. */
import type { Expression } from '../expression/expression.ts'
import { literalExpression, nullExpression } from '../expression/parse-expression.ts'
import type { Parameter, ParameterValue } from '../graph.ts'
import { childOf, childrenOf, extensionsOf, type ModelElement, tagOf, textOf } from './model.ts'
import { type Reading, toExpression } from './reading.ts'
import { refuse } from './refused.ts'

const none = { inputs: [], outputs: [] }

export function readInputOutput(
  element: ModelElement,
  reading: Reading,
): { inputs: readonly Parameter[]; outputs: readonly Parameter[] } {
  const [mapping] = extensionsOf(element, 'camunda:InputOutput')
  if (mapping === undefined) return none
  const tag = tagOf(element)
  const isSupported =
    /Task$|^task$/.test(tag) || (tag.endsWith('Event') && tag !== 'startEvent' && tag !== 'boundaryEvent')
  if (!isSupported) {
    reading.problems.error(`camunda:inputOutput mapping unsupported for element type '${tag}'.`, element)
    return none
  }
  const read = (name: string) => childrenOf(mapping, name).flatMap((entry) => readParameter(entry, element, reading))
  const outputs = read('outputParameters')
  if (tag === 'endEvent' && outputs.length > 0) {
    reading.problems.error("camunda:outputParameter not allowed for element type 'endEvent'.", element)
  }
  return { inputs: read('inputParameters'), outputs }
}

function readParameter(entry: ModelElement, owner: ModelElement, reading: Reading): Parameter[] {
  const name = textOf(entry, 'name')
  if (name === undefined || name === '') {
    const kind = entry.$type === 'camunda:InputParameter' ? 'inputParameter' : 'outputParameter'
    reading.problems.error(`Missing attribute 'name' for ${kind}`, owner)
    return []
  }
  return [{ name, value: readValue(entry, owner, reading) }]
}

/** Of a parameter or an entry: its definition child, else its text. */
function readValue(entry: ModelElement, owner: ModelElement, reading: Reading): ParameterValue {
  const definition = childOf(entry, 'definition')
  return definition === undefined ? readText(entry, owner, reading) : readDefinition(definition, owner, reading)
}

function readDefinition(definition: ModelElement, owner: ModelElement, reading: Reading): ParameterValue {
  switch (definition.$type) {
    case 'camunda:List':
      return {
        kind: 'list',
        items: childrenOf(definition, 'items').map((item) => readDefinition(item, owner, reading)),
      }
    case 'camunda:Map':
      return {
        kind: 'map',
        entries: childrenOf(definition, 'entries').map((entry) => ({
          key: textOf(entry, 'key') ?? '',
          value: readValue(entry, owner, reading),
        })),
      }
    case 'camunda:Script':
      refuse('a script in camunda:inputOutput', 'write it as an expression, ${…}', owner, reading.problems)
      return { kind: 'expression', expression: nullExpression() }
    default:
      return readText(definition, owner, reading)
  }
}

/** Empty text is null, as in Camunda. */
function readText(entry: ModelElement, owner: ModelElement, reading: Reading): ParameterValue {
  const text = (textOf(entry, 'value') ?? '').trim()
  const expression = text === '' ? nullExpression() : toExpression(text, owner, reading.problems)
  return { kind: 'expression', expression }
}

/** camunda:field: a plain text or an expression under a name. */
export function readFields(element: ModelElement, reading: Reading): { name: string; value: Expression }[] {
  return extensionsOf(element, 'camunda:Field').flatMap((field) => {
    const name = textOf(field, 'name')
    const plain = textOf(field, 'stringValue') ?? textOf(field, 'string')
    const expression = textOf(field, 'expression')
    if (name === undefined || (plain === undefined && expression === undefined)) {
      reading.problems.error(
        `Field injection of '${element.id}' needs a name and one of stringValue, string or expression`,
        element,
      )
      return []
    }
    const value =
      plain === undefined
        ? toExpression((expression ?? '').trim(), element, reading.problems)
        : literalExpression(plain)
    return [{ name, value }]
  })
}

/** camunda:properties, by name; one without a name says nothing. */
export function readProperties(element: ModelElement): Record<string, string> {
  const properties = extensionsOf(element, 'camunda:Properties').flatMap((holder) => childrenOf(holder, 'values'))
  return Object.fromEntries(
    properties.flatMap((property) => {
      const name = textOf(property, 'name')
      return name === undefined ? [] : [[name, textOf(property, 'value') ?? '']]
    }),
  )
}
