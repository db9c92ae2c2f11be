/** The tree of activity instances of a live instance, as Camunda shows it. Pure. */
import type { Aggregate, ExecutionRow, FlowNode, IncidentRow, ProcessGraph } from '@rowhouse/bpmn'

export interface TreeNode {
  id: string
  parentActivityInstanceId: string | null
  activityId: string
  activityType: string
  processInstanceId: string
  processDefinitionId: string
  childActivityInstances: TreeNode[]
  childTransitionInstances: TransitionNode[]
  executionIds: string[]
  activityName: string | null
  incidentIds: string[]
  incidents: { id: string; activityId: string }[]
  name: string | null
}

export interface TransitionNode {
  id: string
  parentActivityInstanceId: string
  processInstanceId: string
  processDefinitionId: string
  activityId: string
  activityName: string | null
  activityType: string
  executionId: string
  incidentIds: string[]
  incidents: { id: string; activityId: string }[]
}

export function activityTree({ instance, executions, incidents }: Aggregate, graph: ProcessGraph): TreeNode {
  const root: TreeNode = {
    ...emptyNode(instance.id, null, instance.definitionId, 'processDefinition', graph.name),
    processInstanceId: instance.id,
    processDefinitionId: instance.definitionId,
    executionIds: [instance.id],
  }
  const nodes = new Map<string, TreeNode>([[instance.id, root]])
  const byId = new Map(executions.map((execution) => [execution.id, execution]))
  for (const execution of topDown(executions, byId)) place(execution)
  return root

  function place(execution: ExecutionRow): void {
    const node = execution.activityId === null ? undefined : graph.nodes.get(execution.activityId)
    if (node === undefined || hasSameActivityBelow(execution)) return
    const parent = nodes.get(enclosing(execution)) ?? root
    const own = incidents.filter((incident) => incident.executionId === execution.id)
    if (execution.activityInstanceId === null)
      parent.childTransitionInstances.push(transition(execution, node, parent, own))
    else parent.childActivityInstances.push(activity(execution, execution.activityInstanceId, node, parent, own))
  }

  /** A token in a scope activity: the scope's own child execution stands for it. */
  function hasSameActivityBelow(execution: ExecutionRow): boolean {
    return executions.some(
      (child) =>
        child.parentId === execution.id && child.activityId === execution.activityId && child.activityId !== null,
    )
  }

  function enclosing(execution: ExecutionRow): string {
    let above = execution.parentId === null ? undefined : byId.get(execution.parentId)
    while (above !== undefined) {
      const id = above.activityInstanceId
      if (id !== null && id !== execution.activityInstanceId && nodes.has(id)) return id
      above = above.parentId === null ? undefined : byId.get(above.parentId)
    }
    return instance.id
  }

  function activity(
    execution: ExecutionRow,
    id: string,
    node: FlowNode,
    parent: TreeNode,
    own: IncidentRow[],
  ): TreeNode {
    const made: TreeNode = {
      ...emptyNode(id, parent.id, node.id, node.activityType, node.name),
      processInstanceId: instance.id,
      processDefinitionId: instance.definitionId,
      executionIds: [execution.id],
      ...incidentMembers(own),
    }
    nodes.set(id, made)
    return made
  }

  function transition(execution: ExecutionRow, node: FlowNode, parent: TreeNode, own: IncidentRow[]): TransitionNode {
    return {
      id: execution.id,
      parentActivityInstanceId: parent.id,
      processInstanceId: instance.id,
      processDefinitionId: instance.definitionId,
      activityId: node.id,
      activityName: node.name,
      activityType: node.activityType,
      executionId: execution.id,
      ...incidentMembers(own),
    }
  }
}

function incidentMembers(own: readonly IncidentRow[]) {
  return {
    incidentIds: own.map((incident) => incident.id),
    incidents: own.map((incident) => ({ id: incident.id, activityId: incident.activityId })),
  }
}

function emptyNode(id: string, parentId: string | null, activityId: string, activityType: string, name: string | null) {
  return {
    id,
    parentActivityInstanceId: parentId,
    activityId,
    activityType,
    childActivityInstances: [],
    childTransitionInstances: [],
    activityName: name,
    incidentIds: [],
    incidents: [],
    name,
  }
}

/** Parents before their children. */
function topDown(executions: readonly ExecutionRow[], byId: ReadonlyMap<string, ExecutionRow>): ExecutionRow[] {
  const depth = (execution: ExecutionRow): number => {
    const parent = execution.parentId === null ? undefined : byId.get(execution.parentId)
    return parent === undefined ? 0 : depth(parent) + 1
  }
  return executions
    .map((execution) => ({ execution, at: depth(execution) }))
    .sort((a, b) => a.at - b.at)
    .map(({ execution }) => execution)
}
