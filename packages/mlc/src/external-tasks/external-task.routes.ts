import type { VariableMap } from '@rowhouse/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { sql } from 'kysely'
import { noContent } from '../answers.ts'
import { camundaProblem, invalidRequest, notFound, nullValue, restProblem } from '../camunda-problems.ts'
import { parseVariables } from '../camunda-values.ts'
import type { MlcContext } from '../context.ts'
import { takesText } from '../due-work/job.routes.ts'
import { instanceList } from '../instances/instance-list.ts'
import { bodyOf, findOne, namedIds, registerList } from '../lists/list-resource.ts'
import { anyInt, anySafeInteger, textOf, wholeNumberOf } from '../members.ts'
import { externalTaskList } from './external-task-list.ts'
import { fetchAndLock } from './fetch-and-lock.ts'
import { parseFetch } from './fetch-body.ts'
import {
  completeTask,
  extendLock,
  failTask,
  lockTask,
  setTaskPriority,
  setTaskRetries,
  throwTaskError,
  unlockTask,
} from './report-task.ts'
import type { TaskWaiters } from './task-waiters.ts'

type ById = { Params: { id: string } }
const longPollMsMax = 1_800_000

export function externalTaskRoutes(app: FastifyInstance, ctx: MlcContext, waiters: TaskWaiters): void {
  registerList(app, ctx, externalTaskList)
  app.post('/external-task/fetchAndLock', async (request, reply) => {
    const body = bodyOf(request)
    const wish = parseFetch(body)
    const waitMs = wholeNumberOf(body, 'asyncResponseTimeout') ?? 0
    if (waitMs > longPollMsMax || waitMs < 0) {
      throw invalidRequest(
        `The asynchronous response timeout cannot be set to a value greater than ${longPollMsMax} milliseconds`,
      )
    }
    return waiters.wait(() => fetchAndLock(ctx, wish), waitMs, goneSignal(reply))
  })
  app.get('/external-task/topic-names', async () => {
    const { rows } = await sql<{ topic: string }>`select distinct topic from mlc.external_task order by topic`.execute(
      ctx.database.kysely,
    )
    return rows.map((row) => row.topic)
  })
  app.get<ById>('/external-task/:id', async (request) => {
    const { id } = request.params
    const found = await findOne(ctx, externalTaskList, sql`t.id = ${id}`)
    if (found === undefined) throw notFound('external task', id, `External task with id ${id} does not exist`)
    return found
  })
  app.get<ById>('/external-task/:id/errorDetails', async (request, reply) => {
    const { id } = request.params
    const { rows } = await sql<{ error_details: string | null }>`
      select error_details from mlc.external_task where id = ${id}`.execute(ctx.database.kysely)
    if (rows[0] === undefined) throw notFound('external task', id, `External task with id ${id} does not exist`)
    if (rows[0].error_details === null) return noContent(reply)
    if (!takesText(request.headers.accept))
      throw camundaProblem(406, 'NotAcceptableException', 'HTTP 406 Not Acceptable', null)
    return reply.type('text/plain; charset=utf-8').send(rows[0].error_details)
  })
  reportRoutes(app, ctx)
  settingRoutes(app, ctx)
}

function reportRoutes(app: FastifyInstance, ctx: MlcContext): void {
  const values = (request: FastifyRequest<ById>, member: string, doing: string) =>
    parseVariables(
      (bodyOf(request)[member] ?? {}) as VariableMap,
      `Cannot ${doing} external task ${request.params.id}: `,
    )
  app.post<ById>('/external-task/:id/complete', async (request, reply) => {
    const variables = values(request, 'variables', 'complete')
    const localVariables = values(request, 'localVariables', 'complete')
    await completeTask(ctx, request.params.id, workerOf(request), variables, localVariables)
    return noContent(reply)
  })
  app.post<ById>('/external-task/:id/failure', async (request, reply) => {
    const body = bodyOf(request)
    await failTask(ctx, request.params.id, workerOf(request), {
      errorMessage: textOf(body, 'errorMessage'),
      errorDetails: textOf(body, 'errorDetails'),
      retries: wholeNumberOf(body, 'retries', anyInt) ?? 0,
      retryTimeoutMs: wholeNumberOf(body, 'retryTimeout') ?? 0,
      variables: values(request, 'variables', 'report failure of'),
      localVariables: values(request, 'localVariables', 'report failure of'),
    })
    return noContent(reply)
  })
  app.post<ById>('/external-task/:id/bpmnError', async (request, reply) => {
    const body = bodyOf(request)
    await throwTaskError(ctx, request.params.id, workerOf(request), {
      errorCode: textOf(body, 'errorCode'),
      errorMessage: textOf(body, 'errorMessage'),
      variables: values(request, 'variables', 'report error of'),
    })
    return noContent(reply)
  })
  app.post<ById>('/external-task/:id/extendLock', async (request, reply) => {
    const lockMs = wholeNumberOf(bodyOf(request), 'newDuration') ?? 0
    await extendLock(ctx, request.params.id, workerOf(request), lockMs)
    return noContent(reply)
  })
  app.post<ById>('/external-task/:id/lock', async (request, reply) => {
    const lockMs = wholeNumberOf(bodyOf(request), 'lockDuration') ?? 0
    await lockTask(ctx, request.params.id, workerOf(request), lockMs)
    return noContent(reply)
  })
  app.post<ById>('/external-task/:id/unlock', async (request, reply) => {
    await unlockTask(ctx, request.params.id)
    return noContent(reply)
  })
}

function settingRoutes(app: FastifyInstance, ctx: MlcContext): void {
  app.put<ById>('/external-task/:id/retries', async (request, reply) => {
    await setTaskRetries(ctx, request.params.id, retriesOf(bodyOf(request)))
    ctx.wake('external-task')
    return noContent(reply)
  })
  app.put<ById>('/external-task/:id/priority', async (request, reply) => {
    const priority = wholeNumberOf(bodyOf(request), 'priority', anySafeInteger)
    if (priority === null) throw restProblem(400, 'The priority of the external task cannot be null.', null)
    await setTaskPriority(ctx, request.params.id, priority)
    return noContent(reply)
  })
  app.put('/external-task/retries', async (request, reply) => {
    const body = bodyOf(request)
    const retries = retriesOf(body)
    const ids = await namedTasks(ctx, body)
    if (ids.length === 0) throw nullValue('externalTaskIds is empty')
    for (const id of ids) await setTaskRetries(ctx, id, retries)
    ctx.wake('external-task')
    return noContent(reply)
  })
}

/** By their own ids, by those of their instances, or by a query for either. */
async function namedTasks(ctx: MlcContext, body: Record<string, unknown>): Promise<string[]> {
  const named = await namedIds(ctx, externalTaskList, body.externalTaskIds, body.externalTaskQuery)
  const instances = await namedIds(ctx, instanceList, body.processInstanceIds, body.processInstanceQuery)
  const { rows } = await sql<{ id: string }>`
    select id from mlc.external_task where instance_id = any(${instances}::text[])`.execute(ctx.database.kysely)
  return [...new Set([...named, ...rows.map((row) => row.id)])]
}

function retriesOf(body: Record<string, unknown>): number {
  const retries = wholeNumberOf(body, 'retries', anyInt)
  if (retries === null) throw invalidRequest('The number of retries cannot be null.')
  return retries
}

function workerOf(request: FastifyRequest): string {
  const worker = textOf(bodyOf(request), 'workerId')
  if (worker === null) throw nullValue('workerId is null')
  return worker
}

/** A worker that hung up is not to lock tasks. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const aborter = new AbortController()
  reply.raw.once('close', () => aborter.abort())
  return aborter.signal
}
