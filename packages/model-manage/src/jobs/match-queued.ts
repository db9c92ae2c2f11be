import { sql } from 'kysely'
import { systemName, type Work } from '../context.ts'
import { storableJson } from '../documents/storable-json.ts'
import type { JobRow } from '../rows.ts'
import { judge, matchRuntime, noMatchText, type RuntimeWish, wishText } from '../runtimes/match.ts'
import { type EngineWithQueue, engineCopy, listEngines, toCandidate } from '../runtimes/runtime-store.ts'
import { moveJob } from './job.ts'
import { jobMessage } from './job-message.ts'
import { appendMessageEach } from './job-store.ts'
import { recordChanges } from './record-change.ts'
import { slicesOf } from './slices.ts'

interface Move {
  job: QueuedJob
  event: 'job.queued' | 'job.moved'
  /** null: nobody matches now. It stays WAITING, in no queue; the next change of a runtime looks at it again. */
  engine: EngineWithQueue | null
  cause: string
}

type QueuedJob = Pick<JobRow, 'id' | 'status' | 'engine_id'> & { wish: RuntimeWish }

/**
 * Matches queued jobs again after runtimes have changed: those in the queue of `engineId`, those whose runtime went silent, and those
 * that wait for a runtime at all. The caller holds the lock on runtimes (`lockRuntimes`), so that no job is matched on older tags.
 */
export async function matchQueued(work: Work, engineId: string | null, why: string): Promise<void> {
  const queued = await findQueued(work, engineId)
  if (queued.length === 0) return
  const engines = await listEngines(work.tx)
  const candidates = engines.map((row) => ({ ...toCandidate(row, work.now), row }))
  const moves: Move[] = []
  for (const job of queued) {
    const current = candidates.find((each) => each.id === job.engine_id)
    if (current && judge(job.wish, current).predicates.every((each) => each.passed)) continue
    if (current) current.waiting -= 1
    const match = matchRuntime(job.wish, candidates)
    if (match.found) {
      match.runtime.waiting += 1
      const cause = `${why}; runtime '${match.runtime.name}' matches ${wishText(job.wish)}`
      const event = job.status === 'CREATED' ? 'job.queued' : 'job.moved'
      moves.push({ job, event, engine: match.runtime.row, cause })
    } else if (current) {
      moves.push({ job, event: 'job.moved', engine: null, cause: `${why}. ${noMatchText(job.wish, match.data)}` })
    }
  }
  for (const some of slicesOf(moves)) await writeMoves(work, some)
}

async function findQueued({ tx, now }: Work, engineId: string | null): Promise<QueuedJob[]> {
  const found = await sql<QueuedJob>`
    select id, status, engine_id, wish from model_manage.job
    where status in ('CREATED', 'WAITING') and (engine_id is null or engine_id = ${engineId}
      or engine_id in (select id from model_manage.engine where lease_until <= ${now}))
    order by seq for update`.execute(tx)
  return found.rows
}

async function writeMoves(work: Work, moves: readonly Move[]): Promise<void> {
  const copies = moves.map(({ engine }) => (engine === null ? null : storableJson(engineCopy(engine))))
  await sql`
    update model_manage.job set
      status = move.status, version = version + 1, modified_at = ${work.now}, modified_by = ${systemName}, engine_id = move.engine_id,
      wait_at = case when move.engine_id is null then wait_at else coalesce(wait_at, ${work.now}) end,
      document = case when move.engine_id is null then document else jsonb_set(document, '{targetEngine}', move.engine) end
    from unnest(
      ${moves.map(({ job }) => job.id)}::uuid[], ${moves.map(({ job, event }) => moveJob(job, event))}::text[],
      ${moves.map(({ engine }) => engine?.id ?? null)}::uuid[], ${copies}::jsonb[]) as move (job_id, status, engine_id, engine)
    where job.id = move.job_id`.execute(work.tx)
  await appendMessageEach(
    work.tx,
    moves.map(({ job, engine, cause }) => ({
      jobId: job.id,
      text: jobMessage(work.now, cause, engine === null ? 'warning' : 'info'),
    })),
  )
  await recordChanges(
    work,
    moves.map(({ job, event, cause }) => ({ jobId: job.id, event, cause })),
  )
  for (const { engine } of moves) if (engine !== null) work.queuedFor.add(engine.id)
}
