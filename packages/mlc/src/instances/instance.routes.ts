import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { noContent } from '../answers.ts'
import { notFound } from '../camunda-problems.ts'
import type { MlcContext } from '../context.ts'
import { bodyOf, findOne, isFalse, queryOf, registerList } from '../lists/list-resource.ts'
import { variableRoutes } from '../variables/variable.routes.ts'
import { activityTree } from './activity-tree.ts'
import { loadAggregates } from './aggregate-store.ts'
import { deleteInstance } from './delete-instance.ts'
import { instanceList } from './instance-list.ts'
import { suspendInstances } from './suspend-instances.ts'

type ById = { Params: { id: string } }

export function instanceRoutes(app: FastifyInstance, ctx: MlcContext): void {
  registerList(app, ctx, instanceList)
  app.get<ById>('/process-instance/:id', async (request) => {
    const { id } = request.params
    return (await findOne(ctx, instanceList, sql`i.id = ${id}`)) ?? Promise.reject(unknownInstance(id))
  })
  app.delete<ById>('/process-instance/:id', async (request, reply) => {
    const query = queryOf(request)
    await deleteInstance(ctx, request.params.id, { reason: null, failIfNotExists: !isFalse(query.failIfNotExists) })
    return noContent(reply)
  })
  app.get<ById>('/process-instance/:id/activity-instances', async (request) => {
    const { id } = request.params
    const aggregate = (await loadAggregates(ctx.database.kysely, [id], ctx.vault)).get(id)?.aggregate
    if (aggregate === undefined || aggregate.instance.endedAt !== null) throw unknownInstance(id)
    return activityTree(aggregate, await ctx.graphs.get(ctx.database.kysely, aggregate.instance.definitionId))
  })
  app.put<ById>('/process-instance/:id/suspended', async (request, reply) => {
    await suspendInstances(ctx, [request.params.id], bodyOf(request).suspended === true)
    return noContent(reply)
  })
  app.put('/process-instance/suspended', async (request, reply) => {
    await suspendInstances(ctx, await namedInstances(ctx, bodyOf(request)), bodyOf(request).suspended === true)
    return noContent(reply)
  })
  variableRoutes(app, ctx, 'process instance', '/process-instance/:id/variables')
}

async function namedInstances(ctx: MlcContext, body: Record<string, unknown>): Promise<string[]> {
  if (Array.isArray(body.processInstanceIds)) return body.processInstanceIds.map(String)
  const column = body.processDefinitionId ? sql`definition_id` : sql`definition_key`
  const wanted = body.processDefinitionId ?? body.processDefinitionKey
  if (wanted === undefined || wanted === null) return []
  const { rows } = await sql<{ id: string }>`
    select id from mlc.instance where ${column} = ${String(wanted)} and ended_at is null`.execute(ctx.database.kysely)
  return rows.map((row) => row.id)
}

function unknownInstance(id: string) {
  return notFound('process instance', id, `Process instance with id ${id} does not exist`)
}
