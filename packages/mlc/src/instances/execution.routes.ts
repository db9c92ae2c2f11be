import type { VariableMap } from '@rowhouse/contract'
import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { noContent } from '../answers.ts'
import { notFound } from '../camunda-problems.ts'
import { parseVariables } from '../camunda-values.ts'
import type { MlcContext } from '../context.ts'
import { bodyOf, findOne, registerList } from '../lists/list-resource.ts'
import { variableRoutes } from '../variables/variable.routes.ts'
import { executionList } from './execution-list.ts'
import { triggerExecution, triggerMessage } from './trigger-execution.ts'

type ById = { Params: { id: string } }
type ByMessage = { Params: { id: string; messageName: string } }

export function executionRoutes(app: FastifyInstance, ctx: MlcContext): void {
  registerList(app, ctx, executionList)
  variableRoutes(app, ctx, 'execution', '/execution/:id/localVariables')
  app.get<ById>('/execution/:id', async (request) => {
    const { id } = request.params
    const found = await findOne(ctx, executionList, sql`e.id = ${id}`)
    return found ?? Promise.reject(notFound('execution', id, `Execution with id ${id} does not exist`))
  })
  app.post<ById>('/execution/:id/signal', async (request, reply) => {
    const { id } = request.params
    const prefix = `Cannot signal execution ${id}: `
    const variables = parseVariables(bodyOf(request).variables as VariableMap | undefined, prefix)
    await triggerExecution(ctx, id, variables, prefix)
    return noContent(reply)
  })
  app.post<ByMessage>('/execution/:id/messageSubscriptions/:messageName/trigger', async (request, reply) => {
    const { id, messageName } = request.params
    const prefix = `Cannot trigger message ${messageName} for execution ${id}: `
    const variables = parseVariables(bodyOf(request).variables as VariableMap | undefined, prefix)
    await triggerMessage(ctx, { executionId: id, messageName }, variables, prefix)
    return noContent(reply)
  })
}
