import { randomUUID } from 'node:crypto'
import { isUuid, type NotificationBody, NotificationInput } from '@rowhouse/contract'
import { type App, checkIfMatch, sendVersioned } from '@rowhouse/http'
import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import { type Context, inTransaction, type Work } from '../context.ts'
import { answerCreated, getRow } from '../documents/answer.ts'
import { makeLister, ownedSortColumns } from '../documents/list-page.ts'
import { mergePatch } from '../documents/merge-patch.ts'
import { ownedBody, ownedColumns, selfLink, storableJson, withoutOwned } from '../documents/owned.ts'
import { parseAs } from '../documents/parse-as.ts'
import { idParams, pageQuery, patchBody, tagged } from '../documents/route-schemas.ts'
import type { Document, NotificationRow } from '../rows.ts'

const table = 'model_manage.notification'
const listQuery = pageQuery.extend({
  severity: z.string().optional(),
  jobId: z.string().optional(),
  deployableModelId: z.string().optional(),
  storedModelId: z.string().optional(),
  processInstanceId: z.string().optional(),
})

const docs = tagged('notifications')

export function notificationRoutes(app: App, ctx: Context): void {
  const list = makeLister<NotificationRow>(ctx, {
    ...{ rel: 'notifications', table, sortColumns: ownedSortColumns },
    bodiesOf: (rows) => rows.map((row) => bodyOf(row, ctx.prefix)),
  })

  app.get(
    '/notifications',
    { schema: { ...docs('List notifications, newest first'), querystring: listQuery } },
    async (request) => list('/notifications', request.query, whereOf(request.query)),
  )

  app.get(
    '/notifications/:id',
    { schema: { ...docs('One notification'), params: idParams } },
    async (request, reply) => {
      const row = await getRow('notification', request.params.id, (id) => findNotification(ctx, id))
      return sendVersioned(request, reply, bodyOf(row, ctx.prefix))
    },
  )

  app.post(
    '/notifications',
    { schema: { ...docs('Notify people'), body: NotificationInput } },
    async (request, reply) => answerCreated(ctx, request, reply, (work) => createNotification(work, request.body)),
  )

  app.patch(
    '/notifications/:id',
    { schema: { ...docs('Merge patch'), params: idParams, body: patchBody } },
    async (request, reply) => {
      const body = await inTransaction(ctx, request.principal.name, (work) =>
        patchNotification(work, request.params.id, request.body, (version) =>
          checkIfMatch(request, 'notification', version),
        ),
      )
      return sendVersioned(request, reply, body)
    },
  )

  app.delete(
    '/notifications/:id',
    { schema: { ...docs('Delete a notification'), params: idParams } },
    async (request, reply) => {
      const row = await getRow('notification', request.params.id, (id) => findNotification(ctx, id))
      await ctx.database.kysely.deleteFrom(table).where('id', '=', row.id).execute()
      return reply.code(204).send()
    },
  )
}

function whereOf(query: z.output<typeof listQuery>): RawBuilder<boolean>[] {
  const members = ['severity', 'jobId', 'deployableModelId', 'storedModelId', 'processInstanceId'] as const
  return members
    .filter((member) => query[member] !== undefined)
    .map((member) => sql<boolean>`document->>${sql.lit(member)} = ${query[member]}`)
}

function findNotification(ctx: Context, id: string): Promise<NotificationRow | undefined> {
  return isUuid(id)
    ? ctx.database.kysely.selectFrom(table).selectAll().where('id', '=', id).executeTakeFirst()
    : Promise.resolve(undefined)
}

function bodyOf(row: NotificationRow, prefix: string): NotificationBody {
  return {
    ...(row.document as object as NotificationBody),
    ...ownedBody(row),
    _links: selfLink(`${prefix}/notifications/${row.id}`),
  }
}

async function createNotification(work: Work, wish: z.output<typeof NotificationInput>): Promise<NotificationBody> {
  const document: Document = withoutOwned(wish, ['group'])
  const group = typeof wish.group === 'string' ? wish.group : null
  const row = await work.tx
    .insertInto(table)
    .values({
      ...ownedColumns(randomUUID(), work.now, work.who, group),
      document: storableJson({ open: true, ...document }),
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return bodyOf(row, work.ctx.prefix)
}

async function patchNotification(
  work: Work,
  id: string,
  patch: Document,
  checkVersion: (version: number) => void,
): Promise<NotificationBody> {
  const before = await getRow('notification', id, (each) =>
    work.tx.selectFrom(table).selectAll().where('id', '=', each).forUpdate().executeTakeFirst(),
  )
  checkVersion(before.version)
  const merged = parseAs(
    NotificationInput,
    mergePatch(before.document, withoutOwned(patch, ['group'])),
    'the notification',
  )
  const row = await work.tx
    .updateTable(table)
    .set({ document: storableJson(merged), version: sql`version + 1`, modified_at: work.now, modified_by: work.who })
    .where('id', '=', before.id)
    .returningAll()
    .executeTakeFirstOrThrow()
  return bodyOf(row, work.ctx.prefix)
}
