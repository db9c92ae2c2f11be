/** Sequence flows: where they lead and on what condition; and what gateways allow of them. */
import type { Expression } from '../expression/expression.ts'
import type { FlowNode, SequenceFlow } from '../graph.ts'
import { childOf, type ModelElement, textOf } from './model.ts'
import { type Reading, toExpression } from './reading.ts'
import { refuse, refuseListeners } from './refused.ts'

/** `known`: ids of all flow nodes in the process, also of those that were refused. */
export function readSequenceFlow(
  element: ModelElement,
  id: string,
  known: ReadonlySet<string>,
  reading: Reading,
): SequenceFlow | null {
  const sourceId = readEnd('sourceRef', element, id, known, reading)
  const targetId = readEnd('targetRef', element, id, known, reading)
  refuseListeners(element, reading.problems)
  const condition = readCondition(element, reading)
  return sourceId === null || targetId === null ? null : { id, sourceId, targetId, condition }
}

function readEnd(
  name: 'sourceRef' | 'targetRef',
  element: ModelElement,
  id: string,
  known: ReadonlySet<string>,
  reading: Reading,
): string | null {
  const ref = reading.refOf(element, `bpmn:${name}`)
  if (ref === undefined) {
    reading.problems.error(`cvc-complex-type.4: Attribute '${name}' must appear on element 'sequenceFlow'.`, element)
    return null
  }
  if (known.has(ref)) return ref
  const end = name === 'sourceRef' ? 'source' : 'destination'
  reading.problems.error(`Invalid ${end} '${ref}' of sequence flow '${id}'`, element)
  return null
}

function readCondition(element: ModelElement, reading: Reading): Expression | null {
  const condition = childOf(element, 'conditionExpression')
  if (condition === undefined) return null
  const language = textOf(condition, 'language') ?? 'juel'
  if (language.toLowerCase() !== 'juel' || textOf(condition, 'camunda:resource') !== undefined) {
    refuse('a scripted condition', 'write it as an expression, ${…}', element, reading.problems)
    return null
  }
  const text = (textOf(condition, 'body') ?? '').trim()
  return toExpression(text, element, reading.problems)
}

/** Returns the default flow: the declared one, or the single one without a condition. */
export function checkExclusiveGateway(
  node: FlowNode,
  outgoing: readonly SequenceFlow[],
  element: ModelElement,
  reading: Reading,
): string | null {
  const { problems } = reading
  const name = `Exclusive Gateway '${node.id}'`
  const [only, second] = outgoing
  if (only === undefined) {
    problems.error(`${name} has no outgoing sequence flows.`, element, [node.id], { isPlaceless: true })
    return null
  }
  if (second === undefined) {
    if (only.condition !== null) {
      const message = `${name} has only one outgoing sequence flow ('${only.id}'). This is not allowed to have a condition.`
      problems.error(message, element, [node.id, only.id], { isPlaceless: true })
    }
    return node.defaultFlowId
  }
  for (const flow of outgoing) {
    if (flow.id !== node.defaultFlowId || flow.condition === null) continue
    const message = `${name} has outgoing sequence flow '${flow.id}' which is the default flow but has a condition too.`
    problems.error(message, element, [node.id, flow.id], { isPlaceless: true })
  }
  const bare = outgoing.filter((flow) => flow.condition === null && flow.id !== node.defaultFlowId)
  const [assumed] = bare
  if (assumed !== undefined && node.defaultFlowId === null && bare.length === 1) {
    problems.warning(
      `${name} has outgoing sequence flow '${assumed.id}' without condition which is not the default flow. We assume it to be the default flow, but it is bad modeling practice, better set the default flow in your gateway.`,
      element,
      [node.id, assumed.id],
    )
    return assumed.id
  }
  for (const flow of bare) {
    const message = `${name} has outgoing sequence flow '${flow.id}' without condition which is not the default flow.`
    problems.error(message, element, [node.id, flow.id], { isPlaceless: true })
  }
  return node.defaultFlowId
}
