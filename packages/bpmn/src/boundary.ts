/** Boundary events: armed when their activity begins, triggered by an event, a timer or an error. */
import { armTimer } from './arm-timer.ts'
import { addConcurrent, cancel, containerOf, removeWithRows } from './execution-tree.ts'
import type { FlowNode, ProcessGraph } from './graph.ts'
import { abandon } from './leaving.ts'
import type { Run } from './run.ts'
import { subscribe } from './subscribe.ts'
import type { TypedValue } from './values.ts'
import { setVariable } from './variables.ts'

type BoundaryNode = FlowNode & { kind: 'boundaryEvent' }

export function armBoundaries(run: Run, executionId: string, node: FlowNode): void {
  for (const boundary of boundariesOf(run.graph, node)) {
    const { event } = boundary
    if (event.kind === 'signal' || event.kind === 'message') {
      subscribe(run, executionId, boundary, { eventType: event.kind, name: event.name, correlationKey: null })
    } else if (event.kind === 'timer') {
      armTimer(run, executionId, boundary, event.timer)
    }
  }
}

/** `executionId`: the scope on which the attached activity runs. */
export function triggerBoundary(run: Run, executionId: string, boundary: BoundaryNode): void {
  const tokenId = boundary.cancelActivity
    ? interrupt(run, executionId)
    : addConcurrent(run, containerOf(run, executionId).id)
  run.agenda.push({ executionId: tokenId, nodeId: boundary.id, workId: null })
}

function interrupt(run: Run, executionId: string): string {
  const parentId = run.execution(executionId).parentId ?? run.instance.id
  cancel(run, executionId)
  removeWithRows(run, executionId)
  run.executions.patch(parentId, { activityInstanceId: null, isActive: true })
  return parentId
}

export interface ThrownError {
  errorCode: string
  message: string | null
}

/**
 * A business error goes to the boundary event that names its code, else to one that catches all; nobody there: the path ends. Failures
 * of expressions and of the engine are no business errors and never come here.
 */
export function throwError(run: Run, executionId: string, error: ThrownError): void {
  const node = run.node(run.execution(executionId).activityId)
  const boundary = findCatcher(run.graph, node, error.errorCode)
  if (boundary === undefined || boundary.event.kind !== 'error') {
    abandon(run, executionId)
    return
  }
  const { codeVariable, messageVariable } = boundary.event
  if (codeVariable !== null) setVariable(run, executionId, codeVariable, text(error.errorCode))
  if (messageVariable !== null) setVariable(run, executionId, messageVariable, text(error.message))
  triggerBoundary(run, executionId, boundary)
}

/** Whether a business error of this activity would go on at a boundary event. */
export function isErrorCaught(graph: ProcessGraph, activityId: string, errorCode: string): boolean {
  const node = graph.nodes.get(activityId)
  return node !== undefined && findCatcher(graph, node, errorCode) !== undefined
}

function findCatcher(graph: ProcessGraph, node: FlowNode, errorCode: string): BoundaryNode | undefined {
  const catchers = boundariesOf(graph, node).filter(({ event }) => event.kind === 'error')
  const catches = (code: string | null) => (boundary: BoundaryNode) =>
    boundary.event.kind === 'error' && boundary.event.errorCode === code
  return catchers.find(catches(errorCode)) ?? catchers.find(catches(null))
}

function boundariesOf(graph: ProcessGraph, node: FlowNode): BoundaryNode[] {
  return node.boundaryIds
    .map((id) => graph.nodes.get(id))
    .filter((each): each is BoundaryNode => each?.kind === 'boundaryEvent')
}

function text(value: string | null): TypedValue {
  return value === null ? { type: 'Null', value: null } : { type: 'String', value }
}
