/** A process engine in memory round `startInstance` and `step`, enough to replay recorded scenarios. */

import { StepFailure } from '../src/engine-error.ts'
import type { ProcessGraph } from '../src/graph.ts'
import { parseBpmn } from '../src/parse.ts'
import { startInstance } from '../src/start.ts'
import type { Aggregate, HistoryEvent, StepEvent, StepResult } from '../src/state.ts'
import { step } from '../src/step.ts'
import type { TypedValue } from '../src/values.ts'

type Values = { [name: string]: TypedValue }

export interface Live {
  graph: ProcessGraph
  aggregate: Aggregate
  history: HistoryEvent[]
}

export class MemoryEngine {
  readonly definitions = new Map<string, ProcessGraph>()
  readonly instances = new Map<string, Live>()
  areJobsSuspended = false
  #ids = 0
  #nowMs = Date.parse('2026-01-01T00:00:00Z')

  async deploy(xml: string): Promise<boolean> {
    const parsed = await parseBpmn(xml)
    if (!parsed.ok) return false
    for (const graph of parsed.graphs) this.definitions.set(graph.key, graph)
    return true
  }

  start(key: string, variables: Values, businessKey: string | null, startActivityId?: string): Live {
    const graph = this.definitions.get(key)
    if (graph === undefined) throw new Error(`no definition ${key}`)
    const request = {
      instanceId: this.newId(),
      definitionId: `${key}:1:${key}-definition`,
      businessKey,
      tenantId: null,
      startUserId: null,
      variables,
      commitAtStart: false,
      ...(startActivityId === undefined ? {} : { startActivityId }),
    }
    const result = startInstance(graph, request, this.#env())
    const live: Live = { graph, aggregate: result.aggregate, history: result.history }
    this.#suspendNewWork(live)
    this.instances.set(request.instanceId, live)
    return live
  }

  send(live: Live, event: StepEvent): StepResult {
    const result = step(live.graph, live.aggregate, event, this.#env())
    live.aggregate = result.aggregate
    live.history = live.history.concat(result.history)
    this.#suspendNewWork(live)
    return result
  }

  /** All or nothing, waiting executions first. */
  signal(name: string, variables: Values): void {
    const before = [...this.instances.values()].map((live) => ({ live, ...live }))
    try {
      for (const [live, row] of this.subscriptions('signal', name)) {
        if (!live.aggregate.subscriptions.some((each) => each.id === row.id)) continue
        this.send(live, { type: 'deliver', subscriptionId: row.id, variables })
      }
      for (const [graph, startId] of this.starts('signal', name)) this.start(graph.key, variables, null, startId)
    } catch (error) {
      for (const { live, aggregate, history } of before) Object.assign(live, { aggregate, history })
      for (const id of this.instances.keys())
        if (!before.some(({ aggregate }) => aggregate.instance.id === id)) this.instances.delete(id)
      throw error
    }
  }

  subscriptions(eventType: 'signal' | 'message', name: string): [Live, { id: string }][] {
    return [...this.instances.values()].flatMap((live) =>
      live.aggregate.subscriptions
        .filter((row) => row.eventType === eventType && row.eventName === name)
        .map((row): [Live, { id: string }] => [live, row]),
    )
  }

  starts(eventType: 'signal' | 'message', name: string): [ProcessGraph, string][] {
    return [...this.definitions.values()].flatMap((graph) =>
      graph.startIds
        .map((id) => graph.nodes.get(id))
        .filter((node) => node?.kind === 'startEvent' && node.event.kind === eventType && node.event.name.text === name)
        .map((node): [ProcessGraph, string] => [graph, node?.id ?? '']),
    )
  }

  /** Runs due work until none is due with retries left. */
  settle(): void {
    for (let busy = true; busy; ) {
      busy = false
      for (const live of this.instances.values()) {
        const now = this.#env().now
        const due = live.aggregate.dueWork.find(
          (row) => row.retries > 0 && !row.isSuspended && (row.dueAt === null || row.dueAt <= now),
        )
        if (due === undefined) continue
        busy = true
        this.#tryWork(live, due.id)
      }
    }
  }

  #tryWork(live: Live, workId: string): void {
    try {
      this.send(live, { type: 'run-work', workId })
    } catch (error) {
      if (!(error instanceof StepFailure)) throw error
      const { message, failedActivityId } = error
      this.send(live, { type: 'work-failed', workId, message, stack: error.stack ?? null, failedActivityId })
    }
  }

  #suspendNewWork(live: Live): void {
    if (!this.areJobsSuspended) return
    live.aggregate = {
      ...live.aggregate,
      dueWork: live.aggregate.dueWork.map((row) => ({ ...row, isSuspended: true })),
    }
  }

  newId(): string {
    this.#ids += 1
    return `00000000-0000-0000-0000-${String(this.#ids).padStart(12, '0')}`
  }

  #env() {
    this.#nowMs += 1
    return { now: new Date(this.#nowMs), newId: () => this.newId(), activitiesMax: 1000 }
  }
}
