import type { EngineBody } from '@rowhouse/contract'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Reader, Tx } from '../context.ts'
import { ownedBody, recordOf, selfLink } from '../documents/owned.ts'
import type { Document, EngineRow } from '../rows.ts'
import type { Candidate } from './match.ts'

export type EngineWithQueue = EngineRow & { waiting: number; running: number }

/** Runtimes with the lengths of their queues. There are few: matching looks at all of them. */
export async function listEngines(
  reader: Reader | Tx,
  where: RawBuilder<SqlBool> = sql`true`,
): Promise<EngineWithQueue[]> {
  const found = await sql<EngineRow & { waiting: string; running: string }>`
    select engine.*,
      (select count(*) from model_manage.job where job.engine_id = engine.id and job.status = 'WAITING') as waiting,
      (select count(*) from model_manage.attempt where attempt.engine_id = engine.id and attempt.state = 'RUNNING') as running
    from model_manage.engine where ${where} order by engine.created_at desc, engine.seq desc`.execute(reader)
  return found.rows.map((row) => ({ ...row, waiting: Number(row.waiting), running: Number(row.running) }))
}

export async function findEngine(reader: Reader | Tx, id: string): Promise<EngineWithQueue | undefined> {
  return (await listEngines(reader, sql`engine.id = ${id}`))[0]
}

/** All rules that read runtimes and all changes of what they match on take this lock: shared to match, alone to change. */
const matchLock = 0x526f7768
export async function lockForMatching(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${matchLock}::bigint)`.execute(tx)
}
export async function lockRuntimes(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${matchLock}::bigint)`.execute(tx)
}

function isAlive(row: Pick<EngineRow, 'lease_until'>, now: Date): boolean {
  return row.lease_until.getTime() > now.getTime()
}

export function toCandidate(row: EngineWithQueue, now: Date): Candidate {
  const capabilities = recordOf(row.document.capabilities)
  return {
    id: row.id,
    name: row.name,
    tags: row.tags,
    alive: isAlive(row, now),
    engineType: row.engine_type,
    languages: Array.isArray(capabilities.languages) ? capabilities.languages.map(String) : [],
    endpointCount: endpointsOf(row.document, 'inputEndpoints') + endpointsOf(row.document, 'outputEndpoints'),
    waiting: row.waiting,
    running: row.running,
    slots: row.slots,
  }
}

/** Only what people configured counts: while a batch job runs, old runtimes show FILE endpoints below `…/playground/batch-…`. */
function endpointsOf(document: Document, member: 'inputEndpoints' | 'outputEndpoints'): number {
  const endpoints = document[member]
  if (!Array.isArray(endpoints)) return 0
  return endpoints.filter((endpoint) => !/playground\/batch-/.test(String(recordOf(endpoint).path ?? ''))).length
}

export function engineBody(row: EngineWithQueue, now: Date, prefix: string): EngineBody {
  return {
    ...(row.document as object as EngineBody),
    ...ownedBody(row),
    engineType: row.engine_type,
    name: row.name,
    state: stateNow(row),
    tags: row.tags,
    slots: row.slots,
    alive: isAlive(row, now),
    lastHeartbeatDate: row.beat_at.toISOString(),
    queue: { waiting: row.waiting, running: row.running },
    _links: selfLink(`${prefix}/engines/${row.id}`),
  }
}

/** Idle and busy are seen from its attempts, between beats too; the rest it says itself. */
function stateNow({ state, running }: EngineWithQueue): EngineRow['state'] {
  if (state !== 'INIT' && state !== 'RUNNING') return state
  return running > 0 ? 'RUNNING' : 'INIT'
}

/** The copy that a job carries. */
export function engineCopy(row: EngineWithQueue): Document {
  const { queue: _queue, alive: _alive, _links, ...body } = engineBody(row, row.beat_at, '')
  return body
}
