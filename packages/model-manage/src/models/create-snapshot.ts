import { randomUUID } from 'node:crypto'
import {
  type DeployableModelBody,
  parseTag,
  type SnapshotInput,
  SnapshotMetaData,
  TargetRuntime,
} from '@rowhouse/contract'
import { parseAs } from '@rowhouse/http'
import { sql } from 'kysely'
import type { z } from 'zod'
import type { Work } from '../context.ts'
import { getRow } from '../documents/answer.ts'
import { getContents, withoutContents } from '../documents/contents.ts'
import { below, getCredentials, putCredentials, takeCredentials } from '../documents/credentials.ts'
import { ownedColumns, withoutOwned } from '../documents/owned.ts'
import { storableJson } from '../documents/storable-json.ts'
import type { DeployableModelRow, Document } from '../rows.ts'
import { tell } from '../tell.ts'
import { deployableModelBody } from './deployable-model-store.ts'
import { modelName } from './language.ts'
import { findStoredModelForUpdate, storedModelBody } from './stored-model-store.ts'

/** Copies the stored model as it is now; the copy does not change any more. */
export async function createSnapshot(work: Work, wish: z.output<typeof SnapshotInput>): Promise<DeployableModelBody> {
  const { tx, ctx } = work
  // locked: its credentials are those of this copy, and of two snapshots at once each has a number of its own
  const stored = await getRow('stored model', wish.storedModel.id, (id) => findStoredModelForUpdate(tx, id))
  const { _links, ...copy } = storedModelBody(stored, ctx.prefix)
  const name = wish.metaData.name?.trim() || (await defaultName(work, stored.id, modelName(copy) ?? 'model'))
  const { clean: more } = takeCredentials(withoutOwned(wish, ['group', 'storedModel', 'metaData', 'targetRuntimes']))
  const described = describeSnapshot({ ...wish.metaData, name }, wish.targetRuntimes)
  const row = await tx
    .insertInto('model_manage.deployable_model')
    .values({
      ...ownedColumns(randomUUID(), work.now, work.who, wish.group ?? stored.group_name),
      stored_model_id: stored.id,
      stored_model_name: modelName(copy),
      name,
      service_tags: described.metaData.tags,
      document: storableJson({ modelMLCs: [], associatedModels: [], ...more, storedModel: copy, ...described }),
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  const credentials = await getCredentials(ctx, tx, [stored.id])
  await putCredentials(ctx, tx, row.id, below('storedModel', credentials.get(stored.id)))
  return tellSnapshot(work, row)
}

/** `DeployBatchModel` and users' diagrams wait for this event. */
export async function tellSnapshot(work: Work, row: DeployableModelRow): Promise<DeployableModelBody> {
  const body = deployableModelBody(row, work.ctx.prefix)
  const variables = { DEPLOYABLE_MODEL: withoutContents(body) }
  tell(work, { signal: 'deployable_model_changed', objectId: row.id, variables })
  return getContents(work.tx, body)
}

/** Service tags and stages are tags: runtimes carry the same words. */
export function describeSnapshot(metaData: unknown, targetRuntimes: unknown) {
  const parsed = parseAs(SnapshotMetaData, metaData ?? {}, { path: ['metaData'] })
  const runtimes = parseAs(TargetRuntime.array(), targetRuntimes ?? [], { path: ['targetRuntimes'] })
  return {
    metaData: { ...parsed, tags: [...new Set(parsed.tags.map(parseTag))] },
    targetRuntimes: runtimes.map((runtime) => ({ ...runtime, tags: runtime.tags.map(parseTag) })),
  } satisfies Document
}

async function defaultName({ tx }: Work, storedModelId: string, model: string): Promise<string> {
  const found = await sql<{ count: string }>`
    select count(*) from model_manage.deployable_model where stored_model_id = ${storedModelId}`.execute(tx)
  return `${model}_v${Number(found.rows[0]?.count ?? 0) + 1}`
}
