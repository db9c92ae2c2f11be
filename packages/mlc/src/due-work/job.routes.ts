import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { callerName, noContent } from '../answers.ts'
import { toCamundaDate } from '../camunda-dates.ts'
import { camundaProblem, invalidRequest, notFound } from '../camunda-problems.ts'
import type { MlcContext } from '../context.ts'
import { toDate } from '../lists/filters.ts'
import { bodyOf, findOne, namedIds, registerList } from '../lists/list-resource.ts'
import { anyInt, anySafeInteger, wholeNumberOf } from '../members.ts'
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
    const { retries, dueAt } = retriesWish(bodyOf(request))
    await setJobRetries(ctx, request.params.id, retries, dueAt)
    return noContent(reply)
  })
  app.post('/job/retries', async (request) => {
    const body = bodyOf(request)
    const { retries, dueAt } = retriesWish(body)
    const ids = await namedIds(ctx, jobList, body.jobIds, body.jobQuery)
    if (ids.length === 0) throw camundaProblem(400, 'BadUserRequestException', 'jobIds is empty')
    for (const id of ids) await setJobRetries(ctx, id, retries, dueAt)
    return doneBatch(ctx, ids.length, callerName(request))
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
    const priority = wholeNumberOf(bodyOf(request), 'priority', anySafeInteger)
    if (priority === null)
      throw camundaProblem(400, 'RestException', `Priority for job '${request.params.id}' cannot be null.`, null)
    await setJobPriority(ctx, request.params.id, priority)
    return noContent(reply)
  })
  app.delete<ById>('/job/:id', async (request, reply) => {
    await deleteJob(ctx, request.params.id)
    return noContent(reply)
  })
}

function retriesWish(body: Record<string, unknown>): { retries: number; dueAt: Date | null } {
  const { dueDate } = body
  const retries = wholeNumberOf(body, 'retries', anyInt)
  if (retries === null) throw invalidRequest('The number of job retries cannot be null.')
  return { retries, dueAt: dueDate === undefined || dueDate === null ? null : toDate(dueDate, 'dueDate') }
}

/** Camunda answers with a batch that goes on by itself; here it is done already. */
function doneBatch(ctx: MlcContext, jobs: number, caller: string | null) {
  const at = toCamundaDate(ctx.now())
  return {
    id: ctx.newId(),
    type: 'set-job-retries',
    totalJobs: jobs,
    jobsCreated: jobs,
    batchJobsPerSeed: 100,
    invocationsPerBatchJob: 1,
    seedJobDefinitionId: null,
    monitorJobDefinitionId: null,
    batchJobDefinitionId: null,
    suspended: false,
    tenantId: null,
    createUserId: caller,
    startTime: at,
    executionStartTime: at,
  }
}

/** The stack is text: a caller that takes JSON alone gets 406, as from Camunda. */
export function takesText(accept: string | undefined): boolean {
  return accept === undefined || /text\/(plain|\*)|\*\/\*/.test(accept)
}
