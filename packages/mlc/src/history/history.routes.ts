import type { TypedValue } from '@rowhouse/bpmn'
import type { AppError } from '@rowhouse/contract'
import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { invalidRequest, notFound } from '../camunda-problems.ts'
import type { MlcContext } from '../context.ts'
import { findOne, registerList } from '../lists/list-resource.ts'
import { isBinary, sendBinary } from '../variables/binary.ts'
import { activityHistoryList } from './activity-history-list.ts'
import { incidentHistoryList } from './incident-history-list.ts'
import { instanceHistoryList } from './instance-history-list.ts'
import { variableHistoryList } from './variable-history-list.ts'

type ById = { Params: { id: string } }

export function historyRoutes(app: FastifyInstance, ctx: MlcContext): void {
  registerList(app, ctx, instanceHistoryList)
  registerList(app, ctx, activityHistoryList)
  registerList(app, ctx, variableHistoryList)
  registerList(app, ctx, incidentHistoryList)
  app.get<ById>('/history/process-instance/:id', async (request) => {
    const { id } = request.params
    const found = await findOne(ctx, instanceHistoryList, sql`i.id = ${id}`)
    if (found === undefined)
      throw notFound('process instance', id, `Historic process instance with id ${id} does not exist`)
    return found
  })
  app.get<ById>('/history/activity-instance/:id', async (request) => {
    const { id } = request.params
    const found = await findOne(ctx, activityHistoryList, sql`a.id = ${id}`)
    if (found === undefined)
      throw notFound('activity instance', id, `Historic activity instance with id '${id}' does not exist`)
    return found
  })
  app.get<ById>('/history/variable-instance/:id', async (request) => {
    const { id } = request.params
    const found = await findOne(ctx, variableHistoryList, sql`v.id = ${id}`)
    if (found === undefined) throw missingVariable(id)
    return found
  })
  app.get<ById>('/history/variable-instance/:id/data', async (request, reply) => {
    const { id } = request.params
    const { rows } = await sql<{ value: TypedValue }>`select value from mlc.history_variable where id = ${id}`.execute(
      ctx.database.kysely,
    )
    const value = rows[0]?.value
    if (value === undefined) throw missingVariable(id)
    if (!isBinary(value)) throw invalidRequest(`Value of variable with id ${id} is not a binary value.`)
    return sendBinary(reply, value)
  })
}

function missingVariable(id: string): AppError {
  return notFound('variable', id, `Variable instance with Id '${id}' does not exist.`)
}
