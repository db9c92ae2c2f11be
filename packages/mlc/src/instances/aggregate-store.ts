/**
 * Aggregates in and out of PostgreSQL, set-based: any number of instances are loaded in one round trip (their rows locked in id
 * order) and flushed in one statement, history and wake-up included.
 */
import type { Aggregate, Changes, RowChanges } from '@rowhouse/bpmn'
import { Conflict } from '@rowhouse/contract'
import { type RawBuilder, sql } from 'kysely'
import type { Tx } from '../context.ts'
import { historyParts } from '../history/history-store.ts'
import type { Vault } from '../variables/vault.ts'
import { fromJsonRow } from './row-names.ts'
import { type FlushInput, insertRows, jsonRows, upsertRows } from './row-sql.ts'

export interface LoadedAggregate {
  aggregate: Aggregate
  /** Who holds the lock of a piece of due work, by its id. */
  lockOwners: ReadonlyMap<string, string>
  /** Somewhere a job definition is suspended: work that is made now may be held. */
  isWorkHeld: boolean
}

type JsonRecord = Record<string, unknown>
type PartName = Exclude<keyof Changes, 'instance'>

export async function loadAggregates(
  tx: Tx,
  ids: readonly string[],
  vault: Vault,
): Promise<Map<string, LoadedAggregate>> {
  const loaded = new Map<string, LoadedAggregate>()
  if (ids.length === 0) return loaded
  const { rows } = await sql<{ aggregate: Record<string, JsonRecord[]> & { instance: JsonRecord }; is_held: boolean }>`
    select aggregate, exists (select 1 from mlc.job_definition where is_suspended) as is_held
    from mlc.load_aggregates(${[...ids]}::text[])`.execute(tx)
  for (const { aggregate: parts, is_held: isWorkHeld } of rows) {
    const lockOwners = new Map<string, string>()
    const dueWork = (parts.due_work ?? []).map((record) => {
      const { lock_owner: owner, lock_expires_at: _until, definition_id: _definition, ...row } = record
      if (typeof owner === 'string') lockOwners.set(String(record.id), owner)
      return row
    })
    const rowsOf = <Row>(name: string): Row[] => (parts[name] ?? []).map((record) => fromJsonRow<Row>(record))
    const aggregate: Aggregate = {
      instance: fromJsonRow(parts.instance),
      executions: rowsOf('executions'),
      variables: vault.open(rowsOf('variables')),
      subscriptions: rowsOf('subscriptions'),
      dueWork: vault.open(dueWork.map((record) => fromJsonRow(record))),
      externalTasks: rowsOf('external_tasks'),
      userTasks: rowsOf('user_tasks'),
      incidents: rowsOf('incidents'),
    }
    loaded.set(aggregate.instance.id, { aggregate, lockOwners, isWorkHeld })
  }
  return loaded
}

/** Columns written by the engine; a table's further columns (locks) are not its business. */
const columnsOf: Record<PartName, { table: string; columns: readonly string[] }> = {
  executions: {
    table: 'execution',
    columns:
      'id instance_id parent_id activity_id activity_instance_id is_scope is_concurrent is_active is_joining'.split(
        ' ',
      ),
  },
  variables: {
    table: 'variable',
    columns: 'id instance_id execution_id activity_instance_id name value created_at'.split(' '),
  },
  subscriptions: {
    table: 'subscription',
    columns: 'id instance_id execution_id activity_id event_type event_name correlation_key created_at'.split(' '),
  },
  dueWork: {
    table: 'due_work',
    columns: (
      'id instance_id execution_id activity_id kind due_at retries repeat exception_message exception_stack ' +
      'failed_activity_id exclusive priority is_suspended payload created_at lock_owner lock_expires_at'
    ).split(' '),
  },
  externalTasks: {
    table: 'external_task',
    columns: (
      'id instance_id execution_id activity_id activity_instance_id topic priority retries error_message error_details ' +
      'worker_id lock_expires_at is_suspended created_at'
    ).split(' '),
  },
  userTasks: {
    table: 'user_task',
    columns: (
      'id instance_id execution_id activity_id activity_instance_id name description assignee owner delegation_state ' +
      'candidate_users candidate_groups priority due_at follow_up_at form_key is_suspended created_at last_updated_at'
    ).split(' '),
  },
  incidents: {
    table: 'incident',
    columns: (
      'id instance_id execution_id incident_type activity_id failed_activity_id cause_incident_id root_cause_incident_id ' +
      'configuration message annotation created_at'
    ).split(' '),
  },
}
const partNames = Object.keys(columnsOf) as PartName[]

const instanceColumns = (
  'id definition_id definition_key root_process_instance_id super_execution_id business_key tenant_id state ' +
  'start_activity_id start_user_id started_at ended_at delete_reason revision'
).split(' ')

/** Wakes other servers; sent with the commit. */
export const wakeChannel = 'mlc_wake'

/** Answers the ids of new work that a suspended job definition holds; null: none is suspended. */
export async function flushAggregates(
  tx: Tx,
  inputs: readonly FlushInput[],
  wake: readonly string[],
): Promise<ReadonlySet<string> | null> {
  if (inputs.length === 0) return null
  const parts: RawBuilder<unknown>[] = []
  const created = inputs.filter((input) => input.loadedRevision === null)
  const updated = inputs.filter((input) => input.loadedRevision !== null)
  if (created.length > 0)
    parts.push(sql`new_instance as (${insertRows('instance', instanceColumns, instanceRows(created))})`)
  parts.push(sql`old_instance as (${updateInstances(updated)} returning i.id)`)
  const ended = inputs
    .filter((input) => input.changes.instance.endedAt !== null)
    .map((input) => input.changes.instance.id)
  for (const name of partNames) parts.push(...partChanges(name, inputs, ended))
  parts.push(...historyParts(inputs))
  const notify = wake.map((payload) => sql`pg_notify(${wakeChannel}, ${payload})::text`)
  const { rows } = await sql<{ updated: number; has_suspended: boolean }>`
    with ${sql.join(parts, sql`, `)}
    select (select count(*)::int from old_instance) as updated,
      exists (select 1 from mlc.job_definition where is_suspended) as has_suspended,
      ${notify.length === 0 ? sql`null` : sql`concat(${sql.join(notify)})`} as notified`.execute(tx)
  if (rows[0]?.updated !== updated.length) {
    throw new Conflict(
      'StaleRevision',
      'The process instance was changed by another transaction at the same time; try again',
      {
        instances: updated.map((input) => input.changes.instance.id),
      },
    )
  }
  return rows[0].has_suspended ? suspendWork(tx, inputs) : null
}

/** New work of a suspended job definition is suspended, and nobody's. */
async function suspendWork(tx: Tx, inputs: readonly FlushInput[]): Promise<ReadonlySet<string>> {
  const ids = inputs.flatMap(({ changes }) => changes.dueWork.upserts.map((work) => work.id))
  const { rows } = await sql<{ id: string }>`
    update mlc.due_work w set is_suspended = true, lock_owner = null, lock_expires_at = null from mlc.instance i, mlc.job_definition j
    where w.id = any(${ids}::text[]) and i.id = w.instance_id and j.is_suspended and not w.is_suspended
      and j.id = mlc.job_definition_of(i.definition_id, w.activity_id, w.kind)
    returning w.id`.execute(tx)
  return new Set(rows.map(({ id }) => id))
}

function instanceRows(inputs: readonly FlushInput[]): object[] {
  return inputs.map((input) => input.changes.instance)
}

function updateInstances(inputs: readonly FlushInput[]): RawBuilder<unknown> {
  const rows = inputs.map((input) => ({ ...input.changes.instance, loadedRevision: input.loadedRevision }))
  return sql`
    update mlc.instance i set state = x.state, ended_at = x.ended_at, delete_reason = x.delete_reason,
      business_key = x.business_key, revision = x.revision
    from jsonb_to_recordset(${jsonRows(rows)}::jsonb) as x(
      id text, state text, ended_at timestamptz, delete_reason text, business_key text, revision bigint, loaded_revision bigint)
    where i.id = x.id and i.revision = x.loaded_revision`
}

/** Deletes and upserts of one table. Of an ended instance nothing stays. */
function partChanges(name: PartName, inputs: readonly FlushInput[], ended: readonly string[]): RawBuilder<unknown>[] {
  const { table, columns } = columnsOf[name]
  const upserts: object[] = []
  const deletes: string[] = []
  let loadedEnds = false
  for (const { changes, loadedRevision } of inputs) {
    const part: RowChanges<object> = changes[name]
    if (changes.instance.endedAt !== null) {
      loadedEnds ||= loadedRevision !== null
      continue
    }
    upserts.push(...part.upserts)
    deletes.push(...part.deletes)
  }
  const made: RawBuilder<unknown>[] = []
  if (loadedEnds) {
    made.push(
      sql`${sql.raw(`ended_${table}`)} as (delete from ${sql.raw(`mlc.${table}`)} where instance_id = any(${[...ended]}::text[]))`,
    )
  }
  if (deletes.length > 0) {
    made.push(
      sql`${sql.raw(`gone_${table}`)} as (delete from ${sql.raw(`mlc.${table}`)} where id = any(${deletes}::text[]))`,
    )
  }
  if (upserts.length > 0) made.push(sql`${sql.raw(`put_${table}`)} as (${upsertRows(table, columns, upserts)})`)
  return made
}
