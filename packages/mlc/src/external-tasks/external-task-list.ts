import { sql } from 'kysely'
import { toCamundaDate, toCamundaDateOrNull } from '../camunda-dates.ts'
import { after, atLeast, atMost, before, equal, like, oneOf, when } from '../lists/filters.ts'
import type { ListResource } from '../lists/list-resource.ts'
import { ofInstance, variableFilter } from '../lists/variable-filter.ts'

export interface ExternalTaskListRow {
  id: string
  topic: string
  worker_id: string | null
  lock_expires_at: Date | null
  activity_id: string
  activity_instance_id: string
  execution_id: string
  instance_id: string
  definition_id: string
  definition_key: string
  version_tag: string | null
  business_key: string | null
  tenant_id: string | null
  priority: string
  retries: number | null
  is_suspended: boolean
  error_message: string | null
  error_details: string | null
  created_at: Date
}

export const externalTaskColumns = sql`t.*, i.definition_id, i.definition_key, d.version_tag, i.business_key, i.tenant_id`
export const externalTaskFrom = sql`mlc.external_task t join mlc.instance i on i.id = t.instance_id
    left join mlc.process_definition d on d.id = i.definition_id`

export const externalTaskList: ListResource<ExternalTaskListRow> = {
  path: '/external-task',
  columns: externalTaskColumns,
  from: externalTaskFrom,
  filters: {
    externalTaskId: equal(sql`t.id`),
    externalTaskIdIn: oneOf(sql`t.id`),
    topicName: equal(sql`t.topic`),
    workerId: equal(sql`t.worker_id`),
    locked: when(sql`t.lock_expires_at > now()`),
    notLocked: when(sql`(t.lock_expires_at is null or t.lock_expires_at <= now())`),
    withRetriesLeft: when(sql`(t.retries is null or t.retries > 0)`),
    noRetriesLeft: when(sql`t.retries = 0`),
    lockExpirationAfter: after(sql`t.lock_expires_at`),
    lockExpirationBefore: before(sql`t.lock_expires_at`),
    activityId: equal(sql`t.activity_id`),
    activityIdIn: oneOf(sql`t.activity_id`),
    executionId: equal(sql`t.execution_id`),
    processInstanceId: equal(sql`t.instance_id`),
    processInstanceIdIn: oneOf(sql`t.instance_id`),
    processDefinitionId: equal(sql`i.definition_id`),
    processDefinitionKey: equal(sql`i.definition_key`),
    processDefinitionKeyIn: oneOf(sql`i.definition_key`),
    processDefinitionName: equal(sql`d.name`),
    processDefinitionNameLike: like(sql`d.name`),
    tenantIdIn: oneOf(sql`i.tenant_id`),
    active: when(sql`not t.is_suspended`),
    suspended: when(sql`t.is_suspended`),
    priorityHigherThanOrEquals: atLeast(sql`t.priority`),
    priorityLowerThanOrEquals: atMost(sql`t.priority`),
    processVariables: variableFilter(ofInstance),
  },
  sorts: {
    id: sql`t.id`,
    lockExpirationTime: sql`t.lock_expires_at`,
    processInstanceId: sql`t.instance_id`,
    processDefinitionId: sql`i.definition_id`,
    processDefinitionKey: sql`i.definition_key`,
    tenantId: sql`i.tenant_id`,
    taskPriority: sql`t.priority`,
    createTime: sql`t.created_at`,
  },
  order: sql`t.id`,
  toBody: toExternalTaskBody,
}

export function toExternalTaskBody(row: ExternalTaskListRow) {
  return {
    activityId: row.activity_id,
    activityInstanceId: row.activity_instance_id,
    errorMessage: row.error_message,
    executionId: row.execution_id,
    id: row.id,
    lockExpirationTime: toCamundaDateOrNull(row.lock_expires_at),
    createTime: toCamundaDate(row.created_at),
    processDefinitionId: row.definition_id,
    processDefinitionKey: row.definition_key,
    processDefinitionVersionTag: row.version_tag,
    processInstanceId: row.instance_id,
    retries: row.retries,
    suspended: row.is_suspended,
    workerId: row.worker_id,
    topicName: row.topic,
    tenantId: row.tenant_id,
    priority: Number(row.priority),
    businessKey: row.business_key,
  }
}
