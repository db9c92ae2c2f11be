import { Asset, type DeploymentInput } from '@rowhouse/contract'
import { parseAs } from '@rowhouse/http'
import { sql } from 'kysely'
import type { z } from 'zod'
import type { Work } from '../context.ts'
import { checkAssets } from '../documents/asset-door.ts'
import { putContents } from '../documents/contents.ts'
import { putCredentials, takeCredentials } from '../documents/credentials.ts'
import type { Document } from '../rows.ts'

const lists = ['inputData', 'outputData', 'additionalAssets'] as const

/** Members of a deployment that are written by their own rules: into columns of their own, or as these lists. */
export const placedElsewhere = [
  ...['group', 'engine', 'deployableModel', 'stage', 'serviceTags', 'state', 'undeployTime'],
  ...lists,
]

type DataWish = Pick<z.output<typeof DeploymentInput>, 'inputData' | 'outputData'> & {
  additionalAssets?: unknown
}

/** Where jobs of a deployment read and write: the lists that were given, checked, without passwords; the others stay. */
export function readDataWish(work: Work, wish: Document | DataWish) {
  const given: Document = {}
  for (const list of lists) {
    const value = (wish as Document)[list]
    if (value === undefined || value === null) continue
    given[list] = checkAssets(parseAs(Asset.array(), value, { path: [list] }), list, `${work.ctx.prefix}/files`)
  }
  return takeCredentials(given)
}

/** Writes the lists into a deployment's document; the credentials of a list that is replaced go with it. */
export async function storeData(
  work: Work,
  deployedModelId: string,
  document: Document,
  { clean, credentials }: ReturnType<typeof readDataWish>,
): Promise<Document> {
  for (const list of Object.keys(clean)) {
    await sql`delete from model_manage.credential
      where owner_id = ${deployedModelId} and starts_with(path, ${`${list}[`})`.execute(work.tx)
  }
  await putCredentials(work.ctx, work.tx, deployedModelId, credentials)
  return { ...takeCredentials(document).clean, ...(await putContents(work.tx, clean)) }
}
