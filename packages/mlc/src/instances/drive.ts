/**
 * Drives due work of an instance. A step runs in one transaction under the instance's lock. A built-in delegate never runs inside:
 * it is called first, with the work's key (so a repeated call is the same effect), and its result is fed into the step, if the
 * work's lock is still ours. Work that a step makes and that is due at once is taken over with the step's commit, so a
 * chain of delegates pays one transaction each and no search.
 */
import {
  type Aggregate,
  type DelegateCall,
  type DelegateResult,
  type DueWorkRow,
  isErrorCaught,
  type ProcessGraph,
  step,
} from '@rowhouse/bpmn'
import { AppError, BpmnError, Bug } from '@rowhouse/contract'
import { isDatabaseAway } from '@rowhouse/postgres'
import { sql } from 'kysely'
import type { MlcContext } from '../context.ts'
import { runDelegate } from '../delegates/run-delegate.ts'
import { delegateOf } from '../delegates/table.ts'
import { deliverKeptMessages } from '../message/kept-messages.ts'
import { loadAggregates } from './aggregate-store.ts'
import { insertCancelErrands } from './errands.ts'
import { failureOf } from './failure.ts'
import { inUnit, type Unit, type WorkLock } from './unit.ts'

export interface TakenWork {
  workId: string
  instanceId: string
  definitionId: string
  activityId: string
  kind: string
  createdAt: Date
  /** Who holds the lock of the work. */
  owner: string
  /** The instance as the step that made this work left it; else it is read. */
  aggregate?: Aggregate
}

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
/** So long after a piece of work was made, a neighbour that is away costs it no retry. */
const awayMsMax = 10 * 60_000

/** Runs it; a failure is thrown, nothing of it is stored. Answers the work it went on to take, if any. */
export async function driveWork(
  ctx: MlcContext,
  work: TakenWork,
  options: DriveOptions,
): Promise<TakenWork | undefined> {
  const pending = await findDelegateCall(ctx, work)
  if (pending === null) return undefined
  const result = pending === undefined ? undefined : await callDelegate(ctx, pending, options)
  return stepWork(ctx, work, options, result)
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

/** Not the diagram's fault: another transaction was faster, the database or, for a while, the neighbour is away. Costs no retry. */
function isPassing(error: unknown, ageMs: number): boolean {
  if (error instanceof AppError && error.code === 'StaleRevision') return true
  if (error instanceof AppError && error.kind === 'Unavailable') return ageMs < awayMsMax
  const code = (error as { code?: unknown } | null)?.code
  return isDatabaseAway(error) || code === '40P01' || code === '40001'
}

/** The code under which diagrams of the field catch that a delegate's wish was refused. */
const refusalCode = 'FAILURE'

/** The answer would be the same again; as against: no answer, or a mistake in the diagram. */
function isRefusal(error: unknown): boolean {
  return error instanceof AppError && (error.kind === 'Unmet' || error.kind === 'Conflict' || error.kind === 'NotFound')
}

interface PendingCall {
  graph: ProcessGraph
  call: DelegateCall
  aggregate: Aggregate
}

/** undefined: the work calls no delegate; null: the work is gone. */
async function findDelegateCall(ctx: MlcContext, work: TakenWork): Promise<PendingCall | undefined | null> {
  const graph = await ctx.graphs.get(ctx.database.kysely, work.definitionId)
  const node = graph.nodes.get(work.activityId)
  if (work.kind !== 'async-before' || node === undefined || delegateOf(node) === undefined) return undefined
  const read = async () =>
    (await loadAggregates(ctx.database.kysely, [work.instanceId], ctx.vault)).get(work.instanceId)?.aggregate
  const aggregate = work.aggregate ?? (await read())
  if (aggregate === undefined || !aggregate.dueWork.some((row) => row.id === work.workId)) return null
  const env = { now: ctx.now(), newId: ctx.newId, activitiesMax: 1 }
  const { delegateCall } = step(graph, aggregate, { type: 'run-work', workId: work.workId }, env)
  if (delegateCall === null) throw new Bug(`the work of the delegate at '${work.activityId}' called none`)
  return { graph, call: delegateCall, aggregate }
}

async function callDelegate(
  ctx: MlcContext,
  { graph, call, aggregate }: PendingCall,
  options: DriveOptions,
): Promise<DelegateResult> {
  try {
    const outputs = await runDelegate(ctx, call, aggregate.instance, options.signal)
    return { kind: 'done', outputs }
  } catch (error) {
    if (error instanceof BpmnError) return { kind: 'bpmn-error', errorCode: error.errorCode, message: error.message }
    if (!isRefusal(error) || !isErrorCaught(graph, call.activityId, refusalCode)) throw error
    return { kind: 'bpmn-error', errorCode: refusalCode, message: failureOf(error).message }
  }
}

async function stepWork(
  ctx: MlcContext,
  work: TakenWork,
  options: DriveOptions,
  delegateResult: DelegateResult | undefined,
): Promise<TakenWork | undefined> {
  const { result, awaited } = await inUnit(ctx, async (unit) => {
    if (!(await isStillOurs(unit, work))) {
      if (delegateResult !== undefined) await undoEffect(ctx, unit, work)
      return undefined
    }
    const event = { type: 'run-work' as const, workId: work.workId }
    const done = unit.apply(work.instanceId, delegateResult === undefined ? event : { ...event, delegateResult })
    if (done.delegateCall !== null)
      throw new Bug(`the delegate at '${done.delegateCall.activityId}' was reached in a transaction`)
    if (options.lockMs === undefined || done.aggregate.instance.state !== 'ACTIVE') return undefined
    const lock = { lockOwner: work.owner, lockExpiresAt: new Date(unit.env.now.getTime() + options.lockMs) }
    return takeOver(unit, work, done.aggregate, lock)
  })
  await deliverKeptMessages(ctx, awaited)
  return result
}

function takeOver(unit: Unit, work: TakenWork, aggregate: Aggregate, lock: WorkLock): TakenWork | undefined {
  const isNext = (row: DueWorkRow) =>
    row.dueAt === null && row.retries > 0 && !row.isSuspended && row.createdAt === unit.env.now
  const next = aggregate.dueWork.find(isNext)
  if (next === undefined) return undefined
  unit.claim(work.instanceId, next.id, lock)
  const { instanceId, definitionId, owner } = work
  const { id: workId, activityId, kind, createdAt } = next
  return { workId, instanceId, definitionId, activityId, kind, createdAt, owner, aggregate }
}

async function isStillOurs(unit: Unit, work: TakenWork): Promise<boolean> {
  await unit.load([work.instanceId])
  const aggregate = unit.get(work.instanceId)
  if (aggregate === undefined || !aggregate.dueWork.some((row) => row.id === work.workId)) return false
  return unit.lockOwner(work.instanceId, work.workId) === work.owner
}

/** The instance was deleted while the delegate ran: what it made has nobody left to wait for it. */
async function undoEffect(ctx: MlcContext, unit: Unit, work: TakenWork): Promise<void> {
  const instance = unit.get(work.instanceId)?.instance
  if (instance !== undefined && instance.endedAt === null) return
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
