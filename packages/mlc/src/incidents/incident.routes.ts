import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { noContent } from '../answers.ts'
import { camundaProblem, invalidRequest, notFound } from '../camunda-problems.ts'
import type { MlcContext } from '../context.ts'
import { bodyOf, findOne, registerList } from '../lists/list-resource.ts'
import { textOf } from '../members.ts'
import { annotateIncident } from './annotate-incident.ts'
import { incidentList } from './incident-list.ts'

type ById = { Params: { id: string } }

export function incidentRoutes(app: FastifyInstance, ctx: MlcContext): void {
  registerList(app, ctx, incidentList)
  app.get<ById>('/incident/:id', async (request) => {
    const { id } = request.params
    const found = await findOne(ctx, incidentList, sql`n.id = ${id}`)
    if (found === undefined) throw notFound('incident', id, `No matching incident with id ${id}`)
    return found
  })
  app.delete<ById>('/incident/:id', async (request) => {
    const { id } = request.params
    const { rows } = await sql<{ incident_type: string }>`
      select incident_type from mlc.incident where id = ${id}`.execute(ctx.database.kysely)
    if (rows[0] === undefined)
      throw notFound('incident', id, `Cannot find an incident with id '${id}': incident is null`)
    throw invalidRequest(`Cannot resolve an incident of type ${rows[0].incident_type}`)
  })
  app.put<ById>('/incident/:id/annotation', async (request, reply) => {
    await annotate(ctx, request.params.id, textOf(bodyOf(request), 'annotation'))
    return noContent(reply)
  })
  app.delete<ById>('/incident/:id/annotation', async (request, reply) => {
    await annotate(ctx, request.params.id, null)
    return noContent(reply)
  })
}

async function annotate(ctx: MlcContext, id: string, annotation: string | null): Promise<void> {
  if (!(await annotateIncident(ctx, id, annotation)))
    throw camundaProblem(400, 'BadUserRequestException', 'incident is null')
}
