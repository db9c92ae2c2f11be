import { isUuid, type JobHistoryBody } from '@rowhouse/contract'
import { type App, sendVersioned } from '@rowhouse/http'
import { sql } from 'kysely'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { getRow } from '../documents/answer.ts'
import { makeLister, ownedSortColumns } from '../documents/list-page.ts'
import { ownedBody, selfLink } from '../documents/owned.ts'
import { idParams, pageQuery, readers, tagged } from '../documents/route-schemas.ts'
import type { JobHistoryRow } from '../rows.ts'
import { settleProcesses } from './settle-processes.ts'

const rel = 'jobHistories'
const sortColumns = { ...ownedSortColumns, jobStatus: 'status', jobId: 'job_id' }
const byRoot = '/jobHistories/search/findAllByJobMLCS_ProcessInstanceRootProcessInstanceId'
const byJob = '/jobHistories/search/findAllByJobId'

export function jobHistoryRoutes(app: App, ctx: Context): void {
  const docs = tagged('job histories')
  const table = 'model_manage.job_history'
  const bodyOf = (row: JobHistoryRow): JobHistoryBody => ({
    ...ownedBody(row),
    jobId: row.job_id,
    jobStatus: row.status,
    events: row.events as JobHistoryBody['events'],
    jobMLCS: row.job_mlcs as JobHistoryBody['jobMLCS'],
    _links: { ...selfLink(`${ctx.prefix}/jobHistories/${row.id}`), job: { href: `${ctx.prefix}/jobs/${row.job_id}` } },
  })
  const list = makeLister<JobHistoryRow>(ctx, {
    rel,
    table,
    sortColumns,
    bodiesOf: async (rows) => (await settleProcesses(ctx, rows)).map(bodyOf),
  })

  app.get(
    '/jobHistories',
    { ...readers, schema: { ...docs('What happened to jobs: when, what, why; newest first'), querystring: pageQuery } },
    async (request) => list('/jobHistories', request.query),
  )

  app.get(
    byRoot,
    {
      ...readers,
      schema: {
        ...docs('Jobs that a process, or one it called, created'),
        querystring: pageQuery.extend({ processInstanceId: z.string() }),
      },
    },
    async (request) => {
      const where = sql<boolean>`root_process_instance_ids @> ${[request.query.processInstanceId]}::text[]`
      return list(byRoot, request.query, [where])
    },
  )

  app.get(
    byJob,
    { ...readers, schema: { ...docs('The history of one job'), querystring: pageQuery.extend({ jobId: z.string() }) } },
    async (request) => {
      const { jobId } = request.query
      return list(byJob, request.query, [isUuid(jobId) ? sql<boolean>`job_id = ${jobId}` : sql<boolean>`false`])
    },
  )

  app.get(
    '/jobHistories/:id',
    { ...readers, schema: { ...docs('One history'), params: idParams } },
    async (request, reply) => {
      const row = await getRow('job history', request.params.id, (id) =>
        ctx.database.kysely.selectFrom(table).selectAll().where('id', '=', id).executeTakeFirst(),
      )
      const [settled = row] = await settleProcesses(ctx, [row])
      return sendVersioned(request, reply, bodyOf(settled))
    },
  )
}
