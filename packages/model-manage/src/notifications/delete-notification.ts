import type { Work } from '../context.ts'
import { getRow } from '../documents/answer.ts'
import { findNotificationForUpdate } from './notification-store.ts'

export async function deleteNotification({ tx }: Work, id: string): Promise<void> {
  const { id: found } = await getRow('notification', id, (each) => findNotificationForUpdate(tx, each))
  await tx.deleteFrom('model_manage.notification').where('id', '=', found).execute()
}
