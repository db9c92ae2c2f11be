import { sql } from 'kysely'
import type { Reader, Tx } from '../context.ts'
import { explainNotDeployed, type SeenDeployment, type SeenSnapshot } from './explain-not-deployed.ts'

/** Gathers what there is for the explanation: the newest deployments, those of the tag first, and snapshots that carry it. */
export async function explainFromStore(reader: Reader | Tx, tag: string, stage: string) {
  const deployments = await sql<SeenDeployment>`
    select deployed.service_tags as "serviceTags", deployed.stage, deployed.state,
      deployed.deployable_model_id as "snapshotId", snapshot.name as "snapshotName"
    from model_manage.deployed_model as deployed
    join model_manage.deployable_model as snapshot on snapshot.id = deployed.deployable_model_id
    order by deployed.service_tags @> ${[tag]}::text[] desc, deployed.created_at desc, deployed.seq desc limit 500`.execute(
    reader,
  )
  const snapshots = await sql<SeenSnapshot>`
    select id, name, service_tags as "serviceTags" from model_manage.deployable_model
    where service_tags @> ${[tag]}::text[] order by created_at desc, seq desc limit 1`.execute(reader)
  return explainNotDeployed(tag, stage, deployments.rows, snapshots.rows)
}
