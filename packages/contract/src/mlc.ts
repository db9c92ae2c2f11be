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

export const ProcessInstanceBody = z.object({
  links: z.array(z.unknown()),
  id: z.string(),
  definitionId: z.string(),
  definitionKey: z.string(),
  businessKey: z.string().nullable(),
  caseInstanceId: z.null(),
  ended: z.boolean(),
  suspended: z.boolean(),
  tenantId: z.string().nullable(),
})
export type ProcessInstanceBody = z.infer<typeof ProcessInstanceBody>

export const SignalResponsiveBody = z.object({
  /** The first instance that was started; null when the signal only woke waiting executions. */
  processInstanceId: z.string().nullable(),
  processInstances: z.array(ProcessInstanceBody),
  notifiedExecutions: z.array(z.object({ id: z.string(), processInstanceId: z.string() })),
  /** For people: for instance two definitions on one signal. */
  warnings: z.array(z.string()).optional(),
})
export type SignalResponsiveBody = z.infer<typeof SignalResponsiveBody>

/** Of the history; only what callers of ours read. */
export interface ActivityBody {
  id: string
  activityId: string
  activityName: string | null
  activityType: string
}

export const IncidentBody = z.object({
  id: z.string(),
  processDefinitionId: z.string(),
  processInstanceId: z.string(),
  executionId: z.string(),
  incidentTimestamp: z.string(),
  incidentType: z.string(),
  activityId: z.string(),
  failedActivityId: z.string().nullable(),
  causeIncidentId: z.string(),
  rootCauseIncidentId: z.string(),
  configuration: z.string().nullable(),
  tenantId: z.string().nullable(),
  incidentMessage: z.string().nullable(),
  jobDefinitionId: z.string().nullable(),
  annotation: z.string().nullable(),
})
export type IncidentBody = z.infer<typeof IncidentBody>

export const ProcessDefinitionBody = z.object({
  id: z.string(),
  key: z.string(),
  category: z.string().nullable(),
  description: z.string().nullable(),
  name: z.string().nullable(),
  version: z.number().int(),
  resource: z.string(),
  deploymentId: z.string(),
  diagram: z.string().nullable(),
  suspended: z.boolean(),
  tenantId: z.string().nullable(),
  versionTag: z.string().nullable(),
  historyTimeToLive: z.number().int().nullable(),
  startableInTasklist: z.boolean(),
})
export type ProcessDefinitionBody = z.infer<typeof ProcessDefinitionBody>

/** Begins the names of the signals that model-manage emits. */
export const signalPrefix = 'com.modelop.mlc.definitions.Signals_'
export const runBatchJobSignal = `${signalPrefix}DEPLOYED_BATCH_JOB`
/** The message RunBatchJob waits for, correlated by `jobId`. */
export const jobEndedMessage = 'rowhouse.job.ended'

/**
 * An outbox row of model-manage. Told at least once, in order per `objectId`; the receiver drops an `eventId` it has seen. The mlc wing broadcasts `signalPrefix + signal` with `variables`, and for a job that has
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

/** `POST /mlc-service/rest/events` (internal principal only) → {@link TakenEvents}. */
export const DomainEvents = z.object({ events: z.array(DomainEvent).min(1) })

/**
 * How many of them were taken, from the first one: at least one. After an event that reached a diagram the rest is left for a call of its
 * own, so that who waits for the broadcast can be waiting again.
 */
export interface TakenEvents {
  taken: number
}
