import { sql } from 'kysely'
import { toCamundaDate, toCamundaDateOrNull } from '../camunda-dates.ts'
import { invalidRequest } from '../camunda-problems.ts'
import {
  after,
  at,
  atLeast,
  atMost,
  before,
  equal,
  equalInteger,
  type Filter,
  isTrue,
  like,
  noneOf,
  oneOf,
  toList,
  when,
} from '../lists/filters.ts'
import type { ListResource } from '../lists/list-resource.ts'
import { ofInstance, ofTask, variableFilter } from '../lists/variable-filter.ts'

export interface TaskListRow {
  id: string
  name: string | null
  assignee: string | null
  owner: string | null
  created_at: Date
  last_updated_at: Date | null
  due_at: Date | null
  follow_up_at: Date | null
  delegation_state: string | null
  description: string | null
  execution_id: string
  priority: number
  definition_id: string
  instance_id: string
  activity_id: string
  is_suspended: boolean
  form_key: string | null
  tenant_id: string | null
  candidate_users: string[]
  candidate_groups: string[]
}

const inGroups: Filter = (value) => sql`t.candidate_groups && ${toList(value)}::text[]`
const inUser: Filter = (value) => sql`${String(value)} = any(t.candidate_users)`

function delegationStateOf(value: unknown): string {
  const state = String(value).toUpperCase()
  if (state === 'PENDING' || state === 'RESOLVED') return state
  throw invalidRequest(
    `Valid values for property 'delegationState' are 'PENDING' or 'RESOLVED', but was '${String(value)}'`,
  )
}

/** Candidates are asked of tasks nobody has yet, unless assigned ones are wanted too. */
function candidates(filter: Filter): Filter {
  return (value, name, query) => {
    const condition = filter(value, name, query)
    return isTrue(query.includeAssignedTasks) ? condition : sql`(t.assignee is null and ${condition})`
  }
}

export const taskList: ListResource<TaskListRow> = {
  path: '/task',
  columns: sql`t.*, i.definition_id, i.tenant_id`,
  from: sql`mlc.user_task t join mlc.instance i on i.id = t.instance_id
    left join mlc.process_definition d on d.id = i.definition_id`,
  filters: {
    taskId: equal(sql`t.id`),
    taskIdIn: oneOf(sql`t.id`),
    processInstanceId: equal(sql`t.instance_id`),
    processInstanceIdIn: oneOf(sql`t.instance_id`),
    processInstanceBusinessKey: equal(sql`i.business_key`),
    processInstanceBusinessKeyIn: oneOf(sql`i.business_key`),
    processInstanceBusinessKeyLike: like(sql`i.business_key`),
    processDefinitionId: equal(sql`i.definition_id`),
    processDefinitionKey: equal(sql`i.definition_key`),
    processDefinitionKeyIn: oneOf(sql`i.definition_key`),
    processDefinitionName: equal(sql`d.name`),
    processDefinitionNameLike: like(sql`d.name`),
    executionId: equal(sql`t.execution_id`),
    activityInstanceIdIn: oneOf(sql`t.activity_instance_id`),
    assignee: equal(sql`t.assignee`),
    assigneeLike: like(sql`t.assignee`),
    assigneeIn: oneOf(sql`t.assignee`),
    assigneeNotIn: noneOf(sql`t.assignee`),
    owner: equal(sql`t.owner`),
    candidateGroup: candidates(inGroups),
    candidateGroups: candidates(inGroups),
    candidateUser: candidates(inUser),
    involvedUser: (value) =>
      sql`(t.assignee = ${String(value)} or t.owner = ${String(value)} or ${String(value)} = any(t.candidate_users))`,
    assigned: when(sql`t.assignee is not null`),
    unassigned: when(sql`t.assignee is null`),
    withCandidateGroups: when(sql`cardinality(t.candidate_groups) > 0`),
    withoutCandidateGroups: when(sql`cardinality(t.candidate_groups) = 0`),
    withCandidateUsers: when(sql`cardinality(t.candidate_users) > 0`),
    withoutCandidateUsers: when(sql`cardinality(t.candidate_users) = 0`),
    taskDefinitionKey: equal(sql`t.activity_id`),
    taskDefinitionKeyIn: oneOf(sql`t.activity_id`),
    taskDefinitionKeyLike: like(sql`t.activity_id`),
    name: equal(sql`t.name`),
    nameLike: like(sql`t.name`),
    description: equal(sql`t.description`),
    descriptionLike: like(sql`t.description`),
    priority: equalInteger(sql`t.priority`),
    minPriority: atLeast(sql`t.priority`),
    maxPriority: atMost(sql`t.priority`),
    due: at(sql`t.due_at`),
    dueDate: at(sql`t.due_at`),
    withoutDueDate: when(sql`t.due_at is null`),
    dueBefore: before(sql`t.due_at`),
    dueAfter: after(sql`t.due_at`),
    followUp: at(sql`t.follow_up_at`),
    followUpDate: at(sql`t.follow_up_at`),
    followUpBefore: before(sql`t.follow_up_at`),
    followUpAfter: after(sql`t.follow_up_at`),
    createdOn: at(sql`t.created_at`),
    createdBefore: before(sql`t.created_at`),
    createdAfter: after(sql`t.created_at`),
    delegationState: (value) => sql`t.delegation_state = ${delegationStateOf(value)}`,
    active: when(sql`not t.is_suspended`),
    suspended: when(sql`t.is_suspended`),
    processVariables: variableFilter(ofInstance),
    taskVariables: variableFilter(ofTask),
    tenantIdIn: oneOf(sql`i.tenant_id`),
    withoutTenantId: when(sql`i.tenant_id is null`),
  },
  sorts: {
    id: sql`t.id`,
    name: sql`t.name`,
    nameCaseInsensitive: sql`lower(t.name)`,
    assignee: sql`t.assignee`,
    created: sql`t.created_at`,
    dueDate: sql`t.due_at`,
    followUpDate: sql`t.follow_up_at`,
    description: sql`t.description`,
    priority: sql`t.priority`,
    instanceId: sql`t.instance_id`,
    executionId: sql`t.execution_id`,
    lastUpdated: sql`t.last_updated_at`,
    tenantId: sql`i.tenant_id`,
  },
  order: sql`t.id`,
  toBody: toTaskBody,
}

function toTaskBody(row: TaskListRow) {
  return {
    id: row.id,
    name: row.name,
    assignee: row.assignee,
    created: toCamundaDate(row.created_at),
    due: toCamundaDateOrNull(row.due_at),
    followUp: toCamundaDateOrNull(row.follow_up_at),
    lastUpdated: toCamundaDateOrNull(row.last_updated_at),
    delegationState: row.delegation_state,
    description: row.description,
    executionId: row.execution_id,
    owner: row.owner,
    parentTaskId: null,
    priority: row.priority,
    processDefinitionId: row.definition_id,
    processInstanceId: row.instance_id,
    taskDefinitionKey: row.activity_id,
    caseExecutionId: null,
    caseInstanceId: null,
    caseDefinitionId: null,
    suspended: row.is_suspended,
    formKey: row.form_key,
    camundaFormRef: null,
    tenantId: row.tenant_id,
    taskState: row.last_updated_at === null ? 'Created' : 'Updated',
  }
}
