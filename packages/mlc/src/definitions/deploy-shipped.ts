import { parseBpmn } from '@rowhouse/bpmn'
import { Bug } from '@rowhouse/contract'
import { sql } from 'kysely'
import type { MlcContext } from '../context.ts'
import { deploy } from './deploy.ts'
import { newestVersions, sha256Of } from './deployment-store.ts'

export interface ShippedDefinition {
  file: string
  xml: string
}

/**
 * At start: a shipped definition is deployed when its key is new here, or when the newest version is an older one of ours. A
 * user's own version of it is never superseded.
 */
export async function deployShipped(ctx: MlcContext, shipped: readonly ShippedDefinition[]): Promise<void> {
  for (const { file, xml } of shipped) {
    const parsed = await parseBpmn(xml, { resource: file })
    if (!parsed.ok) throw new Bug(`the shipped definition ${file} does not parse: ${parsed.message}`)
    const newest = await newestVersions(
      ctx.database.kysely,
      parsed.graphs.map((graph) => graph.key),
    )
    const own = [...newest.values()].find((row) => !row.is_shipped)
    if (own !== undefined) {
      ctx.log.info(`the shipped ${file} stays away: '${own.key}' version ${own.version} was deployed here by a user`)
      continue
    }
    const content = Buffer.from(xml)
    if (
      await isDeployed(
        ctx,
        [...newest.values()].map((row) => row.id),
        sha256Of(content),
      )
    )
      continue
    await deploy(ctx, {
      name: `rowhouse ${file}`,
      source: 'rowhouse',
      tenantId: null,
      resources: [{ name: file, content }],
      duplicateFiltering: true,
      changedOnly: false,
      isShipped: true,
    })
  }
}

async function isDeployed(ctx: MlcContext, definitionIds: readonly string[], sha256: string): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    select true as found from mlc.process_definition d
    join mlc.resource r on r.deployment_id = d.deployment_id and r.name = d.resource_name
    where d.id = any(${[...definitionIds]}::text[]) and r.sha256 = ${sha256} limit 1`.execute(ctx.database.kysely)
  return rows.length > 0
}
