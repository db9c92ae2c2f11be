import type { NotificationBody } from '@rowhouse/contract'
import type { Reader, Tx } from '../context.ts'
import { ownedBody, selfLink } from '../documents/owned.ts'
import type { NotificationRow } from '../rows.ts'

export function findNotification(reader: Reader | Tx, id: string): Promise<NotificationRow | undefined> {
  return reader.selectFrom('model_manage.notification').selectAll().where('id', '=', id).executeTakeFirst()
}

export function findNotificationForUpdate(tx: Tx, id: string): Promise<NotificationRow | undefined> {
  return tx.selectFrom('model_manage.notification').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
}

export function notificationBody(row: NotificationRow, prefix: string): NotificationBody {
  return {
    ...(row.document as object as NotificationBody),
    ...ownedBody(row),
    _links: selfLink(`${prefix}/notifications/${row.id}`),
  }
}
