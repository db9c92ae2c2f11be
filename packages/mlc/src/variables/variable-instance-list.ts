import type { TypedValue } from '@rowhouse/bpmn'
import { sql } from 'kysely'
import { toWireValue } from '../camunda-values.ts'
import { equal, like, oneOf } from '../lists/filters.ts'
import { isFalse, type ListResource } from '../lists/list-resource.ts'

export interface VariableListRow {
  id: string
  name: string
  value: TypedValue
  instance_id: string
  definition_id: string
  execution_id: string
  activity_instance_id: string
  tenant_id: string | null
}

export const variableInstanceList: ListResource<VariableListRow> = {
  path: '/variable-instance',
  columns: sql`v.*, i.definition_id, i.tenant_id`,
  from: sql`mlc.variable v join mlc.instance i on i.id = v.instance_id`,
  filters: {
    variableName: equal(sql`v.name`),
    variableNameLike: like(sql`v.name`),
    processInstanceIdIn: oneOf(sql`v.instance_id`),
    executionIdIn: oneOf(sql`v.execution_id`),
    activityInstanceIdIn: oneOf(sql`v.activity_instance_id`),
    variableScopeIdIn: oneOf(sql`v.execution_id`),
    tenantIdIn: oneOf(sql`i.tenant_id`),
  },
  sorts: {
    variableName: sql`v.name`,
    variableType: sql`v.value->>'type'`,
    activityInstanceId: sql`v.activity_instance_id`,
    tenantId: sql`i.tenant_id`,
  },
  order: sql`v.id`,
  toBody: (row, query) => ({
    ...toWireValue(row.value, { omitBytes: true, deserialize: !isFalse(query.deserializeValues) }),
    id: row.id,
    name: row.name,
    processDefinitionId: row.definition_id,
    processInstanceId: row.instance_id,
    executionId: row.execution_id,
    caseInstanceId: null,
    caseExecutionId: null,
    taskId: null,
    batchId: null,
    activityInstanceId: row.activity_instance_id,
    errorMessage: null,
    tenantId: row.tenant_id,
  }),
}
