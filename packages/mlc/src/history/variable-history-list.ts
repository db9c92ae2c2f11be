import type { TypedValue } from '@rowhouse/bpmn'
import { sql } from 'kysely'
import { toCamundaDate } from '../camunda-dates.ts'
import { invalidRequest } from '../camunda-problems.ts'
import { toWireValue } from '../camunda-values.ts'
import { equal, isTrue, like, oneOf, toList } from '../lists/filters.ts'
import { isFalse, type ListResource } from '../lists/list-resource.ts'

interface VariableHistoryRow {
  id: string
  instance_id: string
  execution_id: string
  activity_instance_id: string
  name: string
  value: TypedValue
  created_at: Date
  state: string
  definition_id: string
  definition_key: string
  root_process_instance_id: string
  tenant_id: string | null
}

export const variableHistoryList: ListResource<VariableHistoryRow> = {
  path: '/history/variable-instance',
  columns: sql`v.*, i.definition_id, i.definition_key, i.root_process_instance_id, i.tenant_id`,
  from: sql`mlc.history_variable v join mlc.instance i on i.id = v.instance_id`,
  filters: {
    processInstanceId: equal(sql`v.instance_id`),
    processInstanceIdIn: oneOf(sql`v.instance_id`),
    processDefinitionId: equal(sql`i.definition_id`),
    processDefinitionKey: equal(sql`i.definition_key`),
    executionIdIn: oneOf(sql`v.execution_id`),
    // Variables of tasks themselves are not kept.
    taskIdIn: () => sql`false`,
    activityInstanceIdIn: oneOf(sql`v.activity_instance_id`),
    variableName: equal(sql`v.name`),
    variableNameIn: oneOf(sql`v.name`),
    variableNameLike: like(sql`v.name`),
    variableTypeIn: (value) =>
      sql`lower(v.value->>'type') = any(${toList(value).map((type) => type.toLowerCase())}::text[])`,
    variableValue: (value, _, { variableName }) => {
      if (variableName !== undefined && variableName !== null) return sql`v.value->>'value' = ${String(value)}`
      throw invalidRequest(
        'Only a single variable value parameter specified: variable name and value are required to be able to query after a specific variable value.',
      )
    },
    tenantIdIn: oneOf(sql`i.tenant_id`),
    withoutTenantId: (value) => (isTrue(value) ? sql`i.tenant_id is null` : null),
  },
  /** Deleted ones only with `includeDeleted`. */
  restrict: (query) => (isTrue(query.includeDeleted) ? null : sql`v.state = 'CREATED'`),
  sorts: {
    instanceId: sql`v.instance_id`,
    variableName: sql`v.name`,
    tenantId: sql`i.tenant_id`,
  },
  order: sql`v.id`,
  toBody: (row, query) => ({
    ...toWireValue(row.value, { omitBytes: true, deserialize: !isFalse(query.deserializeValues) }),
    id: row.id,
    name: row.name,
    processDefinitionKey: row.definition_key,
    processDefinitionId: row.definition_id,
    processInstanceId: row.instance_id,
    executionId: row.execution_id,
    activityInstanceId: row.activity_instance_id,
    caseDefinitionKey: null,
    caseDefinitionId: null,
    caseInstanceId: null,
    caseExecutionId: null,
    taskId: null,
    errorMessage: null,
    tenantId: row.tenant_id,
    state: row.state,
    createTime: toCamundaDate(row.created_at),
    removalTime: null,
    rootProcessInstanceId: row.root_process_instance_id,
  }),
}
