/** One executable process: its nodes joined by its flows, checked as a whole. */
import type { FlowNode, JobDefinition, JobType, ProcessGraph, SequenceFlow } from '../graph.ts'
import { checkTimerText } from '../timer.ts'
import { checkPriority, readFlowNode } from './flow-nodes.ts'
import { childrenOf, documentationOf, flagOf, type ModelElement, textOf } from './model.ts'
import { isConstant, type Reading } from './reading.ts'
import { refuseListeners, refuseZeebe } from './refused.ts'
import { checkExclusiveGateway, readSequenceFlow } from './sequence-flows.ts'

/** Drawn, but never run. */
const ignoredTypes = new Set(['bpmn:DataObject', 'bpmn:DataObjectReference', 'bpmn:DataStoreReference'])

interface Parts {
  elements: Map<string, ModelElement>
  nodes: Map<string, FlowNode>
  flows: Map<string, SequenceFlow>
}

export function readProcess(process: ModelElement, category: string | null, reading: Reading): ProcessGraph | null {
  const key = process.id
  if (key === undefined || key === '') {
    reading.problems.fault('ENGINE-01009 Error while parsing process. The process element has no id.', process)
    return null
  }
  refuseZeebe(process, reading.problems)
  refuseListeners(process, reading.problems)
  for (const name of ['jobPriority', 'taskPriority'] as const) checkPriority(process, name, reading)
  const parts = readParts(process, reading)
  const nodes = joinNodes(parts, reading)
  const startIds = [...nodes.values()].filter((node) => node.kind === 'startEvent').map((node) => node.id)
  checkStarts(process, parts, nodes, reading)
  checkNames(key, parts, nodes, reading)
  checkTimers(parts, nodes, reading)
  return {
    key,
    name: textOf(process, 'name') ?? null,
    category,
    description: documentationOf(process),
    versionTag: textOf(process, 'camunda:versionTag') ?? null,
    historyTimeToLiveDays: readTimeToLive(process, reading),
    startableInTasklist: flagOf(process, 'camunda:isStartableInTasklist', true),
    nodes,
    flows: parts.flows,
    startIds,
    jobDefinitions: [...nodes.values()].flatMap(jobDefinitionsOf),
  }
}

function readParts(process: ModelElement, reading: Reading): Parts {
  const elements = new Map<string, ModelElement>()
  const nodes = new Map<string, FlowNode>()
  const flowElements: ModelElement[] = []
  for (const element of childrenOf(process, 'flowElements')) {
    if (ignoredTypes.has(element.$type)) continue
    if (element.$type === 'bpmn:SequenceFlow') {
      flowElements.push(element)
      continue
    }
    if (element.id !== undefined) elements.set(element.id, element)
    const node = readFlowNode(element, process, reading)
    if (node !== null) nodes.set(node.id, node)
  }
  const flows = new Map<string, SequenceFlow>()
  const known = new Set(elements.keys())
  for (const [index, element] of flowElements.entries()) {
    const id = element.id ?? freeId(`sequenceFlow_${index + 1}`, flowElements, known)
    elements.set(id, element)
    const flow = readSequenceFlow(element, id, known, reading)
    if (flow !== null) flows.set(id, flow)
  }
  return { elements, nodes, flows }
}

/** Flows without an id are legal; theirs must not be somebody else's. */
function freeId(wish: string, flowElements: readonly ModelElement[], known: ReadonlySet<string>): string {
  let id = wish
  while (known.has(id) || flowElements.some((element) => element.id === id)) id = `${id}_`
  return id
}

function joinNodes(parts: Parts, reading: Reading): Map<string, FlowNode> {
  const incoming = Map.groupBy(parts.flows.values(), (flow) => flow.targetId)
  const outgoing = Map.groupBy(parts.flows.values(), (flow) => flow.sourceId)
  const boundaries = Map.groupBy(
    [...parts.nodes.values()].filter((node) => node.kind === 'boundaryEvent'),
    (node) => node.attachedToId,
  )
  const joined = new Map<string, FlowNode>()
  for (const node of parts.nodes.values()) {
    const element = parts.elements.get(node.id)
    const leaving = outgoing.get(node.id) ?? []
    checkBoundary(node, parts, element, reading)
    checkDefaultFlow(node, leaving, element, reading)
    const isGateway = node.kind === 'exclusiveGateway' && element !== undefined
    joined.set(node.id, {
      ...node,
      incoming: (incoming.get(node.id) ?? []).map((flow) => flow.id),
      outgoing: leaving.map((flow) => flow.id),
      defaultFlowId: isGateway ? checkExclusiveGateway(node, leaving, element, reading) : node.defaultFlowId,
      boundaryIds: (boundaries.get(node.id) ?? []).map((boundary) => boundary.id),
    })
  }
  return joined
}

const activityKinds = new Set<FlowNode['kind']>(['serviceTask', 'userTask', 'receiveTask', 'passThroughTask'])

function checkBoundary(node: FlowNode, parts: Parts, element: ModelElement | undefined, reading: Reading): void {
  if (node.kind !== 'boundaryEvent') return
  const host = parts.nodes.get(node.attachedToId)
  // A refused host has been told of already.
  if (host === undefined && parts.elements.has(node.attachedToId)) return
  if (host !== undefined && activityKinds.has(host.kind)) return
  reading.problems.error(
    'Invalid reference in boundary event. Make sure that the referenced activity is defined in the same scope as the boundary event',
    element,
  )
}

function checkDefaultFlow(
  node: FlowNode,
  leaving: readonly SequenceFlow[],
  element: ModelElement | undefined,
  reading: Reading,
): void {
  if (node.defaultFlowId === null || leaving.some((flow) => flow.id === node.defaultFlowId)) return
  reading.problems.error(
    `The default flow '${node.defaultFlowId}' of '${node.id}' is not one of its outgoing sequence flows.`,
    element,
  )
}

function checkStarts(process: ModelElement, parts: Parts, nodes: Map<string, FlowNode>, reading: Reading): void {
  const hasStart = [...parts.elements.values()].some((element) => element.$type === 'bpmn:StartEvent')
  if (!hasStart) reading.problems.error('process must define a startEvent element', process)
  const plain = [...nodes.values()].filter(
    (node) => node.kind === 'startEvent' && (node.event.kind === 'none' || node.event.kind === 'timer'),
  )
  for (const node of plain.slice(1)) {
    reading.problems.error(
      'multiple none start events or timer start events not supported on process definition',
      process,
      [node.id],
    )
  }
}

/** One subscription per name and scope: the process for start events, the activity for its boundary events. */
function checkNames(key: string, parts: Parts, nodes: Map<string, FlowNode>, reading: Reading): void {
  const taken = new Set<string>()
  for (const node of nodes.values()) {
    if (node.kind !== 'startEvent' && node.kind !== 'boundaryEvent') continue
    const { event } = node
    if (event.kind !== 'signal' && event.kind !== 'message') continue
    const element = parts.elements.get(node.id)
    const scope = node.kind === 'startEvent' ? key : node.attachedToId
    const subscription = JSON.stringify([node.kind, scope, event.kind, event.name.text])
    if (taken.has(subscription)) {
      reading.problems.error(
        `Cannot have more than one ${event.kind} event subscription with name '${event.name.text}' for scope '${scope}'`,
        element,
      )
    }
    taken.add(subscription)
  }
}

/** Start timers are armed at deployment, so that a bad one fails it; others fail when they are reached, and are warned of. */
function checkTimers(parts: Parts, nodes: Map<string, FlowNode>, reading: Reading): void {
  for (const node of nodes.values()) {
    if (!('event' in node) || node.event.kind !== 'timer' || !isConstant(node.event.timer.expression)) continue
    const { kind, expression } = node.event.timer
    const fault = checkTimerText(expression.text, kind)
    if (fault === null) continue
    const element = parts.elements.get(node.id)
    if (node.kind === 'startEvent') reading.problems.fault(fault, element)
    else reading.problems.warning(fault, element)
  }
}

const intMax = 2 ** 31 - 1

function readTimeToLive(process: ModelElement, reading: Reading): number | null {
  const text = textOf(process, 'camunda:historyTimeToLive')?.trim()
  if (text === undefined || text === '') return null
  const days = /^(?:P(\d+)D|\+?(\d+))$/.exec(text)
  const number = Number(days?.[1] ?? days?.[2] ?? Number.NaN)
  if (number <= intMax) return number
  const why = /^-\d+$/.test(text)
    ? 'negative value is not allowed'
    : `'${text}' is neither a number of days nor P<n>D, up to ${intMax}`
  reading.problems.error(`Cannot parse historyTimeToLive: ${why}`, process)
  return null
}

function jobDefinitionsOf(node: FlowNode): JobDefinition[] {
  const made: JobDefinition[] = []
  const add = (jobType: JobType, configuration: string) => made.push({ activityId: node.id, jobType, configuration })
  if (node.asyncBefore) add('async-continuation', 'async-before')
  if (node.asyncAfter) add('async-continuation', 'async-after')
  if (!('event' in node) || node.event.kind !== 'timer') return made
  const { kind, expression } = node.event.timer
  const configuration = `${kind.toUpperCase()}: ${expression.text}`
  if (node.kind === 'startEvent') add('timer-start-event', configuration)
  else if (node.kind === 'boundaryEvent') add('timer-transition', configuration)
  else add('timer-intermediate-transition', configuration)
  return made
}

/** Only processes that say isExecutable="true" are deployed, as in Camunda. */
export function executableProcesses(definitions: ModelElement, reading: Reading): ModelElement[] {
  const processes = childrenOf(definitions, 'rootElements').filter((element) => element.$type === 'bpmn:Process')
  return processes.filter((process) => {
    if (flagOf(process, 'isExecutable', false)) return true
    reading.problems.warning(
      `Process '${process.id ?? ''}' is not deployed: it does not say isExecutable="true".`,
      process,
    )
    return false
  })
}
