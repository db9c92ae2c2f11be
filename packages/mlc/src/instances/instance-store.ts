import type { InstanceRow } from '@rowhouse/bpmn'
import { sql } from 'kysely'
import type { Tx } from '../context.ts'
import { toCamel } from './row-names.ts'

export function isLive(instance: InstanceRow | undefined): instance is InstanceRow {
  return instance !== undefined && instance.endedAt === null
}

/** Of a query result: names in camelCase, Dates as they are. */
function camelRow<Row>(record: object): Row {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [toCamel(name), value])) as Row
}

export async function findLiveInstance(tx: Tx, id: string): Promise<InstanceRow | undefined> {
  const { rows } = await sql<object>`select * from mlc.instance where id = ${id} and ended_at is null`.execute(tx)
  return rows[0] === undefined ? undefined : camelRow<InstanceRow>(rows[0])
}
