import type { TypedValue } from '@rowhouse/bpmn'
import { sql } from 'kysely'
import type { MlcContext } from '../context.ts'

/** All that the task's execution sees; the nearest of a name wins. */
export async function visibleTaskVariables(ctx: MlcContext, executionId: string): Promise<[string, TypedValue][]> {
  const { rows } = await sql<{ name: string; value: TypedValue }>`
    with recursive scope as (
      select id, parent_id, 0 as depth from mlc.execution where id = ${executionId}
      union all
      select e.id, e.parent_id, s.depth + 1 from scope s join mlc.execution e on e.id = s.parent_id)
    select distinct on (v.name) v.name, v.value from scope s join mlc.variable v on v.execution_id = s.id
    where v.instance_id = (select instance_id from mlc.execution where id = ${executionId}) order by v.name, s.depth`.execute(
    ctx.database.kysely,
  )
  return rows.map((row) => [row.name, row.value])
}
