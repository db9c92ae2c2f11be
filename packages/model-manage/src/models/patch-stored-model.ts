import type { StoredModelBody } from '@rowhouse/contract'
import type { Work } from '../context.ts'
import { getRow } from '../documents/answer.ts'
import { getContents, toStored, withoutContents } from '../documents/contents.ts'
import { dropCredentials, getCredentials, putCredentials } from '../documents/credentials.ts'
import { mergePatch } from '../documents/merge-patch.ts'
import { editedColumns, withoutOwned } from '../documents/owned.ts'
import type { Document } from '../rows.ts'
import { tell } from '../tell.ts'
import { storedModelDocument } from './create-stored-model.ts'
import { keptCredentials, withKeptContents } from './kept-assets.ts'
import { findStoredModelForUpdate, storedModelBody } from './stored-model-store.ts'

/** A merge patch: what it does not name stays. Lists such as `modelAssets` are replaced whole, by assets that may come back as they were read. */
export async function patchStoredModel(
  work: Work,
  id: string,
  patch: Document,
  checkVersion: (version: number) => void,
): Promise<StoredModelBody> {
  const before = await getRow('stored model', id, (each) => findStoredModelForUpdate(work.tx, each))
  checkVersion(before.version)
  const stored = await getContents(work.tx, storedModelBody(before, work.ctx.prefix))
  const modelAssets = withKeptContents(patch.modelAssets, stored.modelAssets)
  const change = { ...withoutOwned(patch, ['group']), ...(modelAssets === undefined ? {} : { modelAssets }) }
  const merged = mergePatch(withoutOwned(stored), change)
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
  if (patch.modelAssets !== undefined) {
    const known = (await getCredentials(work.ctx, work.tx, [row.id])).get(row.id) ?? {}
    await dropCredentials(work.tx, [row.id])
    const kept = keptCredentials(document.modelAssets, stored.modelAssets, known)
    await putCredentials(work.ctx, work.tx, row.id, kept)
  }
  await putCredentials(work.ctx, work.tx, row.id, credentials)
  const body = storedModelBody(row, work.ctx.prefix)
  tell(work, { signal: 'model_changed', objectId: row.id, variables: { STORED_MODEL: withoutContents(body) } })
  return getContents(work.tx, body)
}
