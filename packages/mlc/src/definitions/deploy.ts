/**
 * Deploys resources: all of them or none. A diagram becomes a new version of its key; the start events of the version before are
 * disarmed and the new one's armed in the same transaction. Running instances keep their version.
 */
import { type ParseProblem, type ProcessGraph, parseBpmn } from '@rowhouse/bpmn'
import { InputError } from '@rowhouse/contract'
import { sql } from 'kysely'
import { camundaProblem, invalidRequest } from '../camunda-problems.ts'
import type { MlcContext, Tx } from '../context.ts'
import { unknownDelegates } from '../delegates/table.ts'
import { armDefinitions } from './arm-definition.ts'
import {
  type DefinitionRow,
  type DeploymentRow,
  findDeployment,
  findEarlierResources,
  insertDefinitions,
  insertDeployment,
  newestVersions,
  type ResourceFile,
  sha256Of,
} from './deployment-store.ts'
import { readXml } from './xml-text.ts'

export interface DeployWish {
  name: string | null
  source: string | null
  tenantId: string | null
  resources: ResourceFile[]
  duplicateFiltering: boolean
  changedOnly: boolean
  isShipped?: boolean
}

export interface Deployed {
  deployment: DeploymentRow
  /** null: nothing had changed. */
  definitions: DefinitionRow[] | null
  warnings: string[]
}

interface ParsedResource {
  resource: string
  graph: ProcessGraph
}

/** Serialises deployments: versions count without gaps or doubles. */
const deployLock = sql`select pg_advisory_xact_lock(hashtext('mlc.deploy'))`

export async function deploy(ctx: MlcContext, wish: DeployWish): Promise<Deployed> {
  const parsed = await parseResources(wish.resources)
  const deployed = await ctx.database.transaction(async (tx) => {
    await deployLock.execute(tx)
    const { changed, unchangedIn } = await chooseResources(tx, wish)
    if (changed.length === 0 && unchangedIn !== undefined)
      return { deployment: unchangedIn, definitions: null, graphs: [], warnings: [] }
    const names = new Set(changed.map((resource) => resource.name))
    const diagrams = parsed.graphs.filter(({ resource }) => names.has(resource))
    const deployment = await storeDeployment(ctx, tx, wish, changed)
    const definitions = await storeDefinitions(ctx, tx, deployment, diagrams)
    const graphs = diagrams.map(({ graph }) => graph)
    const warnings = await armDefinitions(ctx, tx, pair(definitions, graphs))
    return { deployment, definitions, graphs, warnings }
  })
  for (const [definition, graph] of pair(deployed.definitions ?? [], deployed.graphs))
    ctx.graphs.put(definition.id, graph)
  ctx.wake('due-work')
  const warnings = [...parsed.warnings, ...deployed.graphs.flatMap(delegateWarnings), ...deployed.warnings]
  for (const warning of warnings) ctx.log.warn({ deploymentId: deployed.deployment.id }, warning)
  return { deployment: deployed.deployment, definitions: deployed.definitions, warnings }
}

function pair(definitions: readonly DefinitionRow[], graphs: readonly ProcessGraph[]): [DefinitionRow, ProcessGraph][] {
  const byKey = new Map(graphs.map((graph) => [graph.key, graph]))
  return definitions.flatMap((definition) => {
    const graph = byKey.get(definition.key)
    return graph === undefined ? [] : [[definition, graph] as [DefinitionRow, ProcessGraph]]
  })
}

function isDiagram(name: string): boolean {
  return /\.bpmn(20\.xml)?$/i.test(name)
}

async function parseResources(
  resources: readonly ResourceFile[],
): Promise<{ graphs: ParsedResource[]; warnings: string[] }> {
  const graphs: ParsedResource[] = []
  const warnings: string[] = []
  const problems: {
    resource: string
    message: string
    status: 400 | 500
    errors: ParseProblem[]
    warnings: ParseProblem[]
  }[] = []
  for (const { name, content } of resources) {
    if (!isDiagram(name)) continue
    const result = await parseBpmn(readXml(content, name), { resource: name })
    if (result.ok) graphs.push(...result.graphs.map((graph) => ({ resource: name, graph })))
    else problems.push({ resource: name, ...result })
    warnings.push(...result.warnings.map((warning) => `${name}: ${warning.message}`))
  }
  const worst = problems.find((problem) => problem.status === 500) ?? problems[0]
  if (worst === undefined) return { graphs: refuseDoubleKeys(graphs), warnings }
  const details = Object.fromEntries(
    problems.map(({ resource, errors, warnings: w }) => [resource, { errors, warnings: w }]),
  )
  const type = worst.status === 500 ? 'ProcessEngineException' : 'ParseException'
  throw new InputError('ParseError', worst.message, {
    status: worst.status,
    camunda: { type, status: worst.status, code: 0, details },
  })
}

function refuseDoubleKeys(graphs: ParsedResource[]): ParsedResource[] {
  const seen = new Set<string>()
  for (const { key } of graphs.map(({ graph }) => graph)) {
    if (seen.has(key)) {
      throw camundaProblem(
        500,
        'ProcessEngineException',
        `The deployment contains definitions with the same key '${key}' (id attribute), this is not allowed`,
      )
    }
    seen.add(key)
  }
  return graphs
}

/** With duplicate filtering: unchanged resources are left out, or the whole deployment when nothing changed. */
async function chooseResources(
  tx: Tx,
  wish: DeployWish,
): Promise<{ changed: ResourceFile[]; unchangedIn?: DeploymentRow }> {
  if (!wish.duplicateFiltering && !wish.changedOnly) return { changed: wish.resources }
  const earlier = await findEarlierResources(tx, wish)
  const changed = wish.resources.filter((resource) => earlier.get(resource.name)?.sha256 !== sha256Of(resource.content))
  if (changed.length > 0) return { changed: wish.changedOnly ? changed : wish.resources }
  const first = wish.resources[0]
  const unchangedIn = first && (await findDeployment(tx, earlier.get(first.name)?.deploymentId ?? ''))
  if (unchangedIn === undefined) throw invalidRequest('No deployment resources contained in the form upload.')
  return { changed: [], unchangedIn }
}

async function storeDeployment(
  ctx: MlcContext,
  tx: Tx,
  wish: DeployWish,
  resources: readonly ResourceFile[],
): Promise<DeploymentRow> {
  const row: DeploymentRow = {
    id: ctx.newId(),
    name: wish.name,
    source: wish.source,
    deployed_at: ctx.now(),
    tenant_id: wish.tenantId,
  }
  const files = resources.map((resource) => ({ ...resource, id: ctx.newId() }))
  await insertDeployment(tx, { ...row, isShipped: wish.isShipped ?? false }, files)
  return row
}

async function storeDefinitions(
  ctx: MlcContext,
  tx: Tx,
  deployment: DeploymentRow,
  diagrams: readonly ParsedResource[],
): Promise<DefinitionRow[]> {
  const newest = await newestVersions(
    tx,
    diagrams.map(({ graph }) => graph.key),
    deployment.tenant_id,
  )
  const rows = diagrams.map(({ resource, graph }): DefinitionRow => {
    const version = (newest.get(graph.key)?.version ?? 0) + 1
    return {
      id: definitionId(graph.key, version, ctx.newId()),
      key: graph.key,
      version,
      name: graph.name,
      category: graph.category,
      description: graph.description,
      version_tag: graph.versionTag,
      history_ttl_days: graph.historyTimeToLiveDays,
      is_startable_in_tasklist: graph.startableInTasklist,
      resource_name: resource,
      deployment_id: deployment.id,
      // A newer version of a suspended definition stays suspended: it is what the operator asked for.
      is_suspended: newest.get(graph.key)?.is_suspended ?? false,
      tenant_id: deployment.tenant_id,
      deployed_at: deployment.deployed_at,
    }
  })
  await insertDefinitions(tx, rows)
  return rows
}

/** Camunda's form; the bare generated id when that would be longer than its column of 64. */
function definitionId(key: string, version: number, generated: string): string {
  const id = `${key}:${version}:${generated}`
  return id.length > 64 ? generated : id
}

function delegateWarnings(graph: ProcessGraph): string[] {
  return unknownDelegates(graph).map(
    ({ activityId, name }) =>
      `Process '${graph.key}': the service task '${activityId}' calls the delegate '${name}', which is not known here; reaching it will end in an incident`,
  )
}
