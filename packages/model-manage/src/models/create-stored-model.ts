import { randomUUID } from 'node:crypto'
import { InputError, type StoredModelBody, StoredModelContent } from '@rowhouse/contract'
import { parseAs } from '@rowhouse/http'
import type { Work } from '../context.ts'
import { checkAssets } from '../documents/asset-door.ts'
import { getContents, toStored, withoutContents } from '../documents/contents.ts'
import { putCredentials, takeCredentials } from '../documents/credentials.ts'
import { ownedColumns, withoutOwned } from '../documents/owned.ts'
import type { Document } from '../rows.ts'
import { tell } from '../tell.ts'
import { storedModelBody } from './stored-model-store.ts'

export async function createStoredModel(work: Work, wish: StoredModelContent): Promise<StoredModelBody> {
  const { document, credentials } = storedModelDocument(work, wish)
  const row = await work.tx
    .insertInto('model_manage.stored_model')
    .values({
      ...ownedColumns(randomUUID(), work.now, work.who, wish.group),
      name: document.modelMetaData.name ?? null,
      tags: document.modelMetaData.tags,
      document: await toStored(work.tx, document),
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  await putCredentials(work.ctx, work.tx, row.id, credentials)
  const body = storedModelBody(row, work.ctx.prefix)
  tell(work, { signal: 'model_created', objectId: row.id, variables: { STORED_MODEL: withoutContents(body) } })
  return getContents(work.tx, body)
}

function checkName(name: string | null | undefined): void {
  if (name?.trim()) return
  throw new InputError('InvalidField', `'modelMetaData.name' is missing: a model is found by its name`, {
    field: 'modelMetaData.name',
  })
}

/** What of a request is stored: parsed, small enough, without passwords, each asset with an id. */
export function storedModelDocument(work: Work, wish: unknown) {
  const parsed = parseAs(StoredModelContent, wish)
  const assets = checkAssets(parsed.modelAssets, 'modelAssets', `${work.ctx.prefix}/files`).map((asset) => ({
    ...asset,
    assetId: asset.assetId ?? randomUUID(),
    createdDate: asset.createdDate ?? work.now.toISOString(),
  }))
  checkName(parsed.modelMetaData.name)
  const content: Document = withoutOwned({ ...parsed, modelAssets: assets }, ['group'])
  const { clean, credentials } = takeCredentials(content)
  return { document: clean as Document & Pick<StoredModelContent, 'modelMetaData' | 'modelAssets'>, credentials }
}
