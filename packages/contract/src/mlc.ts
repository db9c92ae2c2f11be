import { z } from 'zod'

/** A variable on the wire (Camunda 7): untyped values are inferred, JSON objects included. */
export const VariableValue = z.looseObject({
  value: z.unknown().optional(),
  type: z.string().nullish(),
  valueInfo: z.record(z.string(), z.unknown()).nullish(),
})
export type VariableValue = z.infer<typeof VariableValue>
export type VariableMap = Record<string, VariableValue>

/** Body of `/signal` and `/signalResponsive`. `name` is checked by the command, whose message Camunda's clients know. */
export const SignalBody = z.looseObject({
  name: z.string().nullish(),
  executionId: z.string().nullish(),
  variables: z.record(z.string(), VariableValue).nullish(),
  tenantId: z.string().nullish(),
  withoutTenantId: z.boolean().nullish(),
})
export type SignalBody = z.infer<typeof SignalBody>

export interface ProcessInstanceBody {
  links: unknown[]
  id: string
  definitionId: string
  definitionKey: string
  businessKey: string | null
  caseInstanceId: null
  ended: boolean
  suspended: boolean
  tenantId: string | null
}
export interface SignalResponsiveBody {
  /** The first instance that was started; null when the signal only woke waiting executions. */
  processInstanceId: string | null
  processInstances: ProcessInstanceBody[]
  notifiedExecutions: { id: string; processInstanceId: string }[]
  /** For people: for instance two definitions on one signal. */
  warnings?: string[]
}

/** Of the history; only what callers of ours read. */
export interface ActivityBody {
  id: string
  activityId: string
  activityName: string | null
  activityType: string
}

export interface IncidentBody {
  id: string
  processDefinitionId: string
  processInstanceId: string
  executionId: string
  incidentTimestamp: string
  incidentType: string
  activityId: string
  failedActivityId: string | null
  causeIncidentId: string
  rootCauseIncidentId: string
  configuration: string | null
  tenantId: string | null
  incidentMessage: string | null
  jobDefinitionId: string | null
  annotation: string | null
}

export interface ProcessDefinitionBody {
  id: string
  key: string
  category: string | null
  description: string | null
  name: string | null
  version: number
  resource: string
  deploymentId: string
  diagram: string | null
  suspended: boolean
  tenantId: string | null
  versionTag: string | null
  historyTimeToLive: number | null
  startableInTasklist: boolean
}

/** Begins the names of the signals that model-manage emits. */
export const signalPrefix = 'com.modelop.mlc.definitions.Signals_'
export const runBatchJobSignal = `${signalPrefix}DEPLOYED_BATCH_JOB`
/** The message RunBatchJob waits for, correlated by `jobId`. */
export const jobEndedMessage = 'rowhouse.job.ended'

/**
 * `POST /mlc-service/rest/events` (internal principal only) → 204: an outbox row of model-manage. At least once, in order per `objectId`;
 * the receiver drops an `eventId` it has seen. The mlc wing broadcasts `signalPrefix + signal` with `variables`, and for a job that has
 * ended correlates {@link jobEndedMessage} by `correlationKey` (kept until somebody subscribes).
 */
export const DomainEvent = z.object({
  eventId: z.string(),
  signal: z.enum(['model_created', 'model_changed', 'deployable_model_changed', 'job_status_changed']),
  objectId: z.string(),
  variables: z.record(z.string(), z.unknown()),
  message: z.object({ name: z.string(), correlationKey: z.string() }).nullish(),
})
export type DomainEvent = z.infer<typeof DomainEvent>
