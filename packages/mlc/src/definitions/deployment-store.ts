import { createHash } from 'node:crypto'
import type { ProcessDefinitionBody } from '@rowhouse/contract'
import { sql } from 'kysely'
import type { Tx } from '../context.ts'

export interface DeploymentRow {
  id: string
  name: string | null
  source: string | null
  deployed_at: Date
  tenant_id: string | null
}

export interface DefinitionRow {
  id: string
  key: string
  version: number
  name: string | null
  category: string | null
  description: string | null
  version_tag: string | null
  history_ttl_days: number | null
  is_startable_in_tasklist: boolean
  resource_name: string
  deployment_id: string
  is_suspended: boolean
  tenant_id: string | null
  deployed_at: Date
}

export interface ResourceFile {
  name: string
  content: Buffer
}

export function sha256Of(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

/** The newest resource of each name among the deployments of this name, source and tenant. */
export async function findEarlierResources(
  tx: Tx,
  of: { name: string | null; source: string | null; tenantId: string | null },
): Promise<Map<string, { sha256: string; deploymentId: string }>> {
  const { rows } = await sql<{ name: string; sha256: string; deployment_id: string }>`
    select distinct on (r.name) r.name, r.sha256, r.deployment_id
    from mlc.resource r join mlc.deployment d on d.id = r.deployment_id
    where d.name is not distinct from ${of.name} and d.source is not distinct from ${of.source}
      and d.tenant_id is not distinct from ${of.tenantId}
    order by r.name, d.deployed_at desc, d.id desc`.execute(tx)
  return new Map(rows.map((row) => [row.name, { sha256: row.sha256, deploymentId: row.deployment_id }]))
}

export async function findDeployment(tx: Tx, id: string): Promise<DeploymentRow | undefined> {
  const { rows } = await sql<DeploymentRow>`
    select id, name, source, deployed_at, tenant_id from mlc.deployment where id = ${id}`.execute(tx)
  return rows[0]
}

export async function insertDeployment(
  tx: Tx,
  row: DeploymentRow & { isShipped: boolean },
  resources: readonly (ResourceFile & { id: string })[],
): Promise<void> {
  await sql`
    insert into mlc.deployment (id, name, source, deployed_at, tenant_id, is_shipped)
    values (${row.id}, ${row.name}, ${row.source}, ${row.deployed_at}, ${row.tenant_id}, ${row.isShipped})`.execute(tx)
  const values = resources.map((r) => sql`(${r.id}, ${row.id}, ${r.name}, ${r.content}::bytea, ${sha256Of(r.content)})`)
  await sql`insert into mlc.resource (id, deployment_id, name, content, sha256) values ${sql.join(values)}`.execute(tx)
}

export async function insertDefinitions(tx: Tx, rows: readonly DefinitionRow[]): Promise<void> {
  if (rows.length === 0) return
  const values = rows.map(
    (d) => sql`(${d.id}, ${d.key}, ${d.version}::int, ${d.name}, ${d.category}, ${d.description}, ${d.version_tag},
      ${d.history_ttl_days}::int, ${d.is_startable_in_tasklist}::boolean, ${d.resource_name}, ${d.deployment_id},
      ${d.is_suspended}::boolean, ${d.tenant_id}, ${d.deployed_at}::timestamptz)`,
  )
  await sql`
    insert into mlc.process_definition (id, key, version, name, category, description, version_tag, history_ttl_days,
      is_startable_in_tasklist, resource_name, deployment_id, is_suspended, tenant_id, deployed_at)
    values ${sql.join(values)}`.execute(tx)
}

export async function newestVersions(
  tx: Tx,
  keys: readonly string[],
  tenantId: string | null = null,
): Promise<Map<string, DefinitionRow & { is_shipped: boolean }>> {
  const { rows } = await sql<DefinitionRow & { is_shipped: boolean }>`
    select distinct on (d.key) d.*, p.is_shipped from mlc.process_definition d join mlc.deployment p on p.id = d.deployment_id
    where d.key = any(${[...keys]}::text[]) and d.tenant_id is not distinct from ${tenantId}
    order by d.key, d.version desc`.execute(tx)
  return new Map(rows.map((row) => [row.key, row]))
}

export async function definitionsOf(tx: Tx, deploymentId: string): Promise<DefinitionRow[]> {
  const { rows } = await sql<DefinitionRow>`
    select * from mlc.process_definition where deployment_id = ${deploymentId} order by key`.execute(tx)
  return rows
}

export function toDefinitionBody(row: DefinitionRow): ProcessDefinitionBody {
  return {
    id: row.id,
    key: row.key,
    category: row.category,
    description: row.description,
    name: row.name,
    version: row.version,
    resource: row.resource_name,
    deploymentId: row.deployment_id,
    diagram: null,
    suspended: row.is_suspended,
    tenantId: row.tenant_id,
    versionTag: row.version_tag,
    historyTimeToLive: row.history_ttl_days,
    startableInTasklist: row.is_startable_in_tasklist,
  }
}
