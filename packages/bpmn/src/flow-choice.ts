/** Which sequence flows a token takes when it leaves an element. */
import { EngineError } from './engine-error.ts'
import { evaluateCondition } from './expression/evaluate.ts'
import { contextOf } from './expression-context.ts'
import type { FlowNode, SequenceFlow } from './graph.ts'
import type { Run } from './run.ts'

/** Empty only when the element has no outgoing flow. */
export function chooseFlows(run: Run, executionId: string, node: FlowNode): SequenceFlow[] {
  const flows = node.outgoing.map((id) => flowOf(run, id))
  if (flows.length === 0) return []
  switch (node.kind) {
    case 'parallelGateway':
      return flows
    case 'exclusiveGateway':
      return [chooseOne(run, executionId, node, flows)]
    default:
      return chooseTrue(run, executionId, node, flows)
  }
}

/** The first true one in document order, else the default. */
function chooseOne(run: Run, executionId: string, node: FlowNode, flows: SequenceFlow[]): SequenceFlow {
  const others = flows.filter((flow) => flow.id !== node.defaultFlowId)
  const chosen = others.find((flow) => isOpen(run, executionId, flow)) ?? findDefault(node, flows)
  if (chosen !== undefined) return chosen
  throw new EngineError(
    `ENGINE-02004 No outgoing sequence flow for the element with id '${node.id}' could be selected for continuing the process.`,
  )
}

/** Every true or unconditional one, else the default. */
function chooseTrue(run: Run, executionId: string, node: FlowNode, flows: SequenceFlow[]): SequenceFlow[] {
  const others = flows.filter((flow) => flow.id !== node.defaultFlowId)
  const open = others.filter((flow) => isOpen(run, executionId, flow))
  if (open.length > 0) return open
  const fallback = findDefault(node, flows)
  if (fallback !== undefined) return [fallback]
  throw new EngineError(
    `ENGINE-02006 No conditional sequence flow leaving the Flow Node '${node.id}' could be selected for continuing the process.`,
  )
}

function isOpen(run: Run, executionId: string, flow: SequenceFlow): boolean {
  return flow.condition === null || evaluateCondition(flow.condition, contextOf(run, executionId))
}

function findDefault(node: FlowNode, flows: SequenceFlow[]): SequenceFlow | undefined {
  return node.defaultFlowId === null ? undefined : flows.find((flow) => flow.id === node.defaultFlowId)
}

export function flowOf(run: Run, id: string): SequenceFlow {
  const flow = run.graph.flows.get(id)
  if (flow === undefined) throw new EngineError(`Process '${run.graph.key}' has no sequence flow '${id}'`)
  return flow
}
