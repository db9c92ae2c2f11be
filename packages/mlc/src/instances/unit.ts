/**
 * The unit of work of a command: instances are loaded (and locked) once, stepped any number of times in memory, and flushed in
 * one statement. Whoever needs several instances loads them in one call, so that their locks are taken in id order.
 */
import {
  type Aggregate,
  type Changes,
  type DueWorkRow,
  type HistoryEvent,
  type ProcessGraph,
  type RowChanges,
  type StartRequest,
  type StepEnv,
  type StepEvent,
  type StepResult,
  startInstance,
  step,
} from '@rowhouse/bpmn'
import { Bug } from '@rowhouse/contract'
import type { MlcContext, TakenWork, Tx, WakeKind } from '../context.ts'
import { flushAggregates, loadAggregates } from './aggregate-store.ts'
import { sealInput } from './row-sql.ts'

/** A subscription made in the unit that waits for a message with a key: such a message may be kept already. */
export interface AwaitedMessage {
  name: string
  correlationKey: string
}

export interface WorkLock {
  lockOwner: string
  lockExpiresAt: Date
}

interface Member {
  graph: ProcessGraph
  aggregate: Aggregate
  changes: Changes | null
  history: HistoryEvent[]
  loadedRevision: number | null
  lockOwners: ReadonlyMap<string, string>
}

/** Elements executed in one step before the engine goes on by due work: no diagram may hold a transaction for ever. */
export const activitiesMax = 1000

/** Runs a command in one transaction; after the commit the first work of started instances is begun, and others are woken for the rest. */
export async function inUnit<T>(
  ctx: MlcContext,
  work: (unit: Unit) => Promise<T>,
): Promise<{ result: T; awaited: AwaitedMessage[] }> {
  let begun: Unit | undefined
  try {
    const { result, unit } = await ctx.database.transaction(async (tx) => {
      const made = new Unit(ctx, tx)
      begun = made
      const value = await work(made)
      await made.flush()
      return { result: value, unit: made }
    })
    for (const kind of unit.woken) ctx.wake(kind)
    for (const taken of unit.taken.splice(0)) ctx.hands.give(taken)
    return { result, awaited: unit.awaited }
  } finally {
    for (const _ of begun?.taken ?? []) ctx.hands.free()
  }
}

export class Unit {
  readonly tx: Tx
  readonly env: StepEnv
  readonly #ctx: MlcContext
  readonly #members = new Map<string, Member>()
  /** Who is to be woken by the commit, and for whom a message may be kept. */
  readonly woken = new Set<WakeKind>()
  readonly awaited: AwaitedMessage[] = []
  /** Work of instances started here that this process goes on with. */
  readonly taken: TakenWork[] = []
  /** Work made here may be held by a suspended job definition: nobody may go on with it unseen. */
  isWorkHeld = false

  constructor(ctx: MlcContext, tx: Tx) {
    this.tx = tx
    this.env = { now: ctx.now(), newId: ctx.newId, activitiesMax }
    this.#ctx = ctx
  }

  /** Loads and locks; ids that do not exist are left out. */
  async load(ids: readonly string[]): Promise<void> {
    const missing = [...new Set(ids)].filter((id) => !this.#members.has(id))
    for (const [id, loaded] of await loadAggregates(this.tx, missing, this.#ctx.vault)) {
      const { aggregate, lockOwners, isWorkHeld } = loaded
      this.isWorkHeld ||= isWorkHeld
      const graph = await this.#ctx.graphs.get(this.tx, aggregate.instance.definitionId)
      const loadedRevision = aggregate.instance.revision
      this.#members.set(id, { graph, aggregate, changes: null, history: [], loadedRevision, lockOwners })
    }
  }

  get(instanceId: string): Aggregate | undefined {
    return this.#members.get(instanceId)?.aggregate
  }

  lockOwner(instanceId: string, workId: string): string | undefined {
    return this.#members.get(instanceId)?.lockOwners.get(workId)
  }

  graph(instanceId: string): ProcessGraph {
    return this.#member(instanceId).graph
  }

  apply(instanceId: string, event: StepEvent): StepResult {
    const target = this.#member(instanceId)
    return keep(target, step(target.graph, target.aggregate, event, this.env))
  }

  start(graph: ProcessGraph, request: StartRequest): StepResult {
    const result = startInstance(graph, request, this.env)
    const { aggregate } = result
    const made: Member = { graph, aggregate, changes: null, history: [], loadedRevision: null, lockOwners: new Map() }
    this.#members.set(request.instanceId, made)
    return keep(made, result)
  }

  /** Due work made in this unit is stored as taken: whoever made it goes on with it. */
  claim(instanceId: string, workId: string, lock: WorkLock): void {
    const { changes } = this.#member(instanceId)
    if (changes === null) throw new Bug(`work ${workId} was not made in this unit`)
    changes.dueWork.upserts = changes.dueWork.upserts.map((row) => (row.id === workId ? { ...row, ...lock } : row))
  }

  /** The end of the unit: what it changed is written. */
  async flush(): Promise<void> {
    const inputs = []
    for (const [instanceId, { loadedRevision }] of this.#members) if (loadedRevision === null) this.#take(instanceId)
    for (const { changes, history, loadedRevision } of this.#members.values()) {
      if (changes === null) continue
      inputs.push(sealInput({ changes, history, loadedRevision }, this.#ctx.vault))
      noteWakeUps(changes, this.env.now, this.woken, this.awaited)
    }
    const wake = [...this.woken].map((kind) => `${kind} ${this.#ctx.serverId}`)
    const held = await flushAggregates(this.tx, inputs, wake)
    this.#letGo(held)
  }

  /** The search for it, and its reading, are saved. */
  #take(instanceId: string): void {
    const { aggregate, changes } = this.#member(instanceId)
    const due = aggregate.dueWork.filter((row) => row.dueAt === null && row.retries > 0 && !row.isSuspended)
    const [row] = due
    if (row === undefined || due.length > 1 || changes === null || aggregate.instance.state !== 'ACTIVE') return
    const lockExpiresAt = this.#ctx.hands.reserve()
    if (lockExpiresAt === undefined) return
    const { id: workId, activityId, kind, createdAt } = row
    const { definitionId } = aggregate.instance
    const owner = this.#ctx.serverId
    this.claim(instanceId, workId, { lockOwner: owner, lockExpiresAt })
    this.taken.push({ workId, instanceId, definitionId, activityId, kind, createdAt, owner, aggregate })
  }

  /** Where a job definition is suspended, what is not held is read anew: whoever goes on with it must see that. */
  #letGo(held: ReadonlySet<string> | null): void {
    if (held === null) return
    for (const taken of this.taken.splice(0)) {
      if (held.has(taken.workId)) this.#ctx.hands.free()
      else this.taken.push({ ...taken, aggregate: undefined })
    }
  }

  #member(instanceId: string): Member {
    const found = this.#members.get(instanceId)
    if (found === undefined) throw new Bug(`instance ${instanceId} was not loaded`)
    return found
  }
}

function keep(target: Member, result: StepResult): StepResult {
  if (result.delegateCall !== null) return result
  target.aggregate = result.aggregate
  target.changes = target.changes === null ? result.changes : mergeChanges(target.changes, result.changes)
  target.history.push(...result.history)
  return result
}

function noteWakeUps(changes: Changes, now: Date, woken: Set<WakeKind>, awaited: AwaitedMessage[]): void {
  // A timer due soon must shorten the loop's sleep; a far one is found by the slow poll in time.
  const isSoon = (work: DueWorkRow) => work.dueAt === null || work.dueAt.getTime() - now.getTime() < 60_000
  const isForTheLoop = (work: DueWorkRow) =>
    work.retries > 0 && !work.isSuspended && !('lockOwner' in work) && isSoon(work)
  if (changes.dueWork.upserts.some(isForTheLoop)) woken.add('due-work')
  if (changes.externalTasks.upserts.length > 0) woken.add('external-task')
  for (const { eventType, eventName, correlationKey } of changes.subscriptions.upserts) {
    if (eventType === 'message' && correlationKey !== null) awaited.push({ name: eventName, correlationKey })
  }
}

type PartName = Exclude<keyof Changes, 'instance'>

function mergeChanges(before: Changes, after: Changes): Changes {
  const part = <Name extends PartName>(name: Name): Changes[Name] =>
    mergeRows<{ id: string }>(before[name], after[name]) as Changes[Name]
  return {
    instance: after.instance,
    executions: part('executions'),
    variables: part('variables'),
    subscriptions: part('subscriptions'),
    dueWork: part('dueWork'),
    externalTasks: part('externalTasks'),
    userTasks: part('userTasks'),
    incidents: part('incidents'),
  }
}

function mergeRows<Row extends { id: string }>(before: RowChanges<Row>, after: RowChanges<Row>): RowChanges<Row> {
  const upserts = new Map(before.upserts.map((row) => [row.id, row]))
  const deletes = new Set(before.deletes)
  for (const id of after.deletes) {
    upserts.delete(id)
    deletes.add(id)
  }
  for (const row of after.upserts) {
    upserts.set(row.id, row)
    deletes.delete(row.id)
  }
  return { upserts: [...upserts.values()], deletes: [...deletes] }
}
