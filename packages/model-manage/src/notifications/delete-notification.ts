import type { Work } from '../context.ts'
import { getRow } from '../documents/answer.ts'
import { findNotificationForUpdate } from './notification-store.ts'

export async function deleteNotification(
  { tx }: Work,
  id: string,
  checkVersion: (version: number) => void,
): Promise<void> {
  const found = await getRow('notification', id, (each) => findNotificationForUpdate(tx, each))
  checkVersion(found.version)
  await tx.deleteFrom('model_manage.notification').where('id', '=', found.id).execute()
}
