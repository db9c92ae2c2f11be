import { randomUUID } from 'node:crypto'
import type { NotificationBody, NotificationInput } from '@rowhouse/contract'
import type { z } from 'zod'
import type { Work } from '../context.ts'
import { ownedColumns, withoutOwned } from '../documents/owned.ts'
import { storableJson } from '../documents/storable-json.ts'
import { notificationBody } from './notification-store.ts'

/** Something for people to see: it is open until somebody says otherwise. */
export async function createNotification(
  work: Work,
  wish: z.output<typeof NotificationInput>,
): Promise<NotificationBody> {
  const row = await work.tx
    .insertInto('model_manage.notification')
    .values({
      ...ownedColumns(randomUUID(), work.now, work.who, wish.group),
      document: storableJson({ open: true, ...withoutOwned(wish, ['group']) }),
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return notificationBody(row, work.ctx.prefix)
}
