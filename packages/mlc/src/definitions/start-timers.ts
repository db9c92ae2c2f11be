/** Start timers: due work of a definition, armed at deployment, gone with the next version. */
import { type ExpressionContext, evaluate, type FlowNode, nextDue, nextRepeat, type ProcessGraph } from '@rowhouse/bpmn'
import { sql } from 'kysely'
import type { MlcContext, Tx } from '../context.ts'
import { inUnit } from '../instances/unit.ts'
import { deliverKeptMessages } from '../message/kept-messages.ts'
import type { DefinitionRow } from './deployment-store.ts'

const timerRetries = 3

/** A round that is due, taken by `owner`. */
export interface DueStart {
  id: string
  definition_id: string | null
  activity_id: string
  repeat: string | null
  owner: string
}

export async function insertStartTimers(
  ctx: MlcContext,
  tx: Tx,
  definition: DefinitionRow,
  graph: ProcessGraph,
): Promise<void> {
  for (const id of graph.startIds) {
    const node: FlowNode | undefined = graph.nodes.get(id)
    if (node?.kind !== 'startEvent' || node.event.kind !== 'timer') continue
    const now = ctx.now()
    const value = evaluate(node.event.timer.expression, outsideAnyInstance(now))
    const due = nextDue(value, node.event.timer.kind, now)
    await sql`
      insert into mlc.due_work (id, definition_id, activity_id, kind, due_at, retries, repeat, exclusive, priority, is_suspended, created_at)
      values (${ctx.newId()}, ${definition.id}, ${id}, 'timer-start', ${due.dueAt}, ${timerRetries}::int, ${due.repeat}, false, 0,
        ${definition.is_suspended}::boolean, ${now})`.execute(tx)
  }
}

function outsideAnyInstance(now: Date): ExpressionContext {
  return { variable: () => undefined, bean: () => undefined, now }
}

/** Starts an instance and sets the next round, in one transaction: each round starts one instance, whoever runs it. */
export async function fireStartTimer(ctx: MlcContext, due: DueStart): Promise<void> {
  const definitionId = due.definition_id
  if (definitionId === null) return
  const graph = await ctx.graphs.get(ctx.database.kysely, definitionId)
  const { awaited } = await inUnit(ctx, async (unit) => {
    const { rows } = await sql<{ tenant_id: string | null }>`
      select d.tenant_id from mlc.due_work w join mlc.process_definition d on d.id = w.definition_id
      where w.id = ${due.id} and w.lock_owner = ${due.owner} for update of w`.execute(unit.tx)
    const row = rows[0]
    if (row === undefined) return
    unit.start(graph, {
      instanceId: ctx.newId(),
      definitionId,
      startActivityId: due.activity_id,
      businessKey: null,
      tenantId: row.tenant_id,
      startUserId: null,
      variables: {},
      commitAtStart: false,
    })
    const next = due.repeat === null ? null : nextRepeat(due.repeat, unit.env.now)
    if (next === null) await sql`delete from mlc.due_work where id = ${due.id}`.execute(unit.tx)
    else {
      await sql`
        update mlc.due_work set due_at = ${next}, retries = ${timerRetries}::int, exception_message = null, exception_stack = null,
          lock_owner = null, lock_expires_at = null where id = ${due.id}`.execute(unit.tx)
    }
  })
  await deliverKeptMessages(ctx, awaited)
}
