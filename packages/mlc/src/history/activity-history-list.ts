import { sql } from 'kysely'
import { toCamundaDate, toCamundaDateOrNull } from '../camunda-dates.ts'
import { atOrAfter, atOrBefore, equal, like, oneOf, when } from '../lists/filters.ts'
import type { ListResource } from '../lists/list-resource.ts'
import { durationMs } from './instance-history-list.ts'

interface ActivityHistoryRow {
  id: string
  instance_id: string
  parent_activity_instance_id: string
  activity_id: string
  activity_name: string | null
  activity_type: string
  execution_id: string
  task_id: string | null
  assignee: string | null
  started_at: Date
  ended_at: Date | null
  canceled: boolean
  complete_scope: boolean
  definition_id: string
  definition_key: string
  root_process_instance_id: string
  tenant_id: string | null
}

export const activityHistoryList: ListResource<ActivityHistoryRow> = {
  path: '/history/activity-instance',
  columns: sql`a.*, i.definition_id, i.definition_key, i.root_process_instance_id, i.tenant_id`,
  from: sql`mlc.history_activity a join mlc.instance i on i.id = a.instance_id`,
  filters: {
    activityInstanceId: equal(sql`a.id`),
    processInstanceId: equal(sql`a.instance_id`),
    processInstanceIdIn: oneOf(sql`a.instance_id`),
    processDefinitionId: equal(sql`i.definition_id`),
    processDefinitionKey: equal(sql`i.definition_key`),
    executionId: equal(sql`a.execution_id`),
    activityId: equal(sql`a.activity_id`),
    activityIdIn: oneOf(sql`a.activity_id`),
    activityName: equal(sql`a.activity_name`),
    activityNameLike: like(sql`a.activity_name`),
    activityType: equal(sql`a.activity_type`),
    taskAssignee: equal(sql`a.assignee`),
    finished: when(sql`a.ended_at is not null`),
    unfinished: when(sql`a.ended_at is null`),
    canceled: when(sql`a.canceled`),
    completeScope: when(sql`a.complete_scope`),
    startedBefore: atOrBefore(sql`a.started_at`),
    startedAfter: atOrAfter(sql`a.started_at`),
    finishedBefore: atOrBefore(sql`a.ended_at`),
    finishedAfter: atOrAfter(sql`a.ended_at`),
    tenantIdIn: oneOf(sql`i.tenant_id`),
    withoutTenantId: when(sql`i.tenant_id is null`),
  },
  sorts: {
    activityInstanceId: sql`a.id`,
    instanceId: sql`a.instance_id`,
    executionId: sql`a.execution_id`,
    activityId: sql`a.activity_id`,
    activityName: sql`a.activity_name`,
    activityType: sql`a.activity_type`,
    startTime: sql`(a.started_at, a.sequence)`,
    endTime: sql`a.ended_at`,
    duration: sql`a.ended_at - a.started_at`,
    definitionId: sql`i.definition_id`,
    occurrence: sql`a.sequence`,
    tenantId: sql`i.tenant_id`,
  },
  order: sql`a.sequence`,
  toBody: (row) => ({
    id: row.id,
    parentActivityInstanceId: row.parent_activity_instance_id,
    activityId: row.activity_id,
    activityName: row.activity_name,
    activityType: row.activity_type,
    processDefinitionKey: row.definition_key,
    processDefinitionId: row.definition_id,
    processInstanceId: row.instance_id,
    executionId: row.execution_id,
    taskId: row.task_id,
    calledProcessInstanceId: null,
    calledCaseInstanceId: null,
    assignee: row.assignee,
    startTime: toCamundaDate(row.started_at),
    endTime: toCamundaDateOrNull(row.ended_at),
    durationInMillis: durationMs(row.started_at, row.ended_at),
    canceled: row.canceled,
    completeScope: row.complete_scope,
    tenantId: row.tenant_id,
    removalTime: null,
    rootProcessInstanceId: row.root_process_instance_id,
  }),
}
