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
import type { MlcContext, Tx, WakeKind } from '../context.ts'
import { flushAggregates, loadAggregates } from './aggregate-store.ts'

/** A subscription made in the unit that waits for a message with a key: such a message may be kept already. */
export interface AwaitedMessage {
  name: string
  correlationKey: string
}

export interface Unit {
  tx: Tx
  env: StepEnv
  /** Loads and locks; ids that do not exist are left out. */
  load(ids: readonly string[]): Promise<void>
  get(instanceId: string): Aggregate | undefined
  lockOwner(instanceId: string, workId: string): string | undefined
  graph(instanceId: string): ProcessGraph
  apply(instanceId: string, event: StepEvent): StepResult
  start(graph: ProcessGraph, request: StartRequest): StepResult
  /** Due work made in this unit is stored as taken: whoever made it goes on with it. */
  claim(instanceId: string, workId: string, lock: WorkLock): void
  flush(): Promise<void>
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
const activitiesMax = 1000

/** Runs a command in one transaction; wake-ups follow the commit. */
export async function inUnit<T>(
  ctx: MlcContext,
  work: (unit: Unit) => Promise<T>,
): Promise<{ result: T; awaited: AwaitedMessage[] }> {
  const woken = new Set<WakeKind>()
  const awaited: AwaitedMessage[] = []
  const result = await ctx.database.transaction(async (tx) => {
    const unit = makeUnit(ctx, tx, woken, awaited)
    const value = await work(unit)
    await unit.flush()
    return value
  })
  for (const kind of woken) ctx.wake(kind)
  return { result, awaited }
}

function makeUnit(ctx: MlcContext, tx: Tx, woken: Set<WakeKind>, awaited: AwaitedMessage[]): Unit {
  const members = new Map<string, Member>()
  const env: StepEnv = { now: ctx.now(), newId: ctx.newId, activitiesMax }

  function member(instanceId: string): Member {
    const found = members.get(instanceId)
    if (found === undefined) throw new Bug(`instance ${instanceId} was not loaded`)
    return found
  }

  function keep(target: Member, result: StepResult): StepResult {
    if (result.delegateCall !== null) return result
    target.aggregate = result.aggregate
    target.changes = target.changes === null ? result.changes : mergeChanges(target.changes, result.changes)
    target.history.push(...result.history)
    return result
  }

  return {
    tx,
    env,
    async load(ids) {
      const missing = [...new Set(ids)].filter((id) => !members.has(id))
      const loaded = await loadAggregates(tx, missing)
      for (const [id, { aggregate, lockOwners }] of loaded) {
        const graph = await ctx.graphs.get(tx, aggregate.instance.definitionId)
        const loadedRevision = aggregate.instance.revision
        members.set(id, { graph, aggregate, changes: null, history: [], loadedRevision, lockOwners })
      }
    },
    get: (instanceId) => members.get(instanceId)?.aggregate,
    lockOwner: (instanceId, workId) => members.get(instanceId)?.lockOwners.get(workId),
    graph: (instanceId) => member(instanceId).graph,
    apply(instanceId, event) {
      const target = member(instanceId)
      return keep(target, step(target.graph, target.aggregate, event, env))
    },
    start(graph, request) {
      const result = startInstance(graph, request, env)
      const made: Member = {
        graph,
        aggregate: result.aggregate,
        changes: null,
        history: [],
        loadedRevision: null,
        lockOwners: new Map(),
      }
      members.set(request.instanceId, made)
      return keep(made, result)
    },
    claim(instanceId, workId, lock) {
      const { changes } = member(instanceId)
      if (changes === null) throw new Bug(`work ${workId} was not made in this unit`)
      changes.dueWork.upserts = changes.dueWork.upserts.map((row) => (row.id === workId ? { ...row, ...lock } : row))
    },
    async flush() {
      const inputs = []
      for (const { changes, history, loadedRevision } of members.values()) {
        if (changes === null) continue
        inputs.push({ changes, history, loadedRevision })
        noteWakeUps(changes, env.now, woken, awaited)
      }
      const wake = [...woken].map((kind) => `${kind} ${ctx.serverId}`)
      await flushAggregates(tx, inputs, wake)
      for (const target of members.values()) {
        target.loadedRevision = target.aggregate.instance.revision
        target.changes = null
        target.history = []
      }
    },
  }
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
