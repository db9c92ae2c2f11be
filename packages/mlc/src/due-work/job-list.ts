import { sql } from 'kysely'
import { toCamundaDate, toCamundaDateOrNull } from '../camunda-dates.ts'
import { invalidRequest } from '../camunda-problems.ts'
import {
  atLeast,
  atMost,
  type Condition,
  equal,
  type Filter,
  inTenants,
  oneOf,
  toDate,
  toList,
  when,
} from '../lists/filters.ts'
import type { ListResource } from '../lists/list-resource.ts'

export interface JobListRow {
  id: string
  job_definition_id: string | null
  due_at: Date | null
  instance_id: string | null
  execution_id: string | null
  process_definition_id: string
  process_definition_key: string
  retries: number
  exception_message: string | null
  failed_activity_id: string | null
  is_suspended: boolean
  priority: string
  tenant_id: string | null
  created_at: Date
}

/** `dueDates=gt_<date>,lt_<date>`, or a list of objects. */
function comparedDates(column: Condition): Filter {
  return (value, name) => {
    const items = Array.isArray(value)
      ? value.map((item: { operator?: string; value?: unknown }) => [item.operator ?? '', item.value] as const)
      : toList(value).map((item) => [item.slice(0, item.indexOf('_')), item.slice(item.indexOf('_') + 1)] as const)
    const conditions = items.map(([operator, date]) => {
      if (operator !== 'gt' && operator !== 'lt')
        throw invalidRequest(`Invalid ${name} comparator specified: ${operator}`)
      return sql`${column} ${sql.raw(operator === 'gt' ? '>' : '<')} ${toDate(date, name)}`
    })
    return sql.join(conditions, sql` and `)
  }
}

function notBoth(filter: Filter): Filter {
  return (value, name, query) => {
    if (query.timers !== undefined && query.messages !== undefined)
      throw invalidRequest('Parameter timers cannot be used together with parameter messages.')
    return filter(value, name, query)
  }
}

/** Camunda's jobs: due work of instances and start timers. The engine's own errands are not shown. */
export const jobList: ListResource<JobListRow> = {
  path: '/job',
  columns: sql`w.id, mlc.job_definition_of(d.id, w.activity_id, w.kind) as job_definition_id, w.due_at, w.instance_id, w.execution_id,
    d.id as process_definition_id, d.key as process_definition_key, w.retries, w.exception_message, w.failed_activity_id,
    w.is_suspended, w.priority, d.tenant_id, w.created_at`,
  from: sql`mlc.due_work w
    left join mlc.instance i on i.id = w.instance_id
    join mlc.process_definition d on d.id = coalesce(i.definition_id, w.definition_id)`,
  filters: {
    jobId: equal(sql`w.id`),
    jobIds: oneOf(sql`w.id`),
    jobDefinitionId: equal(sql`mlc.job_definition_of(d.id, w.activity_id, w.kind)`),
    activityId: equal(sql`w.activity_id`),
    failedActivityId: equal(sql`w.failed_activity_id`),
    executionId: equal(sql`w.execution_id`),
    processInstanceId: equal(sql`w.instance_id`),
    processInstanceIds: oneOf(sql`w.instance_id`),
    processDefinitionId: equal(sql`d.id`),
    processDefinitionKey: equal(sql`d.key`),
    withRetriesLeft: when(sql`w.retries > 0`),
    noRetriesLeft: when(sql`w.retries = 0`),
    executable: when(sql`w.retries > 0 and (w.due_at is null or w.due_at <= now())`),
    timers: notBoth(when(sql`w.kind like 'timer-%'`)),
    messages: notBoth(when(sql`w.kind not like 'timer-%'`)),
    withException: when(sql`w.exception_message is not null`),
    exceptionMessage: equal(sql`w.exception_message`),
    dueDates: comparedDates(sql`w.due_at`),
    createTimes: comparedDates(sql`w.created_at`),
    active: when(sql`not w.is_suspended`),
    suspended: when(sql`w.is_suspended`),
    acquired: when(sql`w.lock_expires_at > now()`),
    priorityHigherThanOrEquals: atLeast(sql`w.priority`),
    priorityLowerThanOrEquals: atMost(sql`w.priority`),
    tenantIdIn: inTenants(sql`d.tenant_id`, 'includeJobsWithoutTenantId'),
    withoutTenantId: when(sql`d.tenant_id is null`),
  },
  sorts: {
    jobId: sql`w.id`,
    executionId: sql`w.execution_id`,
    processInstanceId: sql`w.instance_id`,
    processDefinitionId: sql`d.id`,
    processDefinitionKey: sql`d.key`,
    jobPriority: sql`w.priority`,
    jobRetries: sql`w.retries`,
    jobDueDate: sql`w.due_at`,
    tenantId: sql`d.tenant_id`,
  },
  order: sql`w.id`,
  toBody: (row) => ({
    id: row.id,
    jobDefinitionId: row.job_definition_id,
    dueDate: toCamundaDateOrNull(row.due_at),
    processInstanceId: row.instance_id,
    executionId: row.execution_id,
    processDefinitionId: row.process_definition_id,
    processDefinitionKey: row.process_definition_key,
    retries: row.retries,
    exceptionMessage: row.exception_message,
    failedActivityId: row.failed_activity_id,
    suspended: row.is_suspended,
    priority: Number(row.priority),
    tenantId: row.tenant_id,
    createTime: toCamundaDate(row.created_at),
    batchId: null,
  }),
}
