/** Shapes of requests for /openapi.json. They tell what a route reads; nothing is checked by them, as Camunda's clients expect. */
import { SignalBody, VariableValue } from '@rowhouse/contract'
import { z } from 'zod'

const text = z.string().optional()
const flag = z.boolean().optional()
const whole = z.int().optional()
const texts = z.array(z.string()).optional()
const query = z.looseObject({}).optional().describe('As the body of the list')
const variables = z.record(z.string(), VariableValue).optional()

export const bodies = {
  signal: SignalBody.describe('TAG, MODEL_STAGE and the like are variables: {"TAG": {"value": "cc-fraud"}}'),
  message: z.looseObject({
    messageName: z.string(),
    businessKey: text,
    processInstanceId: text,
    tenantId: text,
    withoutTenantId: flag,
    correlationKeys: variables,
    localCorrelationKeys: variables,
    processVariables: variables,
    processVariablesLocal: variables,
    all: flag,
    resultEnabled: flag,
    variablesInResultEnabled: flag,
  }),
  deployment: z.looseObject({
    'deployment-name': text,
    'deployment-source': text,
    'enable-duplicate-filtering': text,
    'deploy-changed-only': text,
    'tenant-id': text,
    data: z.string().describe('A resource: each further file part is one, named by its file name'),
  }),
  start: z.looseObject({ businessKey: text, variables, withVariablesInReturn: flag }),
  suspended: z.looseObject({ suspended: z.boolean() }),
  suspendDefinition: z.looseObject({ suspended: z.boolean(), includeProcessInstances: flag }),
  suspendDefinitions: z.looseObject({
    suspended: z.boolean(),
    processDefinitionId: text,
    processDefinitionKey: text,
    includeProcessInstances: flag,
  }),
  suspendInstances: z.looseObject({
    suspended: z.boolean(),
    processInstanceIds: texts,
    processDefinitionId: text,
    processDefinitionKey: text,
  }),
  suspendJobDefinition: z.looseObject({ suspended: z.boolean(), includeJobs: flag }),
  suspendJobDefinitions: z.looseObject({
    suspended: z.boolean(),
    processDefinitionId: text,
    processDefinitionKey: text,
    includeJobs: flag,
  }),
  variables: z.looseObject({ variables }),
  modifications: z.looseObject({ modifications: variables, deletions: texts }),
  variable: VariableValue,
  annotation: z.looseObject({ annotation: z.string() }),
  jobRetries: z.looseObject({ retries: z.int(), dueDate: text }),
  manyJobRetries: z.looseObject({ retries: z.int(), dueDate: text, jobIds: texts, jobQuery: query }),
  dueDate: z.looseObject({ duedate: z.string().nullable() }),
  priority: z.looseObject({ priority: z.int() }),
  retries: z.looseObject({ retries: z.int() }),
  retriesOfMany: z.looseObject({
    retries: z.int(),
    externalTaskIds: texts,
    processInstanceIds: texts,
    externalTaskQuery: query,
    processInstanceQuery: query,
  }),
  fetchAndLock: z.looseObject({
    workerId: z.string(),
    maxTasks: z.int(),
    usePriority: flag,
    sorting: z.array(z.looseObject({ sortBy: z.literal('createTime'), sortOrder: z.enum(['asc', 'desc']) })).optional(),
    asyncResponseTimeout: whole.describe('Milliseconds to wait for a task'),
    topics: z
      .array(z.looseObject({ topicName: z.string(), lockDuration: z.int().describe('Milliseconds'), variables: texts }))
      .optional(),
  }),
  completeTask: z.looseObject({ workerId: z.string(), variables, localVariables: variables }),
  failure: z.looseObject({
    workerId: z.string(),
    errorMessage: text,
    errorDetails: text,
    retries: whole,
    retryTimeout: whole.describe('Milliseconds'),
    variables,
    localVariables: variables,
  }),
  workerError: z.looseObject({ workerId: z.string(), errorCode: z.string(), errorMessage: text, variables }),
  bpmnError: z.looseObject({ errorCode: z.string(), errorMessage: text, variables }),
  extendLock: z.looseObject({ workerId: z.string(), newDuration: z.int().describe('Milliseconds') }),
  lock: z.looseObject({ workerId: z.string(), lockDuration: z.int().describe('Milliseconds') }),
  complete: z.looseObject({ variables, withVariablesInReturn: flag }),
  user: z.looseObject({ userId: z.string() }),
} as const
