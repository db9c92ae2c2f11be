import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { noContent } from '../answers.ts'
import { invalidRequest, notFound } from '../camunda-problems.ts'
import type { MlcContext } from '../context.ts'
import { equal, oneOf, when } from '../lists/filters.ts'
import { bodyOf, findOne, type ListResource, registerList } from '../lists/list-resource.ts'
import { anyInt, wholeNumberOf } from '../members.ts'
import { checkedRetries } from './change-job.ts'
import { setJobDefinitionRetries, suspendJobDefinitions } from './change-job-definition.ts'

interface JobDefinitionRow {
  id: string
  definition_id: string
  key: string
  activity_id: string
  job_type: string
  configuration: string
  overriding_priority: string | null
  is_suspended: boolean
  tenant_id: string | null
  deployment_id: string
}

const jobDefinitionList: ListResource<JobDefinitionRow> = {
  path: '/job-definition',
  columns: sql`j.*, d.key, d.tenant_id, d.deployment_id`,
  from: sql`mlc.job_definition j join mlc.process_definition d on d.id = j.definition_id`,
  filters: {
    jobDefinitionId: equal(sql`j.id`),
    activityIdIn: oneOf(sql`j.activity_id`),
    processDefinitionId: equal(sql`j.definition_id`),
    processDefinitionKey: equal(sql`d.key`),
    jobType: equal(sql`j.job_type`),
    jobConfiguration: equal(sql`j.configuration`),
    active: when(sql`not j.is_suspended`),
    suspended: when(sql`j.is_suspended`),
    withOverridingJobPriority: when(sql`j.overriding_priority is not null`),
    tenantIdIn: oneOf(sql`d.tenant_id`),
    withoutTenantId: when(sql`d.tenant_id is null`),
  },
  sorts: {
    jobDefinitionId: sql`j.id`,
    activityId: sql`j.activity_id`,
    processDefinitionId: sql`j.definition_id`,
    processDefinitionKey: sql`d.key`,
    jobType: sql`j.job_type`,
    jobConfiguration: sql`j.configuration`,
    tenantId: sql`d.tenant_id`,
  },
  order: sql`j.id`,
  toBody: (row) => ({
    id: row.id,
    processDefinitionId: row.definition_id,
    processDefinitionKey: row.key,
    activityId: row.activity_id,
    jobType: row.job_type,
    jobConfiguration: row.configuration,
    overridingJobPriority: row.overriding_priority === null ? null : Number(row.overriding_priority),
    suspended: row.is_suspended,
    tenantId: row.tenant_id,
    deploymentId: row.deployment_id,
  }),
}

type ById = { Params: { id: string } }

export function jobDefinitionRoutes(app: FastifyInstance, ctx: MlcContext): void {
  registerList(app, ctx, jobDefinitionList)
  app.get<ById>('/job-definition/:id', async (request) => {
    const { id } = request.params
    const found = await findOne(ctx, jobDefinitionList, sql`j.id = ${id}`)
    if (found === undefined) throw notFound('job definition', id, `Job Definition with id ${id} does not exist`)
    return found
  })
  app.put('/job-definition/suspended', async (request, reply) => {
    const body = bodyOf(request)
    if (body.jobDefinitionId !== undefined && body.jobDefinitionId !== null) {
      throw invalidRequest(
        'Either processDefinitionId or processDefinitionKey can be set to update the suspension state.',
      )
    }
    const definitionId = body.processDefinitionId ?? null
    const key = body.processDefinitionKey ?? null
    if (definitionId === null && key === null) {
      throw invalidRequest(
        'Either processDefinitionId or processDefinitionKey must be set to update the suspension state.',
      )
    }
    const which = definitionId === null ? sql`d.key = ${String(key)}` : sql`d.id = ${String(definitionId)}`
    await suspendJobDefinitions(ctx, which, body.suspended === true, body.includeJobs === true)
    return noContent(reply)
  })
  app.put<ById>('/job-definition/:id/suspended', async (request, reply) => {
    const body = bodyOf(request)
    await suspendJobDefinitions(
      ctx,
      sql`j.id = ${request.params.id}`,
      body.suspended === true,
      body.includeJobs === true,
    )
    return noContent(reply)
  })
  app.put<ById>('/job-definition/:id/retries', async (request, reply) => {
    const retries = wholeNumberOf(bodyOf(request), 'retries', anyInt)
    await setJobDefinitionRetries(ctx, request.params.id, checkedRetries(retries))
    return noContent(reply)
  })
}
