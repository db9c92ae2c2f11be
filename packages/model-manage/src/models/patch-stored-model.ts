import type { StoredModelBody } from '@rowhouse/contract'
import type { Work } from '../context.ts'
import { getRow } from '../documents/answer.ts'
import { getContents, toStored, withoutContents } from '../documents/contents.ts'
import { dropCredentials, putCredentials } from '../documents/credentials.ts'
import { mergePatch } from '../documents/merge-patch.ts'
import { editedColumns, withoutOwned } from '../documents/owned.ts'
import { tell } from '../outbox.ts'
import type { Document } from '../rows.ts'
import { storedModelDocument } from './create-stored-model.ts'
import { findStoredModelForUpdate, storedModelBody } from './stored-model-store.ts'

/** A merge patch: what it does not name stays. Lists such as `modelAssets` are replaced whole. */
export async function patchStoredModel(
  work: Work,
  id: string,
  patch: Document,
  checkVersion: (version: number) => void,
): Promise<StoredModelBody> {
  const before = await getRow('stored model', id, (each) => findStoredModelForUpdate(work.tx, each))
  checkVersion(before.version)
  const merged = mergePatch(await getContents(work.tx, before.document), withoutOwned(patch, ['group']))
  const { document, credentials } = storedModelDocument(work, merged)
  const row = await work.tx
    .updateTable('model_manage.stored_model')
    .set({
      name: document.modelMetaData.name ?? null,
      tags: document.modelMetaData.tags,
      document: await toStored(work.tx, document),
      ...editedColumns(work, before, patch),
    })
    .where('id', '=', before.id)
    .returningAll()
    .executeTakeFirstOrThrow()
  // credentials are known by an asset's place in the list
  if (patch.modelAssets !== undefined) await dropCredentials(work.tx, [row.id])
  await putCredentials(work.ctx, work.tx, row.id, credentials)
  const body = storedModelBody(row, work.ctx.prefix)
  await tell(work, { signal: 'model_changed', objectId: row.id, variables: { STORED_MODEL: withoutContents(body) } })
  return getContents(work.tx, body)
}
