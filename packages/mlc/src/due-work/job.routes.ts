import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { noContent } from '../answers.ts'
import { camundaProblem, invalidRequest, notFound } from '../camunda-problems.ts'
import type { MlcContext } from '../context.ts'
import { toDate } from '../lists/filters.ts'
import { bodyOf, findOne, registerList } from '../lists/list-resource.ts'
import { deleteJob, executeJob, setJobDueDate, setJobPriority, setJobRetries, suspendJob } from './change-job.ts'
import { jobList } from './job-list.ts'

type ById = { Params: { id: string } }

export function jobRoutes(app: FastifyInstance, ctx: MlcContext): void {
  registerList(app, ctx, jobList)
  app.get<ById>('/job/:id', async (request) => {
    const { id } = request.params
    const found = await findOne(ctx, jobList, sql`w.id = ${id}`)
    if (found === undefined) throw notFound('job', id, `Job with id ${id} does not exist`)
    return found
  })
  app.get<ById>('/job/:id/stacktrace', async (request, reply) => {
    const { id } = request.params
    const { rows } = await sql<{ exception_stack: string | null }>`
      select exception_stack from mlc.due_work where id = ${id}`.execute(ctx.database.kysely)
    if (rows[0] === undefined) throw notFound('job', id, `No job found with id '${id}': job is null`, 0)
    if (!takesText(request.headers.accept))
      throw camundaProblem(406, 'NotAcceptableException', 'HTTP 406 Not Acceptable', null)
    return reply.type('text/plain; charset=utf-8').send(rows[0].exception_stack ?? '')
  })
  app.post<ById>('/job/:id/execute', async (request, reply) => {
    await executeJob(ctx, request.params.id)
    return noContent(reply)
  })
  app.put<ById>('/job/:id/retries', async (request, reply) => {
    const { retries, dueDate } = bodyOf(request)
    if (retries === undefined || retries === null) throw invalidRequest('The number of job retries cannot be null.')
    const dueAt = dueDate === undefined || dueDate === null ? null : toDate(dueDate, 'dueDate')
    await setJobRetries(ctx, request.params.id, Number(retries), dueAt)
    return noContent(reply)
  })
  app.put<ById>('/job/:id/duedate', async (request, reply) => {
    const { duedate } = bodyOf(request)
    await setJobDueDate(
      ctx,
      request.params.id,
      duedate === undefined || duedate === null ? null : toDate(duedate, 'duedate'),
    )
    return noContent(reply)
  })
  app.put<ById>('/job/:id/suspended', async (request, reply) => {
    await suspendJob(ctx, request.params.id, bodyOf(request).suspended === true)
    return noContent(reply)
  })
  app.put<ById>('/job/:id/priority', async (request, reply) => {
    const { priority } = bodyOf(request)
    if (!Number.isSafeInteger(priority))
      throw camundaProblem(400, 'RestException', `Priority for job '${request.params.id}' cannot be null.`, null)
    await setJobPriority(ctx, request.params.id, Number(priority))
    return noContent(reply)
  })
  app.delete<ById>('/job/:id', async (request, reply) => {
    await deleteJob(ctx, request.params.id)
    return noContent(reply)
  })
}

/** The stack is text: a caller that takes JSON alone gets 406, as from Camunda. */
export function takesText(accept: string | undefined): boolean {
  return accept === undefined || /text\/(plain|\*)|\*\/\*/.test(accept)
}
