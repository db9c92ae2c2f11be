/** Graphs for tests, written as flows: `graphOf([serviceTask('a'), endEvent('e')], ['s>a', 'a>e'])`. */
import { parseExpression } from '../src/expression/parse-expression.ts'
import type {
  EventDefinition,
  FlowNode,
  ProcessGraph,
  SequenceFlow,
  ServiceImplementation,
  Timer,
} from '../src/graph.ts'

export type Extra = { [name: string]: unknown }

function node(kind: FlowNode['kind'], id: string, activityType: string, extra: Extra): FlowNode {
  return {
    kind,
    id,
    name: id,
    activityType,
    incoming: [],
    outgoing: [],
    defaultFlowId: null,
    asyncBefore: false,
    asyncAfter: false,
    exclusive: true,
    retryCycle: null,
    jobPriority: null,
    inputs: [],
    outputs: [],
    boundaryIds: [],
    ...extra,
  } as unknown as FlowNode
}

const none: EventDefinition = { kind: 'none' }
export const signal = (name: string): EventDefinition => ({ kind: 'signal', name: parseExpression(name) })
export const message = (name: string): EventDefinition => ({ kind: 'message', name: parseExpression(name) })
export const timer = (kind: Timer['kind'], text: string): EventDefinition => ({
  kind: 'timer',
  timer: { kind, expression: parseExpression(text) },
})
export const error = (errorCode: string | null, extra: Extra = {}): EventDefinition =>
  ({
    kind: 'error',
    errorCode,
    errorMessage: null,
    codeVariable: null,
    messageVariable: null,
    ...extra,
  }) as EventDefinition

export const startEvent = (id: string, event: EventDefinition = none, extra: Extra = {}) =>
  node('startEvent', id, 'startEvent', { event, formKey: null, initiator: null, ...extra })
export const endEvent = (id: string, event: EventDefinition = none, extra: Extra = {}) =>
  node('endEvent', id, event.kind === 'none' ? 'noneEndEvent' : `${event.kind}EndEvent`, { event, ...extra })
export const catchEvent = (id: string, event: EventDefinition, extra: Extra = {}) =>
  node('intermediateCatchEvent', id, 'intermediateCatchEvent', { event, correlationKey: null, ...extra })
export const boundary = (id: string, attachedToId: string, event: EventDefinition, extra: Extra = {}) =>
  node('boundaryEvent', id, 'boundaryEvent', { event, attachedToId, cancelActivity: true, ...extra })
const service = (id: string, implementation: ServiceImplementation, extra: Extra = {}) =>
  node('serviceTask', id, 'serviceTask', { implementation, fields: [], properties: {}, ...extra })
export const delegate = (id: string, extra: Extra = {}) =>
  service(id, { kind: 'class', className: `com.modelop.mlc.delegate.modelop.${id}` }, extra)
export const external = (id: string, extra: Extra = {}) =>
  service(id, { kind: 'external', topic: parseExpression(`topic-${id}`), priority: null }, extra)
export const expressionTask = (id: string, text: string, resultVariable: string | null = null, extra: Extra = {}) =>
  service(id, { kind: 'expression', expression: parseExpression(text), resultVariable }, extra)
export const userTask = (id: string, extra: Extra = {}) =>
  node('userTask', id, 'userTask', {
    assignee: null,
    candidateUsers: null,
    candidateGroups: null,
    dueDate: null,
    followUpDate: null,
    priority: null,
    formKey: null,
    description: null,
    ...extra,
  })
export const passThrough = (id: string, extra: Extra = {}) => node('passThroughTask', id, 'task', extra)
export const exclusive = (id: string, extra: Extra = {}) => node('exclusiveGateway', id, 'exclusiveGateway', extra)
export const parallel = (id: string, extra: Extra = {}) => node('parallelGateway', id, 'parallelGateway', extra)
export const input = (name: string, text: string) => ({
  name,
  value: { kind: 'expression' as const, expression: parseExpression(text) },
})

/** Flows as `from>to`, with a condition as `from>to ${…}`; a flow's id is `from_to`, numbered when it is not the first of its kind. */
export function graphOf(nodes: FlowNode[], arrows: string[]): ProcessGraph {
  const flows = new Map<string, SequenceFlow>()
  for (const arrow of arrows) {
    const [way = '', ...condition] = arrow.split(' ')
    const [sourceId = '', targetId = ''] = way.split('>')
    let id = `${sourceId}_${targetId}`
    for (let n = 2; flows.has(id); n += 1) id = `${sourceId}_${targetId}_${n}`
    const text = condition.join(' ')
    flows.set(id, { id, sourceId, targetId, condition: text === '' ? null : parseExpression(text) })
  }
  const all = [...flows.values()]
  const complete = nodes.map(
    (each): FlowNode => ({
      ...each,
      incoming: all.filter((flow) => flow.targetId === each.id).map((flow) => flow.id),
      outgoing: all.filter((flow) => flow.sourceId === each.id).map((flow) => flow.id),
      boundaryIds: nodes
        .filter((other) => other.kind === 'boundaryEvent' && other.attachedToId === each.id)
        .map((other) => other.id),
    }),
  )
  return {
    key: 'p',
    name: 'p',
    category: 'urn:test',
    description: null,
    versionTag: null,
    historyTimeToLiveDays: null,
    startableInTasklist: true,
    nodes: new Map(complete.map((each) => [each.id, each])),
    flows,
    startIds: complete.filter((each) => each.kind === 'startEvent').map((each) => each.id),
    jobDefinitions: [],
  }
}
