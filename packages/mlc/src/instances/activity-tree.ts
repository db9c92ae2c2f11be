/** The tree of activity instances of a live instance, as Camunda shows it. Pure. */
import type { Aggregate, ExecutionRow, IncidentRow, ProcessGraph } from '@rowhouse/bpmn'

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

interface TransitionNode {
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

export function activityTree(aggregate: Aggregate, graph: ProcessGraph): TreeNode {
  const tree = new Tree(aggregate, graph)
  for (const execution of tree.topDown()) tree.place(execution)
  return tree.root
}

class Tree {
  readonly root: TreeNode
  readonly #aggregate: Aggregate
  readonly #graph: ProcessGraph
  readonly #nodes: Map<string, TreeNode>
  readonly #byId: ReadonlyMap<string, ExecutionRow>

  constructor(aggregate: Aggregate, graph: ProcessGraph) {
    const { instance, executions } = aggregate
    this.#aggregate = aggregate
    this.#graph = graph
    this.#byId = new Map(executions.map((execution) => [execution.id, execution]))
    this.root = {
      ...emptyNode(instance.id, null, instance.definitionId, 'processDefinition', graph.name),
      ...this.#instanceMembers(),
      executionIds: [instance.id],
    }
    this.#nodes = new Map([[instance.id, this.root]])
  }

  /** Parents before their children. */
  topDown(): ExecutionRow[] {
    const depth = (execution: ExecutionRow): number => {
      const parent = this.#above(execution)
      return parent === undefined ? 0 : depth(parent) + 1
    }
    return this.#aggregate.executions.toSorted((a, b) => depth(a) - depth(b))
  }

  place(execution: ExecutionRow): void {
    const node = execution.activityId === null ? undefined : this.#graph.nodes.get(execution.activityId)
    if (node === undefined || this.#hasSameActivityBelow(execution)) return
    const parent = this.#enclosing(execution)
    const own = this.#aggregate.incidents.filter((incident) => incident.executionId === execution.id)
    if (execution.activityInstanceId === null) {
      parent.childTransitionInstances.push({
        id: execution.id,
        parentActivityInstanceId: parent.id,
        ...this.#instanceMembers(),
        activityId: node.id,
        activityName: node.name,
        activityType: node.activityType,
        executionId: execution.id,
        ...incidentMembers(own),
      })
      return
    }
    const made: TreeNode = {
      ...emptyNode(execution.activityInstanceId, parent.id, node.id, node.activityType, node.name),
      ...this.#instanceMembers(),
      executionIds: [execution.id],
      ...incidentMembers(own),
    }
    this.#nodes.set(made.id, made)
    parent.childActivityInstances.push(made)
  }

  /** A token in a scope activity: the scope's own child execution stands for it. */
  #hasSameActivityBelow({ id, activityId }: ExecutionRow): boolean {
    return this.#aggregate.executions.some((child) => child.parentId === id && child.activityId === activityId)
  }

  #enclosing(execution: ExecutionRow): TreeNode {
    for (let above = this.#above(execution); above !== undefined; above = this.#above(above)) {
      const id = above.activityInstanceId
      const node = id === null || id === execution.activityInstanceId ? undefined : this.#nodes.get(id)
      if (node !== undefined) return node
    }
    return this.root
  }

  #above({ parentId }: ExecutionRow): ExecutionRow | undefined {
    return parentId === null ? undefined : this.#byId.get(parentId)
  }

  #instanceMembers() {
    const { id, definitionId } = this.#aggregate.instance
    return { processInstanceId: id, processDefinitionId: definitionId }
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
