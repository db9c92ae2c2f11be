import type { DeployableModelBody } from '@rowhouse/contract'
import type { Reader, Tx } from '../context.ts'
import { ownedBody, selfLink } from '../documents/owned.ts'
import type { DeployableModelRow } from '../rows.ts'

export function findDeployableModel(reader: Reader | Tx, id: string): Promise<DeployableModelRow | undefined> {
  return reader.selectFrom('model_manage.deployable_model').selectAll().where('id', '=', id).executeTakeFirst()
}

/** As stored: contents are references. */
export function deployableModelBody(row: DeployableModelRow, prefix: string): DeployableModelBody {
  return {
    ...(row.document as object as DeployableModelBody),
    ...ownedBody(row),
    _links: selfLink(`${prefix}/deployableModels/${row.id}`),
  }
}
