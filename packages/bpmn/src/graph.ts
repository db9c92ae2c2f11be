/**
 * A process definition as an immutable graph, made by parse.ts from BPMN XML. Ids are those of the diagram; sequence flows
 * without an id get one made from the order in the file. Expressions are parsed once, here.
 */
import type { Expression } from './expression/expression.ts'

export interface ProcessGraph {
  key: string
  name: string | null
  /** The `targetNamespace` of the definitions element: Camunda's category. */
  category: string | null
  description: string | null
  versionTag: string | null
  historyTimeToLiveDays: number | null
  startableInTasklist: boolean
  nodes: ReadonlyMap<string, FlowNode>
  flows: ReadonlyMap<string, SequenceFlow>
  /** Start events of the process itself, in document order. */
  startIds: readonly string[]
  /** Every place that makes due work: Camunda's job definitions. */
  jobDefinitions: readonly JobDefinition[]
}

export interface JobDefinition {
  activityId: string
  jobType: JobType
  /** `async-before`, `async-after`, `DURATION: PT1H`, `CYCLE: R3/PT5M`, `DATE: …` */
  configuration: string
}
export type JobType = 'async-continuation' | 'timer-transition' | 'timer-intermediate-transition' | 'timer-start-event'

export interface SequenceFlow {
  id: string
  sourceId: string
  targetId: string
  condition: Expression | null
}

interface NodeBase {
  id: string
  name: string | null
  /** Camunda's activityType: `startEvent`, `signalStartEvent`, `serviceTask`, `boundaryTimer` … */
  activityType: string
  /** In document order. */
  incoming: readonly string[]
  outgoing: readonly string[]
  defaultFlowId: string | null
  asyncBefore: boolean
  asyncAfter: boolean
  exclusive: boolean
  /** camunda:failedJobRetryTimeCycle as written, evaluated when a failure is counted. */
  retryCycle: Expression | null
  jobPriority: Expression | null
  inputs: readonly Parameter[]
  outputs: readonly Parameter[]
  /** Boundary events attached to this node. */
  boundaryIds: readonly string[]
}

/** camunda:inputParameter / outputParameter. */
export interface Parameter {
  name: string
  value: ParameterValue
}
export type ParameterValue =
  | { kind: 'expression'; expression: Expression }
  | { kind: 'list'; items: readonly ParameterValue[] }
  | { kind: 'map'; entries: readonly { key: string; value: ParameterValue }[] }

export type EventDefinition =
  | { kind: 'none' }
  | { kind: 'signal'; name: Expression }
  | { kind: 'message'; name: Expression }
  | { kind: 'timer'; timer: Timer }
  | {
      kind: 'error'
      errorCode: string | null
      errorMessage: Expression | null
      codeVariable: string | null
      messageVariable: string | null
    }
  | { kind: 'terminate' }

export interface Timer {
  kind: 'date' | 'duration' | 'cycle'
  expression: Expression
}

export type ServiceImplementation =
  /** camunda:class: the last part is resolved by name. */
  | { kind: 'class'; className: string }
  /** camunda:delegateExpression: `${createModelBatchJob}`. */
  | { kind: 'delegateExpression'; name: string; expression: Expression }
  | { kind: 'expression'; expression: Expression; resultVariable: string | null }
  | { kind: 'external'; topic: Expression; priority: Expression | null }

export type FlowNode = NodeBase &
  (
    | {
        kind: 'startEvent'
        event: EventDefinition
        formKey: string | null
        /** The variable that holds who started the instance. */
        initiator: string | null
      }
    | { kind: 'endEvent'; event: EventDefinition }
    | {
        kind: 'intermediateCatchEvent'
        event: EventDefinition
        /** `rowhouse:correlation`: the message must carry the text of this expression. */
        correlationKey: Expression | null
      }
    | { kind: 'boundaryEvent'; event: EventDefinition; attachedToId: string; cancelActivity: boolean }
    | {
        kind: 'serviceTask'
        implementation: ServiceImplementation
        fields: readonly { name: string; value: Expression }[]
        /** camunda:properties: for workers. */
        properties: Readonly<Record<string, string>>
      }
    | { kind: 'receiveTask'; messageName: Expression | null; correlationKey: Expression | null }
    | {
        kind: 'userTask'
        assignee: Expression | null
        candidateUsers: Expression | null
        candidateGroups: Expression | null
        dueDate: Expression | null
        followUpDate: Expression | null
        priority: Expression | null
        formKey: string | null
        description: string | null
      }
    /** task, manualTask: passed through. */
    | { kind: 'passThroughTask' }
    | { kind: 'exclusiveGateway' }
    | { kind: 'parallelGateway' }
    | { kind: 'intermediateThrowEvent'; event: EventDefinition }
  )

export interface ParseProblem {
  message: string
  line: number
  column: number
  mainElementId: string | null
  elementIds: string[]
}

export interface ParseOptions {
  /** The file's name, for messages. */
  resource?: string
  /** It was deployed before: what is refused by now is read as it was then. */
  isStored?: boolean
}

export type ParseResult =
  | { ok: true; graphs: ProcessGraph[]; warnings: ParseProblem[] }
  /** `message`: all of them in Camunda's words, its code first; `status`: what Camunda answers with. */
  | { ok: false; errors: ParseProblem[]; warnings: ParseProblem[]; message: string; status: 400 | 500 }
