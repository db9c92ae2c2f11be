import { type NotificationBody, NotificationInput } from '@rowhouse/contract'
import { parseAs } from '@rowhouse/http'
import type { Work } from '../context.ts'
import { getRow } from '../documents/answer.ts'
import { mergePatch } from '../documents/merge-patch.ts'
import { editedColumns, withoutOwned } from '../documents/owned.ts'
import { storableJson } from '../documents/storable-json.ts'
import type { Document } from '../rows.ts'
import { findNotificationForUpdate, notificationBody } from './notification-store.ts'

export async function patchNotification(
  work: Work,
  id: string,
  patch: Document,
  checkVersion: (version: number) => void,
): Promise<NotificationBody> {
  const before = await getRow('notification', id, (each) => findNotificationForUpdate(work.tx, each))
  checkVersion(before.version)
  const merged = parseAs(NotificationInput, mergePatch(before.document, withoutOwned(patch, ['group'])))
  const row = await work.tx
    .updateTable('model_manage.notification')
    .set({ document: storableJson(merged), ...editedColumns(work, before, patch) })
    .where('id', '=', before.id)
    .returningAll()
    .executeTakeFirstOrThrow()
  return notificationBody(row, work.ctx.prefix)
}
