import { NotificationInput } from '@rowhouse/contract'
import { type App, checkIfMatch, sendVersioned } from '@rowhouse/http'
import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import { type Context, inTransaction } from '../context.ts'
import { answerCreated, getRow } from '../documents/answer.ts'
import { makeLister, ownedSortColumns } from '../documents/list-page.ts'
import { idParams, pageQuery, patchBody, tagged } from '../documents/route-schemas.ts'
import type { NotificationRow } from '../rows.ts'
import { createNotification } from './create-notification.ts'
import { deleteNotification } from './delete-notification.ts'
import { findNotification, notificationBody } from './notification-store.ts'
import { patchNotification } from './patch-notification.ts'

const listQuery = pageQuery.extend({
  notificationType: z.string().optional(),
  severity: z.string().toUpperCase().optional().describe('INFO, WARNING or ERROR'),
  jobId: z.string().optional(),
  deployableModelId: z.string().optional(),
  storedModelId: z.string().optional(),
  processInstanceId: z.string().optional(),
})

const docs = tagged('notifications')

export function notificationRoutes(app: App, ctx: Context): void {
  const list = makeLister<NotificationRow>(ctx, {
    ...{ rel: 'notifications', table: 'model_manage.notification', sortColumns: ownedSortColumns },
    bodiesOf: (rows) => rows.map((row) => notificationBody(row, ctx.prefix)),
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
      const row = await getRow('notification', request.params.id, (id) => findNotification(ctx.database.kysely, id))
      return sendVersioned(request, reply, notificationBody(row, ctx.prefix))
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
      const check = (version: number) => checkIfMatch(request, 'notification', version)
      const body = await inTransaction(ctx, request.principal.name, (work) =>
        patchNotification(work, request.params.id, request.body, check),
      )
      return sendVersioned(request, reply, body)
    },
  )

  app.delete(
    '/notifications/:id',
    { schema: { ...docs('Delete a notification'), params: idParams } },
    async (request, reply) => {
      const check = (version: number) => checkIfMatch(request, 'notification', version)
      await inTransaction(ctx, request.principal.name, (work) => deleteNotification(work, request.params.id, check))
      return reply.code(204).send()
    },
  )
}

function whereOf(query: z.output<typeof listQuery>): RawBuilder<boolean>[] {
  const members = [
    'notificationType',
    'severity',
    'jobId',
    'deployableModelId',
    'storedModelId',
    'processInstanceId',
  ] as const
  return members
    .filter((member) => query[member] !== undefined)
    .map((member) => sql<boolean>`document->>${sql.lit(member)} = ${query[member]}`)
}
