import type { TypedValue } from '@rowhouse/bpmn'
import type { VariableMap, VariableValue } from '@rowhouse/contract'
import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { noContent, wireOptions } from '../answers.ts'
import { notFound, nullValue, restProblem } from '../camunda-problems.ts'
import { parseValue, parseVariables, toWireValue, toWireVariables } from '../camunda-values.ts'
import type { MlcContext } from '../context.ts'
import { bodyOf, findOne, isFalse, queryOf, registerList } from '../lists/list-resource.ts'
import { readBinary, sendBinary } from '../variables/binary.ts'
import { activityTree } from './activity-tree.ts'
import { loadAggregates } from './aggregate-store.ts'
import { changeVariables } from './change-variables.ts'
import { deleteInstance } from './delete-instance.ts'
import { instanceList } from './instance-list.ts'
import { findLiveInstance } from './instance-store.ts'
import { suspendInstances } from './suspend-instances.ts'

type ById = { Params: { id: string } }
type ByName = { Params: { id: string; name: string } }

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
    const aggregate = await ctx.database.transaction(
      async (tx) => (await loadAggregates(tx, [id], ctx.vault)).get(id)?.aggregate,
    )
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
  variableRoutes(app, ctx)
}

function variableRoutes(app: FastifyInstance, ctx: MlcContext): void {
  app.get<ById>('/process-instance/:id/variables', async (request) => {
    const { id } = request.params
    if ((await findLiveInstance(ctx.database.kysely, id)) === undefined)
      throw nullValue(`execution ${id} doesn't exist: execution is null`)
    return toWireVariables(await readVariables(ctx, id), wireOptions(request))
  })
  app.post<ById>('/process-instance/:id/variables', async (request, reply) => {
    const { modifications, deletions } = bodyOf(request)
    const prefix = `Cannot modify variables for process instance ${request.params.id}: `
    const set = parseVariables((modifications ?? {}) as VariableMap, prefix)
    const remove = Array.isArray(deletions) ? deletions.map(String) : []
    await changeVariables(ctx, request.params.id, { set, remove }, prefix)
    return noContent(reply)
  })
  app.get<ByName>('/process-instance/:id/variables/:name', async (request) => {
    return toWireValue(await readVariable(ctx, request.params), wireOptions(request))
  })
  app.get<ByName>('/process-instance/:id/variables/:name/data', async (request, reply) => {
    const value = await readVariable(ctx, request.params)
    return sendBinary(reply, value, 'process instance variable', request.params.name)
  })
  app.post<ByName>('/process-instance/:id/variables/:name/data', async (request, reply) => {
    const { id, name } = request.params
    const prefix = `Cannot put process instance variable ${name}: `
    await changeVariables(ctx, id, { set: { [name]: await readBinary(request, prefix) }, remove: [] }, prefix)
    return noContent(reply)
  })
  app.put<ByName>('/process-instance/:id/variables/:name', async (request, reply) => {
    const { id, name } = request.params
    const prefix = `Cannot put process instance variable ${name}: `
    const value = parseValue(bodyOf(request) as VariableValue, prefix)
    await changeVariables(ctx, id, { set: { [name]: value }, remove: [] }, prefix)
    return noContent(reply)
  })
  app.delete<ByName>('/process-instance/:id/variables/:name', async (request, reply) => {
    const { id, name } = request.params
    await changeVariables(ctx, id, { set: {}, remove: [name] }, `Cannot delete process instance variable ${name}: `)
    return noContent(reply)
  })
}

async function readVariables(ctx: MlcContext, instanceId: string): Promise<[string, TypedValue][]> {
  const { rows } = await sql<{ name: string; value: TypedValue }>`
    select name, value from mlc.variable where instance_id = ${instanceId} and execution_id = ${instanceId} order by name`.execute(
    ctx.database.kysely,
  )
  return rows.map((row) => [row.name, row.value])
}

async function readVariable(ctx: MlcContext, { id, name }: { id: string; name: string }): Promise<TypedValue> {
  if ((await findLiveInstance(ctx.database.kysely, id)) === undefined) {
    throw restProblem(
      500,
      `Cannot get process instance variable ${name}: execution ${id} doesn't exist: execution is null`,
    )
  }
  const found = (await readVariables(ctx, id)).find(([candidate]) => candidate === name)
  if (found === undefined)
    throw notFound('variable', name, `process instance variable with name ${name} does not exist`)
  return found[1]
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
