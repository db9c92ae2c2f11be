import { sql } from 'kysely'
import { systemName, type Work } from '../context.ts'
import { storableJson } from '../documents/storable-json.ts'
import type { JobRow } from '../rows.ts'
import { judge, matchRuntime, noMatchText, type RuntimeWish, wishText } from '../runtimes/match.ts'
import { type EngineWithQueue, engineCopy, listEngines, toCandidate } from '../runtimes/runtime-store.ts'
import { moveJob } from './job.ts'
import { jobMessage } from './job-message.ts'
import { appendMessages, changedColumns } from './job-store.ts'
import { recordChange } from './record-change.ts'

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
  for (const job of queued) {
    const current = candidates.find((each) => each.id === job.engine_id)
    if (current && judge(job.wish, current).predicates.every((each) => each.passed)) continue
    if (current) current.waiting -= 1
    const match = matchRuntime(job.wish, candidates)
    if (match.found) {
      match.runtime.waiting += 1
      await queueJob(work, job, match.runtime.row, why)
    } else if (current) await unqueueJob(work, job, `${why}. ${noMatchText(job.wish, match.data)}`)
  }
}

async function findQueued({ tx, now }: Work, engineId: string | null): Promise<QueuedJob[]> {
  const found = await sql<QueuedJob>`
    select id, status, engine_id, wish from model_manage.job
    where status in ('CREATED', 'WAITING') and (engine_id is null or engine_id = ${engineId}
      or engine_id in (select id from model_manage.engine where lease_until <= ${now}))
    order by seq for update`.execute(tx)
  return found.rows
}

async function queueJob(work: Work, job: QueuedJob, engine: EngineWithQueue, why: string): Promise<void> {
  const event = job.status === 'CREATED' ? 'job.queued' : 'job.moved'
  const cause = `${why}; runtime '${engine.name}' matches ${wishText(job.wish)}`
  await work.tx
    .updateTable('model_manage.job')
    .set({
      ...changedColumns({ status: moveJob(job, event), now: work.now, who: systemName }),
      engine_id: engine.id,
      wait_at: sql`coalesce(wait_at, ${work.now})`,
      document: sql`jsonb_set(document, '{targetEngine}', ${storableJson(engineCopy(engine))}::jsonb)`,
    })
    .where('id', '=', job.id)
    .execute()
  await appendMessages(work.tx, job.id, [jobMessage(work.now, cause, 'info')])
  await recordChange(work, job.id, event, cause)
  work.queuedFor.add(engine.id)
}

/** It stays WAITING, in no queue; the next change of a runtime looks at it again. */
async function unqueueJob(work: Work, job: QueuedJob, reason: string): Promise<void> {
  await work.tx
    .updateTable('model_manage.job')
    .set({ ...changedColumns({ status: moveJob(job, 'job.moved'), now: work.now, who: systemName }), engine_id: null })
    .where('id', '=', job.id)
    .execute()
  await appendMessages(work.tx, job.id, [jobMessage(work.now, reason, 'warning')])
  await recordChange(work, job.id, 'job.moved', reason)
}
