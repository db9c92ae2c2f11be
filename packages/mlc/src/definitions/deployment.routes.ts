import type { MultipartFile, MultipartValue } from '@rowhouse/http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { sql } from 'kysely'
import { noContent } from '../answers.ts'
import { toCamundaDate } from '../camunda-dates.ts'
import { invalidRequest, notFound } from '../camunda-problems.ts'
import type { MlcContext } from '../context.ts'
import { selfLink } from '../links.ts'
import { after, before, equal, inTenants, isTrue, like, when } from '../lists/filters.ts'
import { findOne, flagOf, type ListResource, queryOf, registerList } from '../lists/list-resource.ts'
import { deleteDeployment } from './delete-deployment.ts'
import { type Deployed, type DeployWish, deploy } from './deploy.ts'
import { type DeploymentRow, toDefinitionBody } from './deployment-store.ts'

type ById = { Params: { id: string } }
type ByResource = { Params: { id: string; resourceId: string } }

const deploymentList: ListResource<DeploymentRow> = {
  path: '/deployment',
  columns: sql`p.id, p.name, p.source, p.deployed_at, p.tenant_id`,
  from: sql`mlc.deployment p`,
  filters: {
    id: equal(sql`p.id`),
    name: equal(sql`p.name`),
    nameLike: like(sql`p.name`),
    source: equal(sql`p.source`),
    withoutSource: when(sql`p.source is null`),
    tenantIdIn: inTenants(sql`p.tenant_id`, 'includeDeploymentsWithoutTenantId'),
    withoutTenantId: when(sql`p.tenant_id is null`),
    after: after(sql`p.deployed_at`),
    before: before(sql`p.deployed_at`),
  },
  sorts: { id: sql`p.id`, name: sql`p.name`, deploymentTime: sql`p.deployed_at`, tenantId: sql`p.tenant_id` },
  order: sql`p.id`,
  toBody: (row) => deploymentBody(row, []),
  getOnly: true,
}

export function deploymentRoutes(app: FastifyInstance, ctx: MlcContext): void {
  app.post('/deployment/create', async (request) => {
    const deployed = await deploy(ctx, await readForm(request))
    return deployedBody(request, deployed)
  })
  registerList(app, ctx, deploymentList)
  app.get<ById>('/deployment/:id', async (request) => {
    const { id } = request.params
    return (await findOne(ctx, deploymentList, sql`p.id = ${id}`)) ?? Promise.reject(unknownDeployment(id))
  })
  app.delete<ById>('/deployment/:id', async (request, reply) => {
    await deleteDeployment(ctx, request.params.id, flagOf(queryOf(request), 'cascade'))
    return noContent(reply)
  })
  app.get<ById>('/deployment/:id/resources', async (request) => {
    const { id } = request.params
    const { rows } = await sql<{ id: string; name: string }>`
      select id, name from mlc.resource where deployment_id = ${id} order by name`.execute(ctx.database.kysely)
    if (rows.length === 0)
      throw notFound('deployment', id, `Deployment resources for deployment id '${id}' do not exist.`)
    return rows.map((row) => ({ id: row.id, name: row.name, deploymentId: id }))
  })
  app.get<ByResource>('/deployment/:id/resources/:resourceId', async (request) => {
    const row = await getResource(ctx, request.params)
    return { id: row.id, name: row.name, deploymentId: request.params.id }
  })
  app.get<ByResource>('/deployment/:id/resources/:resourceId/data', async (request, reply) => {
    const row = await getResource(ctx, request.params)
    return reply
      .type(contentTypeOf(row.name))
      .header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(row.name)}`)
      .send(row.content)
  })
}

/** Reserved parts are settings; every other part is a resource named by its file name. */
async function readForm(request: FastifyRequest): Promise<DeployWish> {
  const fields = new Map<string, string>()
  const resources: DeployWish['resources'] = []
  if (!request.isMultipart())
    throw invalidRequest('A deployment is sent as multipart/form-data, with one file part for each resource')
  for await (const part of request.parts()) {
    if (reserved.has(part.fieldname)) {
      fields.set(part.fieldname, await textOf(part))
    } else if (part.type === 'field' || part.filename === undefined || part.filename === '') {
      if (part.type === 'file') await part.toBuffer()
      throw invalidRequest(`No file name found in the deployment resource described by form parameter 'null'.`)
    } else resources.push({ name: part.filename, content: await part.toBuffer() })
  }
  refuseActivationTime(fields.get('deployment-activation-time'))
  if (resources.length === 0) throw invalidRequest('No deployment resources contained in the form upload.')
  return {
    name: fields.get('deployment-name') ?? null,
    source: fields.get('deployment-source') ?? null,
    tenantId: fields.get('tenant-id') || null,
    resources,
    duplicateFiltering: isTrue(fields.get('enable-duplicate-filtering')),
    changedOnly: isTrue(fields.get('deploy-changed-only')),
  }
}

function refuseActivationTime(time: string | undefined): void {
  if (time === undefined || time === '') return
  throw invalidRequest(
    'deployment-activation-time is not supported: deploy at that time, or deploy now, suspend the definition (PUT /process-definition/{id}/suspended) and activate it then',
  )
}

const reserved: ReadonlySet<string> = new Set([
  'deployment-name',
  'deployment-source',
  'deploy-changed-only',
  'enable-duplicate-filtering',
  'deployment-activation-time',
  'tenant-id',
])

async function textOf(part: MultipartFile | MultipartValue): Promise<string> {
  return part.type === 'file' ? (await part.toBuffer()).toString('utf8') : String(part.value)
}

function deploymentBody(row: DeploymentRow, links: unknown[]) {
  return {
    links,
    id: row.id,
    name: row.name,
    source: row.source,
    deploymentTime: toCamundaDate(row.deployed_at),
    tenantId: row.tenant_id,
  }
}

function deployedBody(request: FastifyRequest, { deployment, definitions, warnings }: Deployed) {
  const bodies = definitions?.map(toDefinitionBody)
  return {
    ...deploymentBody(deployment, [selfLink(request, `/deployment/${deployment.id}`)]),
    deployedProcessDefinitions:
      bodies === undefined || bodies.length === 0 ? null : Object.fromEntries(bodies.map((body) => [body.id, body])),
    deployedCaseDefinitions: null,
    deployedDecisionDefinitions: null,
    deployedDecisionRequirementsDefinitions: null,
    ...(warnings.length === 0 ? {} : { warnings }),
  }
}

async function getResource(ctx: MlcContext, { id, resourceId }: { id: string; resourceId: string }) {
  const { rows } = await sql<{ id: string; name: string; content: Buffer }>`
    select id, name, content from mlc.resource where deployment_id = ${id} and id = ${resourceId}`.execute(
    ctx.database.kysely,
  )
  if (rows[0] !== undefined) return rows[0]
  throw notFound(
    'resource',
    resourceId,
    `Deployment resource with resource id '${resourceId}' for deployment id '${id}' does not exist.`,
  )
}

function contentTypeOf(name: string): string {
  if (/\.(bpmn|dmn|cmmn|xml)$/i.test(name)) return 'application/xml'
  if (/\.json$/i.test(name)) return 'application/json'
  return /\.(txt|js|groovy|py)$/i.test(name) ? 'text/plain' : 'application/octet-stream'
}

function unknownDeployment(id: string) {
  return notFound('deployment', id, `Deployment with id '${id}' does not exist`)
}
