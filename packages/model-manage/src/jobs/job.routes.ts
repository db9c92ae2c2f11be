import { InputError, isUuid, JobInput, JobStatus } from '@rowhouse/contract'
import { type App, checkIfMatch, versionEtag } from '@rowhouse/http'
import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import { type Context, inTransaction } from '../context.ts'
import { answerCreated, getRow } from '../documents/answer.ts'
import { getContents, withoutContents } from '../documents/contents.ts'
import { makeLister, ownedSortColumns } from '../documents/list-page.ts'
import { idParams, oneOrSeveral, pageQuery, patchBody, readers, tagged } from '../documents/route-schemas.ts'
import type { JobRow } from '../rows.ts'
import { cancelJob } from './cancel-job.ts'
import { createJob } from './create-job.ts'
import { makeJobCounter } from './job-count.ts'
import { findJob, jobBody, jobPathByType, readMessages, readTails } from './job-store.ts'
import { patchJob } from './patch-job.ts'
import { rerunJob } from './rerun-job.ts'

const sortColumns = {
  ...ownedSortColumns,
  jobStatus: 'status',
  jobType: 'job_type',
  jobResult: 'result',
  jobWaitTime: 'wait_at',
  jobRunTime: 'run_at',
  jobEndTime: 'end_at',
  lastUpdateFromRuntime: 'runtime_update_at',
}
const listQuery = pageQuery.extend({
  jobStatus: oneOrSeveral.optional().describe('Only jobs in this state; a comma list takes several'),
  deployedModelId: z.string().optional(),
  engineId: z.string().optional(),
})

const contentsQuery = z.looseObject({
  contents: z
    .enum(['true', 'false'])
    .optional()
    .describe('false: without contents of assets, for those who only look at the state'),
})

/** A job is known under its type, too: its links say so. */
const jobPaths = ['jobs', ...Object.values(jobPathByType)]

const docs = tagged('jobs')

export function jobRoutes(app: App, ctx: Context): void {
  readRoutes(app, ctx)
  writeRoutes(app, ctx)
}

function readRoutes(app: App, ctx: Context): void {
  const { kysely } = ctx.database
  const list = makeLister<JobRow>(ctx, {
    ...{ rel: 'jobs', table: 'model_manage.job', sortColumns, countAll: makeJobCounter(ctx) },
    bodiesOf: async (rows) => {
      const tails = await readTails(
        kysely,
        rows.map((row) => row.id),
      )
      return rows.map((row) => withoutContents(jobBody(row, tails.get(row.id) ?? [], ctx.prefix)))
    },
  })

  app.get(
    '/jobs',
    {
      ...readers,
      schema: {
        ...docs('List jobs, newest first, without contents and with the last log lines only'),
        querystring: listQuery,
      },
    },
    async (request) => list('/jobs', request.query, whereOf(request.query)),
  )

  for (const path of jobPaths) {
    app.get(
      `/${path}/:id`,
      {
        ...readers,
        schema: { ...docs('One job with contents and its whole log'), params: idParams, querystring: contentsQuery },
      },
      async (request, reply) => {
        const row = await getRow('job', request.params.id, (id) => findJob(kysely, id))
        const stored = jobBody(row, await readMessages(kysely, row), ctx.prefix)
        const body = request.query.contents === 'false' ? withoutContents(stored) : await getContents(kysely, stored)
        // progress does not raise the version: no 304 here
        return reply.header('etag', versionEtag(row.version)).send(body)
      },
    )
  }
}

function writeRoutes(app: App, ctx: Context): void {
  app.post(
    '/jobs',
    {
      schema: {
        ...docs('Create a job: matched now, copies of model and runtime in it. The answer leaves contents out'),
        body: JobInput,
      },
    },
    async (request, reply) =>
      answerCreated(ctx, request, reply, (work) => {
        const mayNameProcess = request.principal.kind === 'internal'
        return createJob(work, request.body, { mayNameProcess })
      }),
  )

  for (const path of jobPaths) {
    app.patch(
      `/${path}/:id`,
      {
        schema: {
          ...docs('Merge patch of what people note; jobStatus CANCELLED cancels'),
          params: idParams,
          body: patchBody,
        },
      },
      async (request, reply) => {
        const check = (version: number) => checkIfMatch(request, 'job', version)
        const body = await inTransaction(ctx, request.principal.name, (work) =>
          patchJob(work, request.params.id, request.body, check),
        )
        return reply.header('etag', versionEtag(body.version)).send(body)
      },
    )
  }

  app.post(
    '/jobs/:id/cancel',
    {
      schema: {
        ...docs('Cancel: a queued job at once, a running one by its runtime'),
        params: idParams,
        body: z.looseObject({ reason: z.string().nullish() }).nullish(),
      },
    },
    async (request) =>
      inTransaction(ctx, request.principal.name, (work) =>
        cancelJob(work, request.params.id, request.body?.reason ?? undefined),
      ),
  )

  app.post(
    '/jobs/:id/rerun',
    {
      schema: { ...docs('Run an ended job again under a new id'), params: idParams, body: z.looseObject({}).nullish() },
    },
    async (request, reply) => answerCreated(ctx, request, reply, (work) => rerunJob(work, request.params.id)),
  )
}

function parseStatus(text: string): JobStatus {
  const parsed = JobStatus.safeParse(text.toUpperCase())
  if (parsed.success) return parsed.data
  throw new InputError(
    'InvalidField',
    `'jobStatus' is '${text}': it must be ${JobStatus.options.join(', ')}, or several with commas`,
    {
      field: 'jobStatus',
    },
  )
}

function whereOf({ jobStatus, deployedModelId, engineId }: z.output<typeof listQuery>): RawBuilder<boolean>[] {
  const where: RawBuilder<boolean>[] = []
  if (jobStatus?.some((each) => each !== '')) {
    const statuses = jobStatus.map(parseStatus)
    where.push(sql<boolean>`status = any(${statuses}::text[])`)
  }
  if (deployedModelId)
    where.push(isUuid(deployedModelId) ? sql<boolean>`deployed_model_id = ${deployedModelId}` : sql<boolean>`false`)
  if (engineId) where.push(isUuid(engineId) ? sql<boolean>`engine_id = ${engineId}` : sql<boolean>`false`)
  return where
}
