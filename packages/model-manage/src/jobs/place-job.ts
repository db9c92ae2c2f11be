import { isUuid, type NoMatchingRuntimeData } from '@rowhouse/contract'
import type { Work } from '../context.ts'
import { languageOf } from '../models/language.ts'
import { matchRuntime, noMatchingRuntime, noMatchText, type RuntimeWish, wishText } from '../runtimes/match.ts'
import { type EngineWithQueue, listEngines, toCandidate } from '../runtimes/runtime-store.ts'
import type { ChosenModel, JobWish } from './choose-model.ts'

/** The name of the runtime asked for; ids of other systems mean nothing here. */
export async function namedEngine(work: Work, { targetEngine }: JobWish): Promise<string | null> {
  if (targetEngine?.name) return targetEngine.name
  if (!isUuid(targetEngine?.id)) return null
  const row = await work.tx
    .selectFrom('model_manage.engine')
    .select('name')
    .where('id', '=', targetEngine.id)
    .executeTakeFirst()
  return row?.name ?? null
}

export function runtimeWishOf(chosen: ChosenModel, wish: JobWish, engineName: string | null): RuntimeWish {
  // who names a runtime for a model of his own has chosen; a deployed model's tags hold in any case
  const isFree = engineName !== null && chosen.deployment === null
  return {
    tags: isFree ? [] : chosen.tags,
    stage: isFree ? null : chosen.stage,
    language: languageOf(chosen.stored),
    engineType: engineName === null ? (wish.targetEngine?.engineType ?? null) : null,
    engineName,
    engineIds: chosen.engineIds,
  }
}

export interface Placed {
  wish: RuntimeWish
  /** null: it waits for the runtime it names. */
  engine: EngineWithQueue | null
  says: string
}

/** A runtime that matches now; a job that names its runtime may wait for it, any other is refused when nobody matches. */
export async function placeJob(work: Work, wish: RuntimeWish): Promise<Placed> {
  const engines = await listEngines(work.tx)
  const match = matchRuntime(
    wish,
    engines.map((row) => ({ ...toCandidate(row, work.now), row })),
  )
  if (match.found) {
    const { row, waiting, running } = match.runtime
    const queue = waiting + running === 0 ? 'idle' : `${running} running, ${waiting} waiting before it`
    return { wish, engine: row, says: `runtime '${row.name}' matches ${wishText(wish)} (${queue})` }
  }
  if (!mayWait(wish, engines, match.data)) throw noMatchingRuntime(wish, match.data)
  return { wish, engine: null, says: `waits for its runtime. ${noMatchText(wish, match.data)}` }
}

function mayWait(wish: RuntimeWish, engines: readonly EngineWithQueue[], data: NoMatchingRuntimeData): boolean {
  if (wish.engineName === null) return false
  const isKnown = engines.some((engine) => engine.name === wish.engineName)
  const named = data.seen.find((each) => each.name === wish.engineName)
  const lacksTags = named?.predicates.some(
    (each) => !each.passed && (each.predicate === 'stage' || each.predicate === 'serviceTag'),
  )
  return !isKnown || !lacksTags
}
