/**
 * Drives due work of an instance. A step runs in one transaction under the instance's lock. A built-in delegate never runs inside:
 * it is called first, with the work's key (so a repeated call is the same effect), and its result is fed into the step, if the
 * work's lock is still ours. Work that a step makes and that is due at once is taken over with the step's commit, so a chain of
 * delegates needs no search. Delegates that only read come several to a transaction: the steps up to the next effect are tried in
 * memory, each finding the next delegate to ask, and are then made for good with the answers.
 */
import type { Aggregate } from '@rowhouse/bpmn'
import { Bug } from '@rowhouse/contract'
import { sql } from 'kysely'
import type { MlcContext, TakenWork } from '../context.ts'
import { deliverKeptMessages } from '../message/kept-messages.ts'
import { type LoadedAggregate, loadAggregates } from './aggregate-store.ts'
import { insertCancelErrands } from './errands.ts'
import { failureOf, isPassing } from './failure.ts'
import {
  callsDelegate,
  hasReads,
  nextWork,
  runWork,
  stepWithoutCall,
  type TriedSteps,
  trySteps,
  type Work,
} from './try-steps.ts'
import { type AwaitedMessage, inUnit, type Unit } from './unit.ts'

export interface DriveOptions {
  signal: AbortSignal
  /** Until when a step's own next work is taken over; undefined: it is left to the loop. */
  lockMs?: number
  /** Ids of the work in hand now: their locks are renewed, no others. */
  held?: Set<string>
}

/** So that a diagram that goes round for ever lets others run between. */
const chainMax = 50
const afterTroubleMs = 500

/** Runs it; a failure is thrown, nothing of it is stored. Answers the work it went on to take, if any. */
export async function driveWork(
  ctx: MlcContext,
  work: TakenWork,
  options: DriveOptions,
): Promise<TakenWork | undefined> {
  const graph = await ctx.graphs.get(ctx.database.kysely, work.definitionId)
  const goOn = options.lockMs !== undefined && hasReads(graph)
  if (!goOn && !callsDelegate(graph, work)) return goOnFrom(ctx, makeSteps(ctx, work, options, stepWithoutCall(work)))
  const read = work.aggregate === undefined ? await readInstance(ctx, work) : undefined
  const aggregate = work.aggregate ?? read?.aggregate
  if (aggregate === undefined || !aggregate.dueWork.some((row) => row.id === work.workId)) return undefined
  // what is asked ahead is thrown away where work may be held
  const tryOptions = { signal: options.signal, goOn: goOn && read?.isWorkHeld !== true }
  const tried = await trySteps(ctx, graph, { aggregate, work }, tryOptions)
  const made = makeSteps(ctx, work, options, tried).catch((error: unknown) => {
    if (tried.steps.length === 1 || isPassing(error, 0)) throw error
    // Which of them cannot be made is told by a turn of its own.
    return makeSteps(ctx, work, options, { ...tried, steps: tried.steps.slice(0, 1) })
  })
  return goOnFrom(ctx, made)
}

/** As {@link driveWork}, on and on; a failure is counted: a retry less, on the last one an incident. */
export async function driveChain(ctx: MlcContext, first: TakenWork, options: DriveOptions): Promise<void> {
  let work: TakenWork | undefined = first
  for (let length = 1; work !== undefined; length++) {
    const current: TakenWork = work
    options.held?.add(current.workId)
    try {
      const { lockMs: _lockMs, ...once } = options
      work = await driveWork(ctx, current, length < chainMax ? options : once)
    } catch (error) {
      return await endInTrouble(ctx, current, options, error)
    } finally {
      options.held?.delete(current.workId)
    }
  }
}

/** Counted where the diagram is at fault; else, or when it cannot be counted now, given back and told to the caller. */
async function endInTrouble(ctx: MlcContext, work: TakenWork, options: DriveOptions, error: unknown): Promise<void> {
  try {
    if (options.signal.aborted || isPassing(error, ctx.now().getTime() - work.createdAt.getTime())) throw error
    await countFailure(ctx, work, error)
  } catch (trouble) {
    await releaseWork(ctx, work)
    throw trouble
  }
}

/** Given back unharmed, with a pause so that a passing trouble is not hammered. */
export async function releaseWork(ctx: MlcContext, work: Pick<TakenWork, 'workId' | 'owner'>): Promise<void> {
  const again = new Date(ctx.now().getTime() + afterTroubleMs)
  await sql`
    update mlc.due_work set lock_owner = null, lock_expires_at = null, due_at = greatest(due_at, ${again})
    where id = ${work.workId} and lock_owner = ${work.owner}`
    .execute(ctx.database.kysely)
    .catch((error: unknown) => ctx.log.warn({ err: error, ...work }, 'the lock of due work stays until it expires'))
}

async function readInstance(ctx: MlcContext, { instanceId }: TakenWork): Promise<LoadedAggregate | undefined> {
  return (await loadAggregates(ctx.database.kysely, [instanceId], ctx.vault)).get(instanceId)
}

interface MadeSteps {
  /** Work that was taken over. */
  result: TakenWork | undefined
  awaited: AwaitedMessage[]
}

async function makeSteps(
  ctx: MlcContext,
  work: TakenWork,
  options: DriveOptions,
  { steps, revision }: TriedSteps,
): Promise<MadeSteps> {
  const { instanceId, definitionId, owner } = work
  return inUnit(ctx, async (unit) => {
    if (!(await isStillOurs(unit, work))) {
      if (steps.some(({ result }) => result !== undefined)) await undoEffect(ctx, unit, work)
      return undefined
    }
    const isAsTried = unit.get(instanceId)?.instance.revision === revision && !unit.isWorkHeld
    let next: Work = work
    let current: Aggregate | undefined
    for (const { activityId, result } of isAsTried ? steps : steps.slice(0, 1)) {
      // a way that hangs on the time may lead elsewhere than when it was tried
      if (next.activityId !== activityId) break
      const { delegateCall, aggregate } = unit.apply(instanceId, runWork(next.workId, result))
      if (delegateCall !== null)
        throw new Bug(`the delegate at '${delegateCall.activityId}' was reached in a transaction`)
      const made =
        unit.isWorkHeld || aggregate.instance.state !== 'ACTIVE' ? undefined : nextWork(aggregate, unit.env.now)
      if (made === undefined) return undefined
      next = made
      current = aggregate
    }
    if (options.lockMs === undefined) return undefined
    const { now } = unit.env
    unit.claim(instanceId, next.workId, { lockOwner: owner, lockExpiresAt: new Date(now.getTime() + options.lockMs) })
    const { activityId, kind, workId } = next
    return { workId, activityId, kind, instanceId, definitionId, owner, createdAt: now, aggregate: current }
  })
}

async function goOnFrom(ctx: MlcContext, made: Promise<MadeSteps>): Promise<TakenWork | undefined> {
  const { result, awaited } = await made
  await deliverKeptMessages(ctx, awaited)
  return result
}

async function isStillOurs(unit: Unit, work: TakenWork): Promise<boolean> {
  await unit.load([work.instanceId])
  const aggregate = unit.get(work.instanceId)
  if (aggregate === undefined || !aggregate.dueWork.some((row) => row.id === work.workId)) return false
  return unit.lockOwner(work.instanceId, work.workId) === work.owner
}

/**
 * The instance was deleted while the delegate ran: what it made has nobody left to wait for it. Not so where another hand did the same
 * work meanwhile (it was suspended and activated): that is the same effect, and wanted.
 */
async function undoEffect(ctx: MlcContext, unit: Unit, work: TakenWork): Promise<void> {
  const instance = unit.get(work.instanceId)?.instance
  if (instance !== undefined && instance.endedAt === null) return
  const { rows } = await sql`
    select 1 from mlc.history_work_log
    where instance_id = ${work.instanceId} and work_id = ${work.workId} and event = 'succeeded'`.execute(unit.tx)
  if (rows.length > 0) return
  await insertCancelErrands(ctx, unit.tx, [work.instanceId])
}

async function countFailure(ctx: MlcContext, work: TakenWork, error: unknown): Promise<void> {
  const failure = failureOf(error)
  ctx.log.warn({ err: error, processInstanceId: work.instanceId, workId: work.workId }, 'due work failed')
  await inUnit(ctx, async (unit) => {
    if (!(await isStillOurs(unit, work))) return
    unit.apply(work.instanceId, { type: 'work-failed', workId: work.workId, ...failure })
  })
}
