import { Readable } from 'node:stream'
import { type Asset, Conflict, InputError, NotFound, parseSha256 } from '@rowhouse/contract'
import { type App, typedApp } from '@rowhouse/http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { getRow } from '../documents/answer.ts'
import { managedFileOf } from '../documents/asset-door.ts'
import { getContents } from '../documents/contents.ts'
import { readers, tagged } from '../documents/route-schemas.ts'
import { findJob } from '../jobs/job-store.ts'
import type { JobRow } from '../rows.ts'
import { describe, describeFile, sendManaged } from './send-content.ts'

const docs = tagged('files')

export function fileRoutes(app: App, ctx: Context): void {
  void app.register(async (instance: FastifyInstance) => uploadRoute(typedApp(instance), ctx))

  app.get(
    '/files/:sha256',
    { ...readers, schema: { ...docs('A managed file; takes Range'), params: z.object({ sha256: z.string() }) } },
    async (request, reply) => {
      const file = await ctx.files.find(parseSha256(request.params.sha256.toLowerCase()))
      if (file === undefined) throw new NotFound('file', request.params.sha256)
      const known = await ctx.database.kysely
        .selectFrom('model_manage.file')
        .select('filename')
        .where('sha256', '=', file.sha256)
        .executeTakeFirst()
      return sendManaged(request, reply, { store: ctx.files, file, as: describeFile(known?.filename) })
    },
  )

  app.get(
    '/jobs/:id/outputData/:n/content',
    {
      ...readers,
      schema: {
        ...docs("Content of a job's n-th output"),
        params: z.object({ id: z.string(), n: z.coerce.number().int().min(0) }),
      },
    },
    async (request, reply) => {
      const { kysely } = ctx.database
      const row = await getRow('job', request.params.id, (id) => findJob(kysely, id))
      const outputs = (row.document.outputData ?? []) as Asset[]
      const asset = outputs[request.params.n]
      const which = `output ${request.params.n} of job ${row.id}`
      if (asset === undefined)
        throw new NotFound(
          'output',
          String(request.params.n),
          `Job ${row.id} has ${outputs.length} output(s), counted from 0`,
        )
      if (asset.assetType !== 'FILE' && managedFileOf(asset) === undefined) refuseOutputElsewhere(row, asset, which)
      return sendOutput(ctx, { request, reply, asset, which, row })
    },
  )
}

/** A file beside the runtime, or one that never came to be. */
function refuseOutputElsewhere(job: JobRow, asset: Asset, which: string): never {
  const place = asset.fileUrl ?? `its ${asset.assetType}`
  const fileUrl = asset.fileUrl ?? null
  if (job.status === 'COMPLETE')
    throw new Conflict('OutputIsElsewhere', `The ${which} is not kept here: the runtime wrote it to ${place}`, {
      fileUrl,
    })
  throw new Conflict('NoOutput', `There is no ${which}: the job ${stateOf(job)}, and nothing was written to ${place}`, {
    fileUrl,
  })
}

function stateOf(job: JobRow): string {
  const why = job.outcome === null ? '' : ` (${job.outcome})`
  return job.end_at === null ? `has not ended yet (${job.status})` : `ended in ${job.status}${why}`
}

/** Of a training job nothing is written to the output; what it makes is its artefacts. */
function noContent(job: JobRow, which: string): NotFound {
  if (job.status !== 'COMPLETE')
    return new NotFound('content', which, `The ${which} has no content yet: the job ${stateOf(job)}`)
  const files = ((job.document.additionalAssets ?? []) as Asset[]).map((asset) => asset.name ?? asset.filename)
  const artefacts = files.length === 0 ? '' : `; its additionalAssets are ${files.join(', ')}`
  return new NotFound('content', which, `The ${which} has no content: the job wrote nothing to it${artefacts}`)
}

async function sendOutput(
  ctx: Context,
  {
    request,
    reply,
    asset,
    which,
    row,
  }: { request: FastifyRequest; reply: FastifyReply; asset: Asset; which: string; row: JobRow },
): Promise<FastifyReply> {
  const as = describeFile(asset.filename ?? asset.name)
  const sha256 = managedFileOf(asset)
  if (sha256 !== undefined) {
    const file = await ctx.files.find(sha256)
    if (file === undefined) throw new NotFound('file', sha256)
    return sendManaged(request, reply, { store: ctx.files, file, as })
  }
  const { fileContent, fileContentString } = await getContents(ctx.database.kysely, asset)
  if (typeof fileContent !== 'string' && typeof fileContentString !== 'string') {
    throw noContent(row, which)
  }
  const bytes =
    typeof fileContent === 'string' ? Buffer.from(fileContent, 'base64') : Buffer.from(fileContentString ?? '')
  return describe(reply, as).send(bytes)
}

/** Takes any content type as bytes, and reads no more of them into memory than a chunk. */
function uploadRoute(app: App, ctx: Context): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
  app.post(
    '/files',
    {
      ...readers,
      bodyLimit: Number.MAX_SAFE_INTEGER,
      schema: {
        ...docs('Upload a file as a stream; the same bytes twice are one file'),
        querystring: z.looseObject({ filename: z.string().max(500).optional() }),
      },
    },
    async (request, reply) => {
      if (/^multipart\//i.test(request.headers['content-type'] ?? '')) {
        throw new InputError(
          'UnsupportedMediaType',
          "Send the file's bytes as the body, not as a form: curl --data-binary @file -H 'Content-Type: application/octet-stream'",
          { status: 415 },
        )
      }
      const body = request.body instanceof Readable ? request.body : Readable.from([])
      const stored = await ctx.files.write(body)
      await ctx.database.kysely
        .insertInto('model_manage.file')
        .values({
          sha256: stored.sha256,
          size: String(stored.size),
          filename: request.query.filename ?? null,
          created_at: ctx.now(),
          created_by: request.principal.name,
        })
        .onConflict((on) => on.doNothing())
        .execute()
      return reply.code(201).header('location', `${ctx.prefix}/files/${stored.sha256}`).send(stored)
    },
  )
}
