/** An instance in memory, driven by events: each step's changes are applied to its rows and compared with the aggregate it gives. */
import type { ProcessGraph } from '../src/graph.ts'
import { startInstance } from '../src/start.ts'
import type {
  Aggregate,
  DelegateResult,
  HistoryEvent,
  RowChanges,
  StartRequest,
  StepEnv,
  StepEvent,
  StepResult,
} from '../src/state.ts'
import { step } from '../src/step.ts'
import type { Json, TypedValue } from '../src/values.ts'

export function typed(value: Json): TypedValue {
  if (value === null) return { type: 'Null', value }
  if (typeof value === 'string') return { type: 'String', value }
  if (typeof value === 'boolean') return { type: 'Boolean', value }
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return { type: 'Double', value }
    return { type: value === (value | 0) ? 'Integer' : 'Long', value }
  }
  return { type: 'Object', value }
}
export const typedAll = (values: { [name: string]: Json }) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, typed(value)]))

export class Driver {
  readonly graph: ProcessGraph
  now = new Date('2026-01-01T00:00:00Z')
  readonly activitiesMax: number
  history: HistoryEvent[] = []
  aggregate: Aggregate
  last: StepResult
  #ids = 0

  constructor(
    graph: ProcessGraph,
    variables: { [name: string]: Json } = {},
    request: Partial<StartRequest> = {},
    activitiesMax = 1000,
  ) {
    this.activitiesMax = activitiesMax
    this.graph = graph
    const whole: StartRequest = {
      instanceId: 'i1',
      definitionId: 'p:1:d1',
      businessKey: null,
      tenantId: null,
      startUserId: null,
      variables: typedAll(variables),
      commitAtStart: false,
      ...request,
    }
    this.last = startInstance(graph, whole, this.env())
    this.aggregate = this.last.aggregate
    this.history = this.last.history
  }

  env(): StepEnv {
    return {
      now: this.now,
      activitiesMax: this.activitiesMax,
      newId: () => {
        this.#ids += 1
        return `id${this.#ids}`
      },
    }
  }

  send(event: StepEvent): StepResult {
    const before = structuredClone(this.aggregate)
    const result = step(this.graph, this.aggregate, event, this.env())
    if (JSON.stringify(before) !== JSON.stringify(this.aggregate)) throw new Error('the step changed its input')
    if (result.delegateCall === null) {
      const stored = applied(before, result)
      if (stored !== sorted(result.aggregate)) {
        throw new Error(`changes do not give the aggregate:\n${stored}\n${sorted(result.aggregate)}`)
      }
    }
    this.aggregate = result.aggregate
    this.history = this.history.concat(result.history)
    this.last = result
    return result
  }

  work(activityId: string) {
    return required(
      this.aggregate.dueWork.find((row) => row.activityId === activityId),
      `due work at ${activityId}`,
    )
  }

  runWork(activityId: string, delegateResult?: DelegateResult): StepResult {
    const { id: workId } = this.work(activityId)
    return this.send({ type: 'run-work', workId, ...(delegateResult === undefined ? {} : { delegateResult }) })
  }

  runDelegate(activityId: string, outputs: { [name: string]: Json } = {}): StepResult {
    return this.runWork(activityId, { kind: 'done', outputs: typedAll(outputs) })
  }

  complete(activityId: string, variables: { [name: string]: Json } = {}): StepResult {
    const task = required(
      this.aggregate.userTasks.find((row) => row.activityId === activityId),
      `task ${activityId}`,
    )
    return this.send({ type: 'task-completed', taskId: task.id, variables: typedAll(variables) })
  }

  deliver(eventName: string, variables: { [name: string]: Json } = {}): StepResult {
    const row = required(
      this.aggregate.subscriptions.find((each) => each.eventName === eventName),
      eventName,
    )
    return this.send({ type: 'deliver', subscriptionId: row.id, variables: typedAll(variables) })
  }

  externalId(activityId: string): string {
    return required(
      this.aggregate.externalTasks.find((row) => row.activityId === activityId),
      activityId,
    ).id
  }

  /** Where tokens are; `~` before those in front of or behind an element. */
  tokens(): string[] {
    return this.aggregate.executions
      .filter((row) => row.activityId !== null)
      .map((row) => `${row.activityInstanceId === null ? '~' : ''}${row.activityId}`)
      .sort()
  }

  variables(): { [name: string]: Json } {
    return Object.fromEntries(this.aggregate.variables.map((row) => [row.name, row.value.value]))
  }

  /** Activities in the order of their start: `…` unfinished, `X` canceled. */
  activities(): string[] {
    const ended = new Map(
      this.history.flatMap((event) => (event.type === 'activity-ended' ? [[event.activityInstanceId, event]] : [])),
    )
    return this.history.flatMap((event) => {
      if (event.type !== 'activity-started') return []
      const end = ended.get(event.activityInstanceId)
      return [`${event.activityId}${end === undefined ? '…' : end.canceled ? 'X' : ''}`]
    })
  }
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`no ${what}`)
  return value
}

const kinds = [
  'executions',
  'variables',
  'subscriptions',
  'dueWork',
  'externalTasks',
  'userTasks',
  'incidents',
] as const

function applied(before: Aggregate, { changes }: StepResult): string {
  const rows = Object.fromEntries(
    kinds.map((kind) => {
      const { upserts, deletes } = changes[kind] as RowChanges<{ id: string }>
      const map = new Map(before[kind].map((row): [string, { id: string }] => [row.id, row]))
      for (const id of deletes) if (!map.delete(id)) throw new Error(`${kind} ${id} is deleted but was never there`)
      for (const row of upserts) map.set(row.id, row)
      return [kind, [...map.values()]]
    }),
  )
  return sorted({ instance: changes.instance, ...rows } as unknown as Aggregate)
}

function sorted(aggregate: Aggregate): string {
  const rows = kinds.map((kind) => [...aggregate[kind]].sort((a, b) => (a.id < b.id ? -1 : 1)))
  return JSON.stringify([aggregate.instance, rows])
}
