/**
 * The steps from a piece of due work to the next effect, tried in memory: each finds the delegate to call, and with its answer the next
 * one, as long as that only reads. The transaction that makes them for good is `drive.ts`.
 */
import {
  type Aggregate,
  type DelegateCall,
  type DelegateResult,
  type DueWorkRow,
  isErrorCaught,
  type ProcessGraph,
  type StepEnv,
  type StepEvent,
  step,
} from '@rowhouse/bpmn'
import { AppError, BpmnError, Bug } from '@rowhouse/contract'
import type { MlcContext, TakenWork } from '../context.ts'
import { runDelegate } from '../delegates/run-delegate.ts'
import { delegateOf, findDelegate } from '../delegates/table.ts'
import { failureOf } from './failure.ts'
import { activitiesMax } from './unit.ts'

/** Steps to one transaction. */
const stepsMax = 10

/** What the delegate of the step answered; undefined: it calls none. */
export interface TriedStep {
  activityId: string
  result: DelegateResult | undefined
}

/** All but the first hold for this revision of the instance. */
export interface TriedSteps {
  steps: TriedStep[]
  revision: number | null
}

export function stepWithoutCall({ activityId }: Work): TriedSteps {
  return { steps: [{ activityId, result: undefined }], revision: null }
}

export type Work = Pick<TakenWork, 'workId' | 'activityId' | 'kind'>

/** Where the engine stands: `work` is due in `aggregate`. */
interface Place {
  aggregate: Aggregate
  work: Work
}

interface TryOptions {
  signal: AbortSignal
  /** false: the first step only. */
  goOn: boolean
}

/** The steps from here to the next effect. What fails after the first one is left for a turn of its own, which says so. */
export async function trySteps(
  ctx: MlcContext,
  graph: ProcessGraph,
  from: Place,
  options: TryOptions,
): Promise<TriedSteps> {
  const env = { now: ctx.now(), newId: ctx.newId, activitiesMax }
  const steps: TriedStep[] = []
  let at: Place | undefined = from
  while (at !== undefined && steps.length < stepsMax) {
    try {
      const result = await callAt(ctx, graph, at, env, options)
      steps.push({ activityId: at.work.activityId, result })
      at = options.goOn ? nextRead(graph, at, result, env) : undefined
    } catch (error) {
      if (steps.length === 0) throw error
      break
    }
  }
  return { steps, revision: from.aggregate.instance.revision }
}

async function callAt(
  ctx: MlcContext,
  graph: ProcessGraph,
  { aggregate, work }: Place,
  env: StepEnv,
  options: TryOptions,
): Promise<DelegateResult | undefined> {
  const { delegateCall } = step(graph, aggregate, { type: 'run-work', workId: work.workId }, env)
  if (delegateCall !== null) return callDelegate(ctx, { graph, call: delegateCall, aggregate }, options)
  if (callsDelegate(graph, work)) throw new Bug(`the work of the delegate at '${work.activityId}' called none`)
  return undefined
}

/** Where the step leads to, if to a delegate that only reads. */
function nextRead(
  graph: ProcessGraph,
  { aggregate: before, work }: Place,
  delegateResult: DelegateResult | undefined,
  env: StepEnv,
): Place | undefined {
  const { aggregate } = step(graph, before, runWork(work.workId, delegateResult), env)
  const next = nextWork(aggregate, env.now)
  return next !== undefined && isRead(graph, next) ? { aggregate, work: next } : undefined
}

export function runWork(workId: string, delegateResult: DelegateResult | undefined): StepEvent {
  return { type: 'run-work', workId, ...(delegateResult === undefined ? {} : { delegateResult }) }
}

export function callsDelegate(graph: ProcessGraph, { activityId, kind }: Pick<Work, 'activityId' | 'kind'>): boolean {
  const node = graph.nodes.get(activityId)
  return kind === 'async-before' && node !== undefined && delegateOf(node) !== undefined
}

/** Its delegate only reads: called once more, or in vain, it does no harm. */
function isRead(graph: ProcessGraph, work: Pick<Work, 'activityId' | 'kind'>): boolean {
  const node = graph.nodes.get(work.activityId)
  const name = node === undefined ? undefined : delegateOf(node)
  return callsDelegate(graph, work) && name !== undefined && findDelegate(name)?.onlyReads === true
}

export function hasReads(graph: ProcessGraph): boolean {
  for (const { id } of graph.nodes.values()) if (isRead(graph, { activityId: id, kind: 'async-before' })) return true
  return false
}

/** Work that the steps of this moment made and that is due at once. */
export function nextWork(aggregate: Aggregate, madeAt: Date): Work | undefined {
  const isNext = (row: DueWorkRow) =>
    row.dueAt === null && row.retries > 0 && !row.isSuspended && row.createdAt === madeAt
  const row = aggregate.dueWork.find(isNext)
  return row && { workId: row.id, activityId: row.activityId, kind: row.kind }
}

async function callDelegate(
  ctx: MlcContext,
  { graph, call, aggregate }: { graph: ProcessGraph; call: DelegateCall; aggregate: Aggregate },
  options: TryOptions,
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

/** The code under which diagrams of the field catch that a delegate's wish was refused. */
const refusalCode = 'FAILURE'

/** The answer would be the same again; as against: no answer, or a mistake in the diagram. */
function isRefusal(error: unknown): boolean {
  return error instanceof AppError && (error.kind === 'Unmet' || error.kind === 'Conflict' || error.kind === 'NotFound')
}
