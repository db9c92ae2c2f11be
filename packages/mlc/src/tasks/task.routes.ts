import type { VariableMap } from '@rowhouse/contract'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { sql } from 'kysely'
import { noContent, wireOptions } from '../answers.ts'
import { notFound, nullValue, restProblem } from '../camunda-problems.ts'
import { parseVariables, toWireVariables } from '../camunda-values.ts'
import type { MlcContext } from '../context.ts'
import { bodyOf, findOne, registerList } from '../lists/list-resource.ts'
import { textOf } from '../members.ts'
import {
  assignTask,
  claimTask,
  completeUserTask,
  delegateTask,
  resolveTask,
  throwUserTaskError,
} from './change-task.ts'
import { type TaskListRow, taskList } from './task-list.ts'
import { visibleTaskVariables } from './task-variables.ts'

type ById = { Params: { id: string } }

export function taskRoutes(app: FastifyInstance, ctx: MlcContext): void {
  registerList(app, ctx, taskList)
  app.get<ById>('/task/:id', async (request) => {
    const { id } = request.params
    const found = await findOne(ctx, taskList, sql`t.id = ${id}`)
    if (found === undefined) throw notFound('task', id, `No matching task with id ${id}`)
    return found
  })
  app.get<ById>('/task/:id/form', async (request) => {
    const row = await findTaskRow(ctx, request.params.id)
    if (row === undefined)
      throw restProblem(
        400,
        `Cannot get form for task ${request.params.id}: Cannot find task with id ${request.params.id}: task is null`,
      )
    return { key: row.form_key, camundaFormRef: null, contextPath: null }
  })
  app.get<ById>('/task/:id/identity-links', async (request) => {
    const row = await getTaskRow(ctx, request.params.id)
    const candidate = (userId: string | null, groupId: string | null, type = 'candidate') => ({ userId, groupId, type })
    return [
      ...(row.assignee === null ? [] : [candidate(row.assignee, null, 'assignee')]),
      ...(row.owner === null ? [] : [candidate(row.owner, null, 'owner')]),
      ...row.candidate_users.map((user) => candidate(user, null)),
      ...row.candidate_groups.map((group) => candidate(null, group)),
    ]
  })
  for (const path of ['/task/:id/variables', '/task/:id/form-variables']) {
    app.get<ById>(path, async (request) => {
      const row = await getTaskRow(ctx, request.params.id)
      return toWireVariables(await visibleTaskVariables(ctx, row.execution_id), wireOptions(request))
    })
  }
  doneRoutes(app, ctx)
  assignRoutes(app, ctx)
}

function doneRoutes(app: FastifyInstance, ctx: MlcContext): void {
  for (const path of ['/task/:id/complete', '/task/:id/submit-form']) {
    app.post<ById>(path, async (request, reply) => {
      const body = bodyOf(request)
      const { id } = request.params
      const { ownVariables } = await completeUserTask(ctx, id, variablesOf(request, `Cannot complete task ${id}: `))
      if (body.withVariablesInReturn !== true) return noContent(reply)
      return toWireVariables(
        ownVariables.map((row) => [row.name, row.value]),
        wireOptions(request),
      )
    })
  }
  app.post<ById>('/task/:id/bpmnError', async (request, reply) => {
    const body = bodyOf(request)
    const { id } = request.params
    const errorCode = textOf(body, 'errorCode')
    if (errorCode === null || errorCode === '')
      throw restProblem(400, `errorCode is ${errorCode === null ? 'null' : 'empty'}`)
    const errorMessage = textOf(body, 'errorMessage')
    const variables = variablesOf(request, `Cannot handle bpmn error for task ${id}: `)
    await throwUserTaskError(ctx, id, { errorCode, errorMessage, variables })
    return noContent(reply)
  })
}

function assignRoutes(app: FastifyInstance, ctx: MlcContext): void {
  app.post<ById>('/task/:id/claim', async (request, reply) => {
    await claimTask(ctx, request.params.id, textOf(bodyOf(request), 'userId'))
    return noContent(reply)
  })
  app.post<ById>('/task/:id/unclaim', async (request, reply) => {
    await assignTask(ctx, request.params.id, null)
    return noContent(reply)
  })
  app.post<ById>('/task/:id/assignee', async (request, reply) => {
    await assignTask(ctx, request.params.id, textOf(bodyOf(request), 'userId'))
    return noContent(reply)
  })
  app.post<ById>('/task/:id/delegate', async (request, reply) => {
    await delegateTask(ctx, request.params.id, textOf(bodyOf(request), 'userId'))
    return noContent(reply)
  })
  app.post<ById>('/task/:id/resolve', async (request, reply) => {
    const { id } = request.params
    await resolveTask(ctx, id, variablesOf(request, `Cannot resolve task ${id}: `))
    return noContent(reply)
  })
}

function variablesOf(request: FastifyRequest, prefix: string) {
  return parseVariables((bodyOf(request).variables ?? {}) as VariableMap, prefix)
}

async function findTaskRow(ctx: MlcContext, id: string): Promise<TaskListRow | undefined> {
  const { rows } = await sql<TaskListRow>`select * from mlc.user_task where id = ${id}`.execute(ctx.database.kysely)
  return rows[0]
}

async function getTaskRow(ctx: MlcContext, id: string): Promise<TaskListRow> {
  const row = await findTaskRow(ctx, id)
  if (row === undefined) throw nullValue(`task ${id} doesn't exist: task is null`)
  return row
}
