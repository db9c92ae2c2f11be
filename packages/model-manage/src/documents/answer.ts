import { isUuid, NotFound } from '@rowhouse/contract'
import { fingerprint, keyReused, pathOf, readIdempotencyKey, sendReplayed, versionEtag, whoIs } from '@rowhouse/http'
import { claimIdempotencyKey, type IdempotencyKey, storeIdempotentAnswer } from '@rowhouse/postgres'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Context, inTransaction, type Work } from '../context.ts'

export const schemaName = 'model_manage'

/**
 * Runs a creating command and answers 201 with Location and ETag. With an Idempotency-Key the same key and body get the first answer
 * again: the key is claimed in the command's own transaction, so that of two requests at once the second waits for the first.
 */
export async function answerCreated<B extends object>(
  ctx: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  create: (work: Work) => Promise<B>,
): Promise<FastifyReply> {
  const key = readIdempotencyKey(request)
  const answer = await inTransaction(ctx, request.principal.name, async (work) => {
    if (key === undefined) return { replayed: false, status: 201, body: (await create(work)) as unknown }
    const path = pathOf(request).replace(/\/+$/, '')
    const claim = { schema: schemaName, caller: whoIs(request), path, key }
    const earlier = await claimKey(work, { ...claim, fingerprint: fingerprint(request.body) })
    if (earlier) return { replayed: true, ...earlier }
    const body = await create(work)
    await storeIdempotentAnswer(work.tx, claim, { status: 201, body })
    return { replayed: false, status: 201, body: body as unknown }
  })
  const { version, _links } = answer.body as { version?: number; _links?: { self?: { href?: string } } }
  if (_links?.self?.href !== undefined) reply.header('location', _links.self.href)
  if (version !== undefined) reply.header('etag', versionEtag(version))
  if (answer.replayed) return sendReplayed(reply, answer)
  return reply.code(answer.status).send(answer.body)
}

async function claimKey(work: Work, claim: IdempotencyKey & { fingerprint: string }) {
  const claimed = await claimIdempotencyKey(work.tx, claim)
  if (claimed.conflict) throw keyReused(claim.key)
  return claimed.replay
}

/** The row, or 404 in the user's words. */
export async function getRow<Row>(
  what: string,
  id: string,
  find: (id: string) => Promise<Row | undefined>,
): Promise<Row> {
  const row = isUuid(id) ? await find(id) : undefined
  if (row === undefined) throw new NotFound(what, id)
  return row
}
