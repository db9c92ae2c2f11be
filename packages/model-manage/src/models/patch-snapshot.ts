import type { DeployableModelBody } from '@rowhouse/contract'
import type { Work } from '../context.ts'
import { getRow } from '../documents/answer.ts'
import { takeCredentials } from '../documents/credentials.ts'
import { mergePatch } from '../documents/merge-patch.ts'
import { editedColumns, recordOf, withoutOwned } from '../documents/owned.ts'
import { storableJson } from '../documents/storable-json.ts'
import type { Document } from '../rows.ts'
import { describeSnapshot, tellSnapshot } from './create-snapshot.ts'

/** What is said *about* the snapshot may change; the copy of the model in it (`storedModel`) is the server's and stays. */
export async function patchSnapshot(
  work: Work,
  id: string,
  patch: Document,
  checkVersion: (version: number) => void,
): Promise<DeployableModelBody> {
  const before = await getRow('deployable model', id, (each) =>
    work.tx
      .selectFrom('model_manage.deployable_model')
      .selectAll()
      .where('id', '=', each)
      .forUpdate()
      .executeTakeFirst(),
  )
  checkVersion(before.version)
  const merged = recordOf(mergePatch(before.document, withoutOwned(patch, ['group', 'storedModel'])))
  const described = describeSnapshot(merged.metaData, merged.targetRuntimes)
  const name = described.metaData.name ?? before.name
  const document = { ...merged, ...described, metaData: { ...described.metaData, name } }
  const row = await work.tx
    .updateTable('model_manage.deployable_model')
    .set({
      name,
      service_tags: described.metaData.tags,
      document: storableJson(takeCredentials(document).clean),
      ...editedColumns(work, before, patch),
    })
    .where('id', '=', before.id)
    .returningAll()
    .executeTakeFirstOrThrow()
  return tellSnapshot(work, row)
}
