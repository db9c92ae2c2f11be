/**
 * Drives one piece of due work of an instance. A step runs in one transaction under the instance's lock. A built-in delegate never
 * runs inside: the step answers with a call, the transaction ends, the delegate runs with the call's key (so a repeated call
 * is the same effect), and its result is fed back in a second transaction, if the work's lock is still ours.
 */
import type { DelegateCall, DelegateResult, InstanceRow } from '@rowhouse/bpmn'
import { AppError, BpmnError } from '@rowhouse/contract'
import { isDatabaseAway } from '@rowhouse/postgres'
import type { MlcContext } from '../context.ts'
import { runDelegate } from '../delegates/run-delegate.ts'
import { deliverKeptMessages } from '../message/kept-messages.ts'
import { insertCancelErrands } from './errands.ts'
import { failureOf } from './failure.ts'
import { inUnit, type Unit } from './unit.ts'

export interface TakenWork {
  workId: string
  instanceId: string
  /** Who holds the lock of the work. */
  owner: string
}

export interface DriveOptions {
  signal: AbortSignal
}

interface PendingCall {
  call: DelegateCall
  instance: InstanceRow
}

/** Runs it; a failure is thrown, nothing of it is stored. */
export async function driveWork(ctx: MlcContext, work: TakenWork, options: DriveOptions): Promise<void> {
  const first = await stepWork(ctx, work)
  if (first === undefined) return
  const result = await callDelegate(ctx, first, options)
  await stepWork(ctx, work, result)
}

/** As {@link driveWork}, but a failure is counted: a retry less, on the last one an incident. */
export async function driveWorkCounting(ctx: MlcContext, work: TakenWork, options: DriveOptions): Promise<void> {
  try {
    await driveWork(ctx, work, options)
  } catch (error) {
    if (options.signal.aborted || isPassing(error)) throw error
    await countFailure(ctx, work, error)
  }
}

/** Not the diagram's fault: another transaction was faster, or the database is away. Never costs a retry. */
function isPassing(error: unknown): boolean {
  if (error instanceof AppError && error.code === 'StaleRevision') return true
  const code = (error as { code?: unknown } | null)?.code
  return isDatabaseAway(error) || code === '40P01' || code === '40001'
}

async function stepWork(
  ctx: MlcContext,
  work: TakenWork,
  delegateResult?: DelegateResult,
): Promise<PendingCall | undefined> {
  const { result, awaited } = await inUnit(ctx, async (unit) => {
    if (!(await isStillOurs(unit, work))) {
      if (delegateResult !== undefined) await undoEffect(ctx, unit, work)
      return undefined
    }
    const event = { type: 'run-work' as const, workId: work.workId }
    const step = unit.apply(work.instanceId, delegateResult === undefined ? event : { ...event, delegateResult })
    return step.delegateCall === null ? undefined : { call: step.delegateCall, instance: step.aggregate.instance }
  })
  await deliverKeptMessages(ctx, awaited)
  return result
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

async function callDelegate(ctx: MlcContext, pending: PendingCall, options: DriveOptions): Promise<DelegateResult> {
  try {
    const outputs = await runDelegate(ctx, pending.call, pending.instance, options.signal)
    return { kind: 'done', outputs }
  } catch (error) {
    if (error instanceof BpmnError) return { kind: 'bpmn-error', errorCode: error.errorCode, message: error.message }
    throw error
  }
}

async function countFailure(ctx: MlcContext, work: TakenWork, error: unknown): Promise<void> {
  const failure = failureOf(error)
  ctx.log.warn(
    { err: error, processInstanceId: work.instanceId, workId: work.workId },
    `due work failed: ${failure.message}`,
  )
  await inUnit(ctx, async (unit) => {
    if (!(await isStillOurs(unit, work))) return
    unit.apply(work.instanceId, { type: 'work-failed', workId: work.workId, ...failure })
  })
}
