import { FinishInput, LeaseInput, ProgressInput, ReleaseInput } from '@rowhouse/contract'
import type { App } from '@rowhouse/http'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { type Context, inTransaction, systemName } from '../context.ts'
import { idParams, runtimes, tagged } from '../documents/route-schemas.ts'
import { finishJob } from './finish-job.ts'
import { leaseJob } from './lease-job.ts'
import { releaseJob } from './release-job.ts'
import { reportProgress } from './report-progress.ts'

const attemptParams = z.object({ id: z.string(), attempt: z.coerce.number().int().min(1).max(1_000_000) })

export function leaseRoutes(app: App, ctx: Context): void {
  const docs = tagged('what runtimes say')

  app.post(
    '/engines/:id/lease',
    {
      ...runtimes,
      schema: {
        ...docs('Take the next job, or 204 after waitMs without work (long poll)'),
        params: idParams,
        body: LeaseInput,
      },
    },
    async (request, reply) => {
      const gone = AbortSignal.any([goneSignal(reply), app.draining])
      const leased = await leaseJob(ctx, request.params.id, request.body, gone)
      if (leased === undefined) return reply.code(204).send()
      // the runtime hung up while its job was being taken: do not let the job wait for the lease to run out
      if (reply.raw.destroyed)
        await inTransaction(ctx, systemName, (work) => releaseJob(work, leased, 'the runtime hung up'))
      return reply.send(leased)
    },
  )

  app.post(
    '/jobs/:id/attempts/:attempt/progress',
    {
      ...runtimes,
      schema: {
        ...docs('Progress and log lines; renews the lease of the attempt'),
        params: attemptParams,
        body: ProgressInput,
      },
    },
    async (request) => reportProgress(ctx, proofOf(request.params), request.body),
  )

  app.post(
    '/jobs/:id/attempts/:attempt/finish',
    { ...runtimes, schema: { ...docs('The end of a job'), params: attemptParams, body: FinishInput } },
    async (request) => finishJob(ctx, proofOf(request.params), request.body),
  )

  app.post(
    '/jobs/:id/attempts/:attempt/release',
    { ...runtimes, schema: { ...docs('Hand a job back unfinished'), params: attemptParams, body: ReleaseInput } },
    async (request, reply) => {
      await inTransaction(ctx, systemName, (work) =>
        releaseJob(work, proofOf(request.params), request.body.reason, request.body.counts),
      )
      return reply.code(204).send()
    },
  )
}

function proofOf({ id, attempt }: z.output<typeof attemptParams>) {
  return { jobId: id, attempt }
}

/** Aborts when the caller hangs up before it has its answer. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  reply.raw.once('close', () => controller.abort())
  return controller.signal
}
