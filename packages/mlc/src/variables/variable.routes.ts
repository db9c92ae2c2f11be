/**
 * Variables of an instance, or in the own scope of any of its executions: the same calls under two paths. As in Camunda the
 * path of an instance takes the id of an execution too, and then means what is seen from there: its Java client for external
 * tasks fetches files so, by the execution of the task.
 */
import type { TypedValue } from '@rowhouse/bpmn'
import type { VariableMap, VariableValue } from '@rowhouse/contract'
import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { noContent, wireOptions } from '../answers.ts'
import { notFound, nullValue, restProblem } from '../camunda-problems.ts'
import { parseValue, parseVariables, toWireValue, toWireVariables } from '../camunda-values.ts'
import type { MlcContext } from '../context.ts'
import { changeVariables, goneMessage } from '../instances/change-variables.ts'
import { bodyOf } from '../lists/list-resource.ts'
import { isBinary, readBinary, sendBinary } from './binary.ts'

type ById = { Params: { id: string } }
type ByName = { Params: { id: string; name: string } }

/** `owner`: as Camunda names it in its sentences. `path` ends before the names of variables. */
export function variableRoutes(
  app: FastifyInstance,
  ctx: MlcContext,
  owner: 'process instance' | 'execution',
  path: string,
): void {
  const local = owner === 'execution'
  const cannot = (verb: string, name: string) => `Cannot ${verb} ${owner} variable ${name}: `
  const missing = (name: string, reason: string) =>
    notFound('variable', name, `${owner} variable with name ${name} ${reason}`)
  const readOne = async ({ id, name }: ByName['Params']): Promise<TypedValue> => {
    const variables = await readVariables(ctx, id, local)
    if (variables === undefined) throw restProblem(500, `${cannot('get', name)}${goneMessage(id)}`)
    const found = variables.find((row) => row.name === name)
    if (found === undefined) throw missing(name, 'does not exist')
    return found.value
  }

  app.get<ById>(path, async (request) => {
    const variables = await readVariables(ctx, request.params.id, local)
    if (variables === undefined) throw nullValue(goneMessage(request.params.id))
    return toWireVariables(
      variables.map(({ name, value }) => [name, value]),
      wireOptions(request),
    )
  })
  app.post<ById>(path, async (request, reply) => {
    const { modifications, deletions } = bodyOf(request)
    const prefix = `Cannot modify variables for ${owner} ${request.params.id}: `
    const set = parseVariables((modifications ?? {}) as VariableMap, prefix)
    const remove = Array.isArray(deletions) ? deletions.map(String) : []
    await changeVariables(ctx, request.params.id, { set, remove, local }, prefix)
    return noContent(reply)
  })
  app.get<ByName>(`${path}/:name`, async (request) => toWireValue(await readOne(request.params), wireOptions(request)))
  app.get<ByName>(`${path}/:name/data`, async (request, reply) => {
    const value = await readOne(request.params)
    if (!isBinary(value)) throw missing(request.params.name, 'is not a binary variable')
    return sendBinary(reply, value)
  })
  app.post<ByName>(`${path}/:name/data`, async (request, reply) => {
    const { id, name } = request.params
    const prefix = cannot('put', name)
    await changeVariables(ctx, id, { set: { [name]: await readBinary(request, prefix) }, remove: [], local }, prefix)
    return noContent(reply)
  })
  app.put<ByName>(`${path}/:name`, async (request, reply) => {
    const { id, name } = request.params
    const prefix = cannot('put', name)
    const value = parseValue(bodyOf(request) as VariableValue, prefix)
    await changeVariables(ctx, id, { set: { [name]: value }, remove: [], local }, prefix)
    return noContent(reply)
  })
  app.delete<ByName>(`${path}/:name`, async (request, reply) => {
    const { id, name } = request.params
    await changeVariables(ctx, id, { set: {}, remove: [name], local }, cannot('delete', name))
    return noContent(reply)
  })
}

/** By name; of those with one name the nearest. undefined: there is no such execution, or it has ended. */
async function readVariables(
  ctx: MlcContext,
  executionId: string,
  local: boolean,
): Promise<{ name: string; value: TypedValue }[] | undefined> {
  const { rows } = await sql<{ name: string | null; value: TypedValue }>`
    with recursive scope as (
      select id, instance_id, parent_id, 0 as distance from mlc.execution where id = ${executionId}
      union all
      select parent.id, parent.instance_id, parent.parent_id, scope.distance + 1
      from scope join mlc.execution parent on parent.id = scope.parent_id
      where not ${local}::boolean
    )
    select distinct on (v.name) v.name, v.value from scope
    left join mlc.variable v on v.instance_id = scope.instance_id and v.execution_id = scope.id
    order by v.name, scope.distance`.execute(ctx.database.kysely)
  if (rows.length === 0) return undefined
  return rows.flatMap(({ name, value }) => (name === null ? [] : [{ name, value }]))
}
