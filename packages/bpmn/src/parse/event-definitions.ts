/** Event definitions: what an event waits for, or what it throws. */
import { literalExpression } from '../expression/parse-expression.ts'
import type { EventDefinition, Timer } from '../graph.ts'
import { childOf, childrenOf, type ModelElement, tagOf, textOf } from './model.ts'
import { isConstant, type Reading, toExpression } from './reading.ts'
import { isRefusedEvent, refuse } from './refused.ts'

/** `catch`: waits for it; `throw`: an end event or throw event. */
export type EventRole = 'start' | 'catch' | 'boundary' | 'end' | 'throw'

const allowed: Record<EventRole, readonly EventDefinition['kind'][]> = {
  start: ['none', 'signal', 'message', 'timer'],
  catch: ['signal', 'message', 'timer'],
  boundary: ['signal', 'message', 'timer', 'error'],
  end: ['none', 'error', 'terminate'],
  throw: ['none'],
}

/** null: refused or broken, and told so. */
export function readEvent(owner: ModelElement, role: EventRole, reading: Reading): EventDefinition | null {
  const definitions = childrenOf(owner, 'eventDefinitions')
  const [definition, second] = definitions
  const { problems } = reading
  if (second !== undefined) {
    refuse('several event definitions', 'give it one', owner, problems)
    return null
  }
  if (definition === undefined) return noDefinition(owner, role, reading)
  if (isRefusedEvent(definition, owner, problems)) return null
  const event = readDefinition(definition, owner, role, reading)
  if (event === null || allowed[role].includes(event.kind)) return event
  const article = event.kind === 'error' ? 'an' : 'a'
  const instead =
    event.kind === 'signal' || event.kind === 'message' ? 'throw it from a service task or worker' : 'remove it'
  refuse(`${article} ${event.kind} event definition on ${tagOf(owner)}`, instead, owner, problems)
  return null
}

function noDefinition(owner: ModelElement, role: EventRole, reading: Reading): EventDefinition | null {
  const { problems } = reading
  if (childrenOf(owner, 'eventDefinitionRef').length > 0) {
    refuse('a reference to an event definition elsewhere', 'put the event definition into the event', owner, problems)
    return null
  }
  if (allowed[role].includes('none')) return { kind: 'none' }
  problems.error(
    role === 'boundary' ? 'Unsupported boundary event type' : 'Unsupported intermediate catch event type',
    owner,
  )
  return null
}

function readDefinition(
  definition: ModelElement,
  owner: ModelElement,
  role: EventRole,
  reading: Reading,
): EventDefinition | null {
  switch (definition.$type) {
    case 'bpmn:SignalEventDefinition':
      return readSignal(definition, reading)
    case 'bpmn:MessageEventDefinition':
      return readMessage(definition, owner, role, reading)
    case 'bpmn:TimerEventDefinition':
      return readTimer(definition, owner, reading)
    case 'bpmn:ErrorEventDefinition':
      return readError(definition, role, reading)
    case 'bpmn:TerminateEventDefinition':
      return { kind: 'terminate' }
    default:
      refuse(`a ${tagOf(definition)}`, 'use another event', owner, reading.problems)
      return null
  }
}

function readSignal(definition: ModelElement, reading: Reading): EventDefinition | null {
  const ref = reading.refOf(definition, 'bpmn:signalRef')
  if (ref === undefined) {
    reading.problems.error("signalEventDefinition does not have required property 'signalRef'", definition)
    return null
  }
  const name = reading.signals.get(ref)
  if (name !== undefined) return { kind: 'signal', name }
  reading.problems.error(`Could not find signal with id '${ref}'`, definition)
  return null
}

function readMessage(
  definition: ModelElement,
  owner: ModelElement,
  role: EventRole,
  reading: Reading,
): EventDefinition | null {
  const { problems } = reading
  if (role === 'end' || role === 'throw') {
    const names = ['camunda:class', 'camunda:delegateExpression', 'camunda:expression', 'camunda:type']
    const hasImplementation = names.some((name) => textOf(definition, name) !== undefined)
    if (hasImplementation) refuse('a message throw event with an implementation', 'use a send task', owner, problems)
    else
      problems.warning(
        'The message is not sent: without an implementation the event does nothing, as in Camunda.',
        owner,
      )
    return hasImplementation ? null : { kind: 'none' }
  }
  const ref = reading.refOf(definition, 'bpmn:messageRef')
  if (ref === undefined) {
    problems.error("attribute 'messageRef' is required", definition)
    return null
  }
  const name = reading.messages.get(ref)
  if (name === undefined) {
    problems.error(`Invalid 'messageRef': no message with id '${ref}' found.`, definition)
    return null
  }
  if (name === null || name.text.trim() === '') {
    problems.error('Cannot have a message event subscription with an empty or missing name', definition)
    return null
  }
  if (role === 'start' && !isConstant(name)) {
    problems.error(
      `Invalid message name '${name.text}' for element '${owner.id}': expressions in the message start event name are not allowed!`,
      definition,
    )
  }
  return { kind: 'message', name }
}

const timerChildren: readonly [string, Timer['kind']][] = [
  ['timeDate', 'date'],
  ['timeCycle', 'cycle'],
  ['timeDuration', 'duration'],
]

function readTimer(definition: ModelElement, owner: ModelElement, reading: Reading): EventDefinition | null {
  for (const [name, kind] of timerChildren) {
    const child = childOf(definition, name)
    if (child === undefined) continue
    const text = (textOf(child, 'body') ?? '').trim()
    const expression = text === '' ? literalExpression('') : toExpression(text, owner, reading.problems)
    return { kind: 'timer', timer: { kind, expression } }
  }
  reading.problems.error(
    'Timer needs configuration (either timeDate, timeCycle or timeDuration is needed).',
    definition,
  )
  return null
}

function readError(definition: ModelElement, role: EventRole, reading: Reading): EventDefinition | null {
  const { problems } = reading
  const ref = reading.refOf(definition, 'bpmn:errorRef')
  if (ref === undefined && role === 'end') {
    problems.error("'errorRef' attribute is mandatory on error end event", definition)
    return null
  }
  const declared = ref === undefined ? undefined : reading.errors.get(ref)
  if (role === 'end' && declared !== undefined && !declared.errorCode) {
    problems.error(
      `'errorCode' is mandatory on errors referenced by throwing error event definitions, but the error '${ref}' does not define one.`,
      definition,
    )
    return null
  }
  return {
    kind: 'error',
    // An errorRef that names no declared error is the code itself.
    errorCode: declared === undefined ? (ref ?? null) : declared.errorCode,
    errorMessage: declared?.errorMessage ?? null,
    codeVariable: textOf(definition, 'camunda:errorCodeVariable') ?? null,
    messageVariable: textOf(definition, 'camunda:errorMessageVariable') ?? null,
  }
}
