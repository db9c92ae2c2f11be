import type { Work } from '../context.ts'
import { loseAttemptsOf } from '../jobs/lose-attempt.ts'
import { matchQueued } from '../jobs/match-queued.ts'
import { lockRuntimes } from './runtime-store.ts'

/** Before any moment at which servers looked: an outage that follows does not make it count as alive once more. */
const longAgo = new Date(0)

/** A runtime that stops in good order: it counts as gone at once, and its queue goes to others. An outdated one says nothing new. */
export async function unregisterRuntime(work: Work, id: string, session: number): Promise<void> {
  await lockRuntimes(work.tx)
  const engine = await work.tx
    .updateTable('model_manage.engine')
    .set({ lease_until: longAgo, beat_at: work.now, state: 'INIT' })
    .where('id', '=', id)
    .where('session', '=', session)
    .returning('name')
    .executeTakeFirst()
  if (engine === undefined) return
  const why = `runtime '${engine.name}' was stopped`
  await loseAttemptsOf(work, id, why, 'released')
  await matchQueued(work, id, why)
}
