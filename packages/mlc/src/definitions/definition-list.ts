import { sql } from 'kysely'
import { camundaProblem } from '../camunda-problems.ts'
import { filtersByIncident } from '../incidents/incident-filters.ts'
import { after, at, equal, equalInteger, type Filter, inTenants, isTrue, like, oneOf, when } from '../lists/filters.ts'
import type { ListResource } from '../lists/list-resource.ts'
import { type DefinitionRow, toDefinitionBody } from './deployment-store.ts'

const incidentWhere = (condition: ReturnType<typeof sql>) =>
  sql`exists (select 1 from mlc.incident n join mlc.instance i on i.id = n.instance_id where i.definition_id = d.id and ${condition})`

/** The newest versions of keys; of one named otherwise it makes no sense, says Camunda. */
const newest: Filter = (value, _, query) => {
  if (!isTrue(value)) return null
  if (['processDefinitionId', 'version', 'deploymentId'].some((name) => (query[name] ?? '') !== '')) {
    throw camundaProblem(
      500,
      'ProcessEngineException',
      'Calling latest() can only be used in combination with key(String) and keyLike(String) or name(String) and nameLike(String)',
    )
  }
  return sql`d.version = (
    select max(n.version) from mlc.process_definition n where n.key = d.key and n.tenant_id is not distinct from d.tenant_id)`
}

export const definitionList: ListResource<DefinitionRow> = {
  path: '/process-definition',
  columns: sql`d.*`,
  from: sql`mlc.process_definition d`,
  filters: {
    processDefinitionId: equal(sql`d.id`),
    processDefinitionIdIn: oneOf(sql`d.id`),
    name: equal(sql`d.name`),
    nameLike: like(sql`d.name`),
    deploymentId: equal(sql`d.deployment_id`),
    deployedAfter: after(sql`d.deployed_at`),
    deployedAt: at(sql`d.deployed_at`),
    key: equal(sql`d.key`),
    keysIn: oneOf(sql`d.key`),
    keyLike: like(sql`d.key`),
    category: equal(sql`d.category`),
    categoryLike: like(sql`d.category`),
    version: equalInteger(sql`d.version`),
    latestVersion: newest,
    latest: newest,
    resourceName: equal(sql`d.resource_name`),
    resourceNameLike: like(sql`d.resource_name`),
    active: when(sql`not d.is_suspended`),
    suspended: when(sql`d.is_suspended`),
    versionTag: equal(sql`d.version_tag`),
    versionTagLike: like(sql`d.version_tag`),
    withoutVersionTag: when(sql`d.version_tag is null`),
    tenantIdIn: inTenants(sql`d.tenant_id`, 'includeProcessDefinitionsWithoutTenantId'),
    withoutTenantId: when(sql`d.tenant_id is null`),
    startableInTasklist: when(sql`d.is_startable_in_tasklist`),
    notStartableInTasklist: when(sql`not d.is_startable_in_tasklist`),
    ...filtersByIncident(incidentWhere),
  },
  sorts: {
    category: sql`d.category`,
    key: sql`d.key`,
    id: sql`d.id`,
    name: sql`d.name`,
    version: sql`d.version`,
    deploymentId: sql`d.deployment_id`,
    deployTime: sql`d.deployed_at`,
    tenantId: sql`d.tenant_id`,
    versionTag: sql`d.version_tag`,
  },
  order: sql`d.id`,
  toBody: toDefinitionBody,
  getOnly: true,
}
