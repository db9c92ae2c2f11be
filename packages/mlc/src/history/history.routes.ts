import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { notFound } from '../camunda-problems.ts'
import type { MlcContext } from '../context.ts'
import { findOne, registerList } from '../lists/list-resource.ts'
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
    if (found === undefined) throw notFound('variable', id, `Variable instance with Id '${id}' does not exist.`)
    return found
  })
}
