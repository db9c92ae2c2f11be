import type { StoredModelBody } from '@rowhouse/contract'
import type { Reader, Tx } from '../context.ts'
import { ownedBody, selfLink } from '../documents/owned.ts'
import type { StoredModelRow } from '../rows.ts'

export function findStoredModel(reader: Reader | Tx, id: string): Promise<StoredModelRow | undefined> {
  return reader.selectFrom('model_manage.stored_model').selectAll().where('id', '=', id).executeTakeFirst()
}

export function findStoredModelForUpdate(tx: Tx, id: string): Promise<StoredModelRow | undefined> {
  return tx.selectFrom('model_manage.stored_model').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
}

/** Neither it nor its credentials change before the transaction ends: a copy of both is of one moment. */
export function findStoredModelForShare(tx: Tx, id: string): Promise<StoredModelRow | undefined> {
  return tx.selectFrom('model_manage.stored_model').selectAll().where('id', '=', id).forShare().executeTakeFirst()
}

/** As stored: contents are references. */
export function storedModelBody(row: StoredModelRow, prefix: string): StoredModelBody {
  return {
    ...(row.document as object as StoredModelBody),
    ...ownedBody(row),
    _links: selfLink(`${prefix}/storedModels/${row.id}`),
  }
}
