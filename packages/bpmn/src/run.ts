/**
 * One step under way: the working copy of an instance's rows, the history told so far, and the agenda of tokens that have taken a
 * sequence flow and not yet arrived. It lives for one call of startInstance or step.
 */
import { EngineError } from './engine-error.ts'
import type { FlowNode, ProcessGraph } from './graph.ts'
import { RowTable } from './row-table.ts'
import type {
  Aggregate,
  Changes,
  DelegateCall,
  DelegateResult,
  DueWorkRow,
  ExecutionRow,
  ExternalTaskRow,
  HistoryEvent,
  IncidentRow,
  InstanceRow,
  StepEnv,
  StepResult,
  SubscriptionRow,
  UserTaskRow,
  VariableRow,
} from './state.ts'

export interface Arrival {
  executionId: string
  nodeId: string
  /** Set when due work has brought the token here: no second async-before. */
  workId: string | null
}

export class Run {
  readonly graph: ProcessGraph
  readonly env: StepEnv
  readonly given: Aggregate
  instance: InstanceRow
  readonly executions: RowTable<ExecutionRow>
  readonly variables: RowTable<VariableRow>
  readonly subscriptions: RowTable<SubscriptionRow>
  readonly dueWork: RowTable<DueWorkRow>
  readonly externalTasks: RowTable<ExternalTaskRow>
  readonly userTasks: RowTable<UserTaskRow>
  readonly incidents: RowTable<IncidentRow>
  readonly history: HistoryEvent[] = []
  /** A stack: the last token is the next, so that a branch runs to its wait state before the next one starts. */
  readonly agenda: Arrival[] = []
  visits = 0
  /** The activity being executed: the failed one, should it throw. */
  activityId: string | null = null
  delegateResult: DelegateResult | null = null
  delegateCall: DelegateCall | null = null
  /** Set when the instance ends. */
  lastVariables: VariableRow[] | null = null

  constructor(graph: ProcessGraph, given: Aggregate, env: StepEnv) {
    this.graph = graph
    this.env = env
    this.given = given
    this.instance = { ...given.instance }
    this.executions = new RowTable(given.executions)
    this.variables = new RowTable(given.variables)
    this.subscriptions = new RowTable(given.subscriptions)
    this.dueWork = new RowTable(given.dueWork)
    this.externalTasks = new RowTable(given.externalTasks)
    this.userTasks = new RowTable(given.userTasks)
    this.incidents = new RowTable(given.incidents)
  }

  node(id: string | null): FlowNode {
    const node = id === null ? undefined : this.graph.nodes.get(id)
    if (node === undefined) throw new EngineError(`Process '${this.graph.key}' has no element '${id}'`)
    return node
  }

  execution(id: string): ExecutionRow {
    const row = this.executions.find(id)
    if (row === undefined) throw new EngineError(`execution ${id} doesn't exist: execution is null`)
    return row
  }

  get isSuspended(): boolean {
    return this.instance.state === 'SUSPENDED'
  }

  get ownVariables(): VariableRow[] {
    const own = (row: VariableRow) => row.executionId === this.instance.id && row.value.transient !== true
    return this.lastVariables ?? this.variables.where(own)
  }

  get hasEnded(): boolean {
    return this.instance.endedAt !== null
  }
}

/** A delegate is to be run first: nothing has happened yet. */
function untouched(run: Run, delegateCall: DelegateCall): StepResult {
  const none = { upserts: [], deletes: [] }
  const changes: Changes = {
    instance: run.given.instance,
    executions: none,
    variables: none,
    subscriptions: none,
    dueWork: none,
    externalTasks: none,
    userTasks: none,
    incidents: none,
  }
  return { aggregate: run.given, ownVariables: run.ownVariables, changes, history: [], delegateCall }
}

/** The end of a step. Transient variables have lived until here. */
export function finish(run: Run): StepResult {
  if (run.delegateCall !== null) return untouched(run, run.delegateCall)
  const instance = { ...run.instance, revision: run.given.instance.revision + 1 }
  const isStored = () => true
  const isKept = (row: VariableRow) => row.value.transient !== true
  const changes: Changes = {
    instance,
    executions: run.executions.changes(isStored),
    variables: run.variables.changes(isKept),
    subscriptions: run.subscriptions.changes(isStored),
    dueWork: run.dueWork.changes(isStored),
    externalTasks: run.externalTasks.changes(isStored),
    userTasks: run.userTasks.changes(isStored),
    incidents: run.incidents.changes(isStored),
  }
  const aggregate: Aggregate = {
    instance,
    executions: run.executions.all(),
    variables: run.variables.where(isKept),
    subscriptions: run.subscriptions.all(),
    dueWork: run.dueWork.all(),
    externalTasks: run.externalTasks.all(),
    userTasks: run.userTasks.all(),
    incidents: run.incidents.all(),
  }
  return { aggregate, ownVariables: run.ownVariables, changes, history: run.history, delegateCall: null }
}
