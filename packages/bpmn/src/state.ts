/**
 * The rows of one process instance (an aggregate) and what a step does to them. The mlc wing loads the rows, calls step(), and
 * writes `changes` and `history` in one transaction. Moments are Dates given by the caller; ids are made by the caller's `newId`.
 */
import type { TypedValue } from './values.ts'

export type InstanceState = 'ACTIVE' | 'SUSPENDED' | 'COMPLETED' | 'EXTERNALLY_TERMINATED'

export interface InstanceRow {
  id: string
  definitionId: string
  definitionKey: string
  rootProcessInstanceId: string
  superExecutionId: string | null
  businessKey: string | null
  tenantId: string | null
  state: InstanceState
  startActivityId: string
  startUserId: string | null
  startedAt: Date
  endedAt: Date | null
  deleteReason: string | null
  /** Raised with each step; the store's optimistic lock. */
  revision: number
}

/**
 * A node of the execution tree, as Camunda makes it: the root's id is the instance's id; a single token in a plain activity sits on the
 * root itself; concurrency and scope activities make children. Scope activities are those with boundary events or input/output mapping,
 * external tasks, catching events and receive tasks with a message: subscriptions, timers and local variables hang on that child. When
 * one of two concurrent tokens ends, the other moves back to its parent, and its tasks and due work with it.
 */
export interface ExecutionRow {
  id: string
  instanceId: string
  parentId: string | null
  /** Where the token is; null on a root that only holds children. */
  activityId: string | null
  /** `activityId:uuid`, or the bare id for the process itself; null while waiting in asyncBefore / after asyncAfter (a transition instance). */
  activityInstanceId: string | null
  isScope: boolean
  isConcurrent: boolean
  /** False when it only has children. */
  isActive: boolean
  /** Arrived at a parallel join and waiting there. */
  isJoining: boolean
}

export interface VariableRow {
  id: string
  instanceId: string
  /** The scope it belongs to. */
  executionId: string
  activityInstanceId: string
  name: string
  value: TypedValue
  createdAt: Date
}

export interface SubscriptionRow {
  id: string
  instanceId: string
  executionId: string
  activityId: string
  eventType: 'signal' | 'message'
  eventName: string
  /** The value of the correlation expression, when the diagram has one. */
  correlationKey: string | null
  createdAt: Date
}

/** Camunda's job: an async continuation or a timer. A built-in delegate is an implicit async-before. */
export interface DueWorkRow {
  id: string
  instanceId: string
  executionId: string
  activityId: string
  kind: 'async-before' | 'async-after' | 'timer-intermediate' | 'timer-boundary' | 'signal-delivery'
  /** null: at once. */
  dueAt: Date | null
  retries: number
  /** `R3/PT1S` left-over of a repeating timer; null for a single one. */
  repeat: string | null
  exceptionMessage: string | null
  exceptionStack: string | null
  failedActivityId: string | null
  exclusive: boolean
  priority: number
  isSuspended: boolean
  /** Of a signal-delivery: the event's variables; of async-after: `flow`, the sequence flow to take, or null at a path's end. */
  payload: { [name: string]: TypedValue } | null
  createdAt: Date
}

export interface ExternalTaskRow {
  id: string
  instanceId: string
  executionId: string
  activityId: string
  activityInstanceId: string
  topic: string
  priority: number
  retries: number | null
  errorMessage: string | null
  errorDetails: string | null
  workerId: string | null
  lockExpiresAt: Date | null
  isSuspended: boolean
  createdAt: Date
}

export interface UserTaskRow {
  id: string
  instanceId: string
  executionId: string
  activityId: string
  activityInstanceId: string
  name: string | null
  description: string | null
  assignee: string | null
  owner: string | null
  delegationState: 'PENDING' | 'RESOLVED' | null
  candidateUsers: string[]
  candidateGroups: string[]
  priority: number
  dueAt: Date | null
  followUpAt: Date | null
  formKey: string | null
  isSuspended: boolean
  createdAt: Date
  lastUpdatedAt: Date | null
}

export interface IncidentRow {
  id: string
  instanceId: string
  executionId: string
  incidentType: string
  activityId: string
  failedActivityId: string | null
  causeIncidentId: string
  rootCauseIncidentId: string
  /** Due work id or external task id. */
  configuration: string | null
  message: string | null
  annotation: string | null
  createdAt: Date
}

export interface Aggregate {
  instance: InstanceRow
  executions: ExecutionRow[]
  variables: VariableRow[]
  subscriptions: SubscriptionRow[]
  dueWork: DueWorkRow[]
  externalTasks: ExternalTaskRow[]
  userTasks: UserTaskRow[]
  incidents: IncidentRow[]
}

export interface RowChanges<Row> {
  upserts: Row[]
  deletes: string[]
}
/** `instance` is always written (revision). When the instance has ended all its rows are deleted but itself. */
export interface Changes {
  instance: InstanceRow
  executions: RowChanges<ExecutionRow>
  variables: RowChanges<VariableRow>
  subscriptions: RowChanges<SubscriptionRow>
  dueWork: RowChanges<DueWorkRow>
  externalTasks: RowChanges<ExternalTaskRow>
  userTasks: RowChanges<UserTaskRow>
  incidents: RowChanges<IncidentRow>
}

/** History is told as it happens, in order; a thing that starts and ends in one step gives both. */
export type HistoryEvent =
  | {
      type: 'activity-started'
      activityInstanceId: string
      parentActivityInstanceId: string
      activityId: string
      activityName: string | null
      activityType: string
      executionId: string
      taskId: string | null
      assignee: string | null
      at: Date
    }
  | { type: 'activity-ended'; activityInstanceId: string; at: Date; canceled: boolean; completeScope: boolean }
  /** Of the instance, at its end: error end events that nobody caught, which were left unfinished until now. */
  | { type: 'errors-ended'; at: Date; canceled: boolean }
  | { type: 'variable-set'; row: VariableRow; at: Date }
  | { type: 'variable-deleted'; variableId: string; at: Date }
  | { type: 'incident-created'; row: IncidentRow }
  | { type: 'incident-ended'; incidentId: string; state: 'resolved' | 'deleted'; at: Date }
  | {
      type: 'work-log'
      workId: string
      activityId: string
      event: 'created' | 'failed' | 'succeeded' | 'deleted'
      message: string | null
      at: Date
    }
  | { type: 'task-assigned'; taskId: string; activityInstanceId: string; assignee: string | null }

/** A built-in delegate to be run outside any transaction; its answer comes back with the `run-work` event. */
export interface DelegateCall {
  workId: string
  /** `instanceId:activityId:workId`: a repeated effect is the same effect. */
  key: string
  activityId: string
  /** Class name in full, or the bean's name in the delegate expression. */
  delegate: string
  /** Input parameters and field injections. */
  inputs: { [name: string]: TypedValue }
  /** All variables visible at the activity (inputs included). */
  variables: { [name: string]: TypedValue }
}

export type DelegateResult =
  | { kind: 'done'; outputs: { [name: string]: TypedValue } }
  | { kind: 'bpmn-error'; errorCode: string; message: string }

export type StepEvent =
  /** Executes due work. Reaching a delegate without `delegateResult` yields `delegateCall` and no changes. */
  | { type: 'run-work'; workId: string; delegateResult?: DelegateResult }
  /** Counts a retry; on the last one makes an incident. The time of the next try follows the retry cycle. */
  | { type: 'work-failed'; workId: string; message: string; stack: string | null; failedActivityId: string | null }
  | { type: 'set-work-retries'; workId: string; retries: number; dueAt?: Date }
  /** A receive task without a message (or with one) is gone on with by its execution's id. */
  | { type: 'triggered'; executionId: string; variables: { [name: string]: TypedValue } }
  | {
      type: 'deliver'
      subscriptionId: string
      variables: { [name: string]: TypedValue }
      localVariables?: { [name: string]: TypedValue }
    }
  /** As `deliver`, but by due work of its own (signalResponsive; a broadcast whose delivery fails). */
  | { type: 'deliver-later'; subscriptionId: string; variables: { [name: string]: TypedValue } }
  | {
      type: 'external-completed'
      taskId: string
      variables: { [name: string]: TypedValue }
      localVariables: { [name: string]: TypedValue }
    }
  | {
      type: 'external-failed'
      taskId: string
      errorMessage: string | null
      errorDetails: string | null
      retries: number
      lockExpiresAt: Date | null
      variables: { [name: string]: TypedValue }
      localVariables: { [name: string]: TypedValue }
    }
  | {
      type: 'external-bpmn-error'
      taskId: string
      errorCode: string
      errorMessage: string | null
      variables: { [name: string]: TypedValue }
    }
  | { type: 'set-external-retries'; taskId: string; retries: number }
  | { type: 'task-completed'; taskId: string; variables: { [name: string]: TypedValue } }
  | {
      type: 'task-bpmn-error'
      taskId: string
      errorCode: string
      errorMessage: string | null
      variables: { [name: string]: TypedValue }
    }
  | {
      type: 'task-updated'
      taskId: string
      patch: Partial<
        Pick<
          UserTaskRow,
          'assignee' | 'owner' | 'delegationState' | 'name' | 'description' | 'priority' | 'dueAt' | 'followUpAt'
        >
      >
    }
  | {
      type: 'variables-changed'
      executionId: string
      set: { [name: string]: TypedValue }
      remove: string[]
      local: boolean
    }
  | { type: 'suspended'; suspended: boolean }
  | { type: 'deleted'; reason: string | null }

export interface StartRequest {
  instanceId: string
  definitionId: string
  /** undefined: the none start event. */
  startActivityId?: string
  businessKey: string | null
  tenantId: string | null
  startUserId: string | null
  variables: { [name: string]: TypedValue }
  /** signalResponsive: commit at the start event and go on by due work, as if it had asyncBefore. */
  commitAtStart: boolean
}

/** Given by the caller: the engine has no clock and no randomness of its own. */
export interface StepEnv {
  now: Date
  newId(): string
  /** Elements executed in one step before it goes on by due work. */
  activitiesMax: number
}

export interface StepResult {
  aggregate: Aggregate
  /** Of the instance itself; when it has ended, as they were then. */
  ownVariables: VariableRow[]
  changes: Changes
  history: HistoryEvent[]
  /** Set: nothing is to be written; run it and send `run-work` again with its result. */
  delegateCall: DelegateCall | null
}
