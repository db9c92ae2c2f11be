import { randomUUID } from 'node:crypto'
import { parseTag, type RegisteredBody, type RegisterInput } from '@rowhouse/contract'
import { sql } from 'kysely'
import type { z } from 'zod'
import { systemName, type Work } from '../context.ts'
import { ownedColumns } from '../documents/owned.ts'
import { storableJson } from '../documents/storable-json.ts'
import { loseAttemptsOf } from '../jobs/lose-attempt.ts'
import { matchQueued } from '../jobs/match-queued.ts'
import type { EngineRow } from '../rows.ts'
import { lockRuntimes } from './runtime-store.ts'

/**
 * A runtime says that it is there. At the first discovery of its name its initial tags apply; later people own them. A known name
 * takes that record over: the earlier session is outdated, and the jobs that ran under it wait again at once.
 */
export async function registerRuntime(work: Work, wish: z.output<typeof RegisterInput>): Promise<RegisteredBody> {
  await lockRuntimes(work.tx)
  const known = await work.tx
    .selectFrom('model_manage.engine')
    .selectAll()
    .where('name', '=', wish.name)
    .forUpdate()
    .executeTakeFirst()
  const engine = known === undefined ? await insertEngine(work, wish) : await takeOver(work, known, wish)
  await matchQueued(work, engine.id, `runtime '${engine.name}' registered`)
  const { heartbeatMs, leaseMs } = work.ctx.settings
  return { id: engine.id, name: engine.name, tags: engine.tags, session: engine.session, heartbeatMs, leaseMs }
}

function insertEngine(work: Work, wish: z.output<typeof RegisterInput>): Promise<EngineRow> {
  const tags = [...wish.initialTags, ...(wish.stage ? [wish.stage] : [])].map(parseTag)
  return work.tx
    .insertInto('model_manage.engine')
    .values({
      ...ownedColumns(randomUUID(), work.now, systemName, wish.group),
      name: wish.name,
      engine_type: wish.engineType,
      state: 'INIT',
      tags: [...new Set(tags)],
      slots: wish.slots,
      session: 1,
      ...beatColumns(work),
      document: storableJson({
        ...saidByRuntime(wish),
        stage: wish.stage ?? null,
        inputEndpoints: [],
        outputEndpoints: [],
        inProduction: false,
        manifoldInfo: {
          streams: [],
          jets: [],
          state: 'init',
          group: wish.group ?? null,
          initialTags: wish.initialTags,
        },
      }),
    })
    .returningAll()
    .executeTakeFirstOrThrow()
}

async function takeOver(work: Work, known: EngineRow, wish: z.output<typeof RegisterInput>): Promise<EngineRow> {
  await loseAttemptsOf(work, known.id, `runtime '${known.name}' was started anew`, 'lost')
  return work.tx
    .updateTable('model_manage.engine')
    .set({
      session: sql`session + 1`,
      version: sql`version + 1`,
      modified_at: work.now,
      modified_by: systemName,
      engine_type: wish.engineType,
      slots: wish.slots,
      state: 'INIT',
      ...beatColumns(work),
      document: storableJson({ ...known.document, ...saidByRuntime(wish) }),
    })
    .where('id', '=', known.id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

function saidByRuntime(wish: z.output<typeof RegisterInput>) {
  return { release: wish.release ?? null, platform: wish.platform ?? {}, capabilities: wish.capabilities }
}

function beatColumns({ now, ctx }: Work) {
  return { beat_at: now, lease_until: new Date(now.getTime() + ctx.settings.leaseMs) }
}
