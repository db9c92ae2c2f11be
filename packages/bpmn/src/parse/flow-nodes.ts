/** Flow nodes: from an element of the file to a node of the graph, or to a problem that names it. */
import type { Expression } from '../expression/expression.ts'
import { bareName } from '../expression/parse-expression.ts'
import type { EventDefinition, FlowNode, ServiceImplementation } from '../graph.ts'
import { type EventRole, readEvent } from './event-definitions.ts'
import { readFields, readInputOutput, readProperties } from './input-output.ts'
import { childrenOf, documentationOf, extensionsOf, flagOf, type ModelElement, tagOf, textOf } from './model.ts'
import { expressionOf, type Reading, toExpression } from './reading.ts'
import { isForZeebe, isRefusedElement, refuseAttachments } from './refused.ts'

type Kinds<Node> = Node extends { kind: string } ? Omit<Node, keyof NodeFrame> : never
/** What distinguishes a node, without what all nodes have. */
type NodeBody = Kinds<FlowNode>
type NodeFrame = Pick<
  FlowNode,
  | 'id'
  | 'name'
  | 'activityType'
  | 'incoming'
  | 'outgoing'
  | 'defaultFlowId'
  | 'asyncBefore'
  | 'asyncAfter'
  | 'exclusive'
  | 'retryCycle'
  | 'jobPriority'
  | 'inputs'
  | 'outputs'
  | 'boundaryIds'
>

/** Flows and boundary events are joined to the nodes later, by process.ts. */
export function readFlowNode(element: ModelElement, process: ModelElement, reading: Reading): FlowNode | null {
  const { problems } = reading
  if (isRefusedElement(element, problems)) return null
  const { id } = element
  if (id === undefined) {
    problems.error(`Element '${tagOf(element)}' needs an id.`, element)
    return null
  }
  refuseAttachments(element, problems)
  const body = readBody(element, process, reading)
  if (body === null) return null
  const { activityType, ...rest } = body
  return { ...readFrame(id, activityType, element, process, reading), ...rest } as FlowNode
}

function readFrame(
  id: string,
  activityType: string,
  element: ModelElement,
  process: ModelElement,
  reading: Reading,
): NodeFrame {
  return {
    id,
    name: textOf(element, 'name') ?? null,
    activityType,
    incoming: [],
    outgoing: [],
    defaultFlowId: reading.refOf(element, 'bpmn:default') ?? null,
    asyncBefore: flagOf(element, 'camunda:asyncBefore', false) || flagOf(element, 'camunda:async', false),
    asyncAfter: flagOf(element, 'camunda:asyncAfter', false),
    exclusive: flagOf(element, 'camunda:exclusive', true),
    retryCycle: readRetryCycle(element, reading),
    jobPriority: priorityOf(element, 'jobPriority', reading) ?? priorityOf(process, 'jobPriority', reading),
    ...readInputOutput(element, reading),
    boundaryIds: [],
  }
}

/** What holds no expression must be a number; of the process it is told once, by process.ts. */
function priorityOf(element: ModelElement, name: PriorityName, reading: Reading): Expression | null {
  if (element.$type !== 'bpmn:Process') checkPriority(element, name, reading)
  return expressionOf(element, `camunda:${name}`, reading.problems)
}

type PriorityName = 'jobPriority' | 'taskPriority'

export function checkPriority(element: ModelElement, name: PriorityName, { problems }: Reading): void {
  const text = textOf(element, `camunda:${name}`)
  if (text === undefined || /^\s*[$#]\{/.test(text) || /^[+-]?\d{1,10}$/.test(text)) return
  problems.refusal(`Value '${text}' for attribute '${name}' is not a valid number`, element)
}

function readRetryCycle(element: ModelElement, reading: Reading): Expression | null {
  const [cycle] = extensionsOf(element, 'camunda:FailedJobRetryTimeCycle')
  const text = cycle === undefined ? '' : (textOf(cycle, 'body') ?? '').trim()
  return text === '' ? null : toExpression(text, element, reading.problems)
}

type ReadBody = NodeBody & { activityType: string }

function readBody(element: ModelElement, process: ModelElement, reading: Reading): ReadBody | null {
  const tag = tagOf(element)
  switch (tag) {
    case 'startEvent':
    case 'endEvent':
    case 'intermediateCatchEvent':
    case 'intermediateThrowEvent':
    case 'boundaryEvent':
      return readEventNode(tag, element, reading)
    case 'serviceTask':
    case 'sendTask':
      return readServiceTask(tag, element, process, reading)
    case 'userTask':
      return readUserTask(element, reading)
    case 'receiveTask':
      return readReceiveTask(element, reading)
    case 'task':
    case 'manualTask':
      return { kind: 'passThroughTask', activityType: tag }
    case 'exclusiveGateway':
    case 'parallelGateway':
      return { kind: tag, activityType: tag }
    default:
      reading.problems.error(`Element '${element.id}' is a ${tag}, which is not supported.`, element)
      return null
  }
}

type EventTag = 'startEvent' | 'endEvent' | 'intermediateCatchEvent' | 'intermediateThrowEvent' | 'boundaryEvent'

const roles: Record<EventTag, EventRole> = {
  startEvent: 'start',
  endEvent: 'end',
  intermediateCatchEvent: 'catch',
  intermediateThrowEvent: 'throw',
  boundaryEvent: 'boundary',
}

/** Camunda's activityType, by role and event. */
const eventTypes: Record<EventRole, Partial<Record<EventDefinition['kind'], string>>> = {
  start: { none: 'startEvent', signal: 'signalStartEvent', message: 'messageStartEvent', timer: 'startTimerEvent' },
  catch: { signal: 'intermediateSignalCatch', message: 'intermediateMessageCatch', timer: 'intermediateTimer' },
  boundary: { signal: 'boundarySignal', message: 'boundaryMessage', timer: 'boundaryTimer', error: 'boundaryError' },
  end: { none: 'noneEndEvent', error: 'errorEndEvent', terminate: 'terminateEndEvent' },
  throw: { none: 'intermediateNoneThrowEvent' },
}

function readEventNode(tag: EventTag, element: ModelElement, reading: Reading): ReadBody | null {
  const event = readEvent(element, roles[tag], reading)
  if (event === null) return null
  const activityType = eventTypes[roles[tag]][event.kind] ?? tag
  switch (tag) {
    case 'startEvent':
      return {
        kind: tag,
        activityType,
        event,
        formKey: textOf(element, 'camunda:formKey') ?? null,
        initiator: textOf(element, 'camunda:initiator') || null,
      }
    case 'endEvent':
    case 'intermediateThrowEvent':
      return { kind: tag, activityType, event }
    case 'intermediateCatchEvent':
      return { kind: tag, activityType, event, correlationKey: readCorrelationKey(element, reading) }
    case 'boundaryEvent':
      return readBoundaryEvent(activityType, event, element, reading)
  }
}

function readBoundaryEvent(
  activityType: string,
  event: EventDefinition,
  element: ModelElement,
  reading: Reading,
): ReadBody | null {
  const attachedToId = reading.refOf(element, 'bpmn:attachedToRef')
  if (attachedToId === undefined) {
    reading.problems.error("A boundary event needs 'attachedToRef', the id of the activity it stands on.", element)
    return null
  }
  const cancelActivity = flagOf(element, 'cancelActivity', true)
  if (event.kind === 'error' && !cancelActivity) {
    reading.problems.warning(
      'An error boundary event always interrupts its activity; cancelActivity="false" is ignored.',
      element,
    )
  }
  if (event.kind === 'timer' && event.timer.kind === 'cycle' && cancelActivity) {
    reading.problems.warning(
      'It is not recommended to use a cancelling boundary timer event with a time cycle.',
      element,
    )
  }
  return {
    kind: 'boundaryEvent',
    activityType,
    event,
    attachedToId,
    cancelActivity: cancelActivity || event.kind === 'error',
  }
}

/** On the event or task itself, or on its message event definition. */
function readCorrelationKey(element: ModelElement, reading: Reading): Expression | null {
  const holders = [element, ...childrenOf(element, 'eventDefinitions')]
  const [correlation] = holders.flatMap((holder) => extensionsOf(holder, 'rowhouse:Correlation'))
  if (correlation === undefined) return null
  const key = textOf(correlation, 'key')
  if (key !== undefined && key !== '') return toExpression(key, element, reading.problems)
  reading.problems.error('rowhouse:correlation needs a \'key\', such as key="${JOB.id}".', element)
  return null
}

function readReceiveTask(element: ModelElement, reading: Reading): ReadBody | null {
  const ref = reading.refOf(element, 'bpmn:messageRef')
  const messageName = ref === undefined ? null : reading.messages.get(ref)
  if (messageName === undefined) {
    reading.problems.error(`Invalid 'messageRef': no message with id '${ref}' found.`, element)
    return null
  }
  if (ref !== undefined && (messageName === null || messageName.text.trim() === '')) {
    reading.problems.error('Cannot have a message event subscription with an empty or missing name', element)
    return null
  }
  const correlationKey = readCorrelationKey(element, reading)
  return { kind: 'receiveTask', activityType: 'receiveTask', messageName, correlationKey }
}

function readUserTask(element: ModelElement, reading: Reading): ReadBody {
  const { problems } = reading
  const expression = (name: string) => expressionOf(element, `camunda:${name}`, problems)
  if (childrenOf(element, 'resources').length > 0) {
    problems.warning(
      'humanPerformer and potentialOwner are ignored; use camunda:assignee and camunda:candidateGroups.',
      element,
    )
  }
  return {
    kind: 'userTask',
    activityType: 'userTask',
    assignee: expression('assignee'),
    candidateUsers: expression('candidateUsers'),
    candidateGroups: expression('candidateGroups'),
    dueDate: expression('dueDate'),
    followUpDate: expression('followUpDate'),
    priority: expression('priority'),
    formKey: textOf(element, 'camunda:formKey') ?? null,
    description: documentationOf(element),
  }
}

function readServiceTask(
  tag: 'serviceTask' | 'sendTask',
  element: ModelElement,
  process: ModelElement,
  reading: Reading,
): ReadBody | null {
  const implementation = readImplementation(tag, element, process, reading)
  if (implementation === null) return null
  const fields = readFields(element, reading)
  return { kind: 'serviceTask', activityType: tag, implementation, fields, properties: readProperties(element) }
}

function readImplementation(
  tag: string,
  element: ModelElement,
  process: ModelElement,
  reading: Reading,
): ServiceImplementation | null {
  const { problems } = reading
  const attribute = (name: string) => textOf(element, `camunda:${name}`)
  const type = attribute('type')
  if (type !== undefined) return readTyped(type, tag, element, process, reading)
  const className = attribute('class')?.trim()
  const delegate = attribute('delegateExpression')
  const resultVariable = attribute('resultVariable') ?? attribute('resultVariableName') ?? null
  if (className !== undefined && className !== '') {
    if (resultVariable !== null)
      problems.error(`'resultVariableName' not supported for ${tag} elements using 'class'`, element)
    return { kind: 'class', className }
  }
  if (delegate !== undefined) {
    if (resultVariable !== null) {
      problems.error(`'resultVariableName' not supported for ${tag} elements using 'delegateExpression'`, element)
    }
    const expression = toExpression(delegate, element, problems)
    return { kind: 'delegateExpression', name: bareName(expression) ?? delegate, expression }
  }
  const text = attribute('expression')
  if (text !== undefined && text.trim() !== '') {
    return { kind: 'expression', expression: toExpression(text, element, problems), resultVariable }
  }
  // Told of already.
  if (extensionsOf(element, 'camunda:Connector').length > 0 || isForZeebe(element)) return null
  problems.error(
    // The missing blank is Camunda's.
    `One of the attributes 'class', 'delegateExpression', 'type', or 'expression' is mandatory on ${tag}. If you are using a connector, make sure theconnect process engine plugin is registered with the process engine.`,
    element,
  )
  return null
}

function readTyped(
  type: string,
  tag: string,
  element: ModelElement,
  process: ModelElement,
  reading: Reading,
): ServiceImplementation | null {
  const { problems } = reading
  if (type.toLowerCase() !== 'external') {
    problems.error(`Invalid usage of type attribute on ${tag}: '${type}'`, element)
    return null
  }
  const topic = expressionOf(element, 'camunda:topic', problems)
  if (topic === null) {
    problems.error("External tasks must specify a 'topic' attribute in the camunda namespace", element)
    return null
  }
  const priority = priorityOf(element, 'taskPriority', reading) ?? priorityOf(process, 'taskPriority', reading)
  return { kind: 'external', topic, priority }
}
