import type { VariableMap } from '@rowhouse/contract'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { sql } from 'kysely'
import { callerName, noContent } from '../answers.ts'
import { invalidRequest, notFound, restProblem } from '../camunda-problems.ts'
import { parseVariables, toWireVariables } from '../camunda-values.ts'
import type { MlcContext } from '../context.ts'
import { startInstanceByDefinition, toInstanceBody } from '../instances/start-instance.ts'
import { selfLink } from '../links.ts'
import { bodyOf, registerList } from '../lists/list-resource.ts'
import { textOf } from '../members.ts'
import { definitionList } from './definition-list.ts'
import { activityStatistics, definitionStatistics } from './definition-statistics.ts'
import { type DefinitionRow, newestVersions, toDefinitionBody } from './deployment-store.ts'
import { suspendDefinition } from './suspend-definition.ts'
import { xmlText } from './xml-text.ts'

interface Params {
  id?: string
  key?: string
  tenantId?: string
}
type Named = { Params: Params }

export function definitionRoutes(app: FastifyInstance, ctx: MlcContext): void {
  registerList(app, ctx, definitionList)
  app.get('/process-definition/statistics', async () => definitionStatistics(ctx))
  app.put('/process-definition/suspended', async (request, reply) => {
    const body = bodyOf(request)
    refuseExecutionDate(body)
    const definitionId = textOf(body, 'processDefinitionId')
    const key = textOf(body, 'processDefinitionKey')
    if (definitionId === null && key === null) {
      throw invalidRequest(
        'Either processDefinitionId or processDefinitionKey must be set to update the suspension state.',
      )
    }
    await suspendDefinition(ctx, {
      definitionId,
      key,
      suspended: body.suspended === true,
      includeInstances: body.includeProcessInstances === true,
    })
    return noContent(reply)
  })
  for (const prefix of [
    '/process-definition/:id',
    '/process-definition/key/:key',
    '/process-definition/key/:key/tenant-id/:tenantId',
  ]) {
    namedRoutes(app, ctx, prefix)
  }
}

function namedRoutes(app: FastifyInstance, ctx: MlcContext, prefix: string): void {
  app.get<Named>(prefix, async (request) => toDefinitionBody(await getDefinition(ctx, request.params)))
  app.get<Named>(`${prefix}/xml`, async (request) => {
    const definition = await getDefinition(ctx, request.params)
    const { rows } = await sql<{ content: Buffer }>`
      select content from mlc.resource where deployment_id = ${definition.deployment_id} and name = ${definition.resource_name}`.execute(
      ctx.database.kysely,
    )
    return { id: definition.id, bpmn20Xml: rows[0] === undefined ? '' : xmlText(rows[0].content) }
  })
  app.get<Named>(`${prefix}/diagram`, async (request, reply) => {
    await getDefinition(ctx, request.params)
    return noContent(reply)
  })
  app.get<Named>(`${prefix}/startForm`, async (request) => {
    const definition = await getDefinition(ctx, request.params)
    const graph = await ctx.graphs.get(ctx.database.kysely, definition.id)
    const start = graph.startIds.map((id) => graph.nodes.get(id)).find((node) => node?.kind === 'startEvent')
    return { key: start?.kind === 'startEvent' ? start.formKey : null, camundaFormRef: null, contextPath: null }
  })
  app.get<Named>(`${prefix}/statistics`, async (request) =>
    activityStatistics(ctx, (await getDefinition(ctx, request.params)).id),
  )
  app.post<Named>(`${prefix}/start`, async (request) => start(ctx, request))
  app.post<Named>(`${prefix}/submit-form`, async (request) => start(ctx, request))
  app.put<Named>(`${prefix}/suspended`, async (request, reply) => {
    const definition = await getDefinition(ctx, request.params)
    const body = bodyOf(request)
    refuseExecutionDate(body)
    const wish = { definitionId: definition.id, key: null, suspended: body.suspended === true }
    await suspendDefinition(ctx, { ...wish, includeInstances: body.includeProcessInstances === true })
    return noContent(reply)
  })
}

async function start(ctx: MlcContext, request: FastifyRequest<Named>) {
  const definition = await getDefinition(ctx, request.params)
  const body = bodyOf(request)
  const variables = parseVariables(
    (body.variables ?? {}) as VariableMap,
    `Cannot instantiate process definition ${definition.id}: `,
  )
  refuseStartInstructions(body.startInstructions)
  const businessKey = textOf(body, 'businessKey')
  const wish = { definition, businessKey, variables, startUserId: callerName(request) }
  const { aggregate, ownVariables } = await startInstanceByDefinition(ctx, wish)
  const { id } = aggregate.instance
  const answer = toInstanceBody(aggregate.instance, [selfLink(request, `/process-instance/${id}`)])
  if (body.withVariablesInReturn !== true) return answer
  return { ...answer, variables: toWireVariables(ownVariables.map((row) => [row.name, row.value])) }
}

/** Camunda ignores `cancel` here; the others are not built. */
function refuseStartInstructions(instructions: unknown): void {
  const kinds = Array.isArray(instructions) ? instructions.map((one: { type?: unknown }) => String(one?.type)) : []
  const other = kinds.find((kind) => kind !== 'cancel')
  if (other !== undefined)
    throw invalidRequest(`startInstructions of type '${other}' are not supported: start the process at its start event`)
}

function refuseExecutionDate(body: Record<string, unknown>): void {
  if (body.executionDate === undefined || body.executionDate === null) return
  throw invalidRequest('executionDate is not supported: suspend or activate at once, without it')
}

async function getDefinition(ctx: MlcContext, { id, key, tenantId }: Params): Promise<DefinitionRow> {
  if (key !== undefined) {
    const found = (await newestVersions(ctx.database.kysely, [key], tenantId ?? null)).get(key)
    if (found !== undefined) return found
    const tenant = tenantId === undefined ? 'no tenant-id' : `tenant-id: ${tenantId}`
    throw restProblem(404, `No matching process definition with key: ${key} and ${tenant}`, null)
  }
  const { rows } = await sql<DefinitionRow>`select * from mlc.process_definition where id = ${id ?? ''}`.execute(
    ctx.database.kysely,
  )
  if (rows[0] !== undefined) return rows[0]
  throw notFound('definition', id ?? '', `No matching definition with id ${id}`, 0)
}
