/** Random diagrams, driven by random events: whatever happens, an instance's rows make sense. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EventDefinition, FlowNode, ProcessGraph } from '../src/graph.ts'
import type { Aggregate, StepEvent } from '../src/state.ts'
import { step } from '../src/step.ts'
import { Driver } from './driver.ts'
import {
  boundary,
  catchEvent,
  delegate,
  type Extra,
  endEvent,
  error,
  exclusive,
  external,
  graphOf,
  input,
  message,
  parallel,
  passThrough,
  signal,
  startEvent,
  userTask,
} from './graphs.ts'

const makers: { [kind: string]: (id: string, extra: Extra) => FlowNode } = {
  user: (id, extra) => userTask(id, extra),
  external: (id, extra) => external(id, extra),
  delegate: (id, extra) => delegate(id, extra),
  pass: (id, extra) => passThrough(id, extra),
  signal: (id, extra) => catchEvent(id, signal('go'), extra),
  fork: (id, extra) => parallel(id, extra),
  choice: (id, extra) => exclusive(id, extra),
  end: (id, extra) => endEvent(id, { kind: 'none' }, extra),
  terminate: (id, extra) => endEvent(id, { kind: 'terminate' }, extra),
}
const eventKinds: EventDefinition[] = [signal('bang'), message('note'), error('E'), error(null)]

interface Spec {
  kind: string
  asyncBefore: boolean
  asyncAfter: boolean
  mapped: boolean
  boundaries: { event: number; cancelActivity: boolean; to: number }[]
  targets: number[]
}

const spec: fc.Arbitrary<Spec> = fc.record({
  kind: fc.constantFrom(...Object.keys(makers), 'user', 'fork', 'fork', 'external'),
  asyncBefore: fc.boolean().map((first) => first),
  asyncAfter: fc.boolean(),
  mapped: fc.boolean(),
  boundaries: fc.array(
    fc.record({ event: fc.nat(eventKinds.length - 1), cancelActivity: fc.boolean(), to: fc.nat(20) }),
    { maxLength: 2 },
  ),
  targets: fc.array(fc.nat(20), { minLength: 1, maxLength: 3 }),
})

function toGraph(specs: Spec[]): ProcessGraph {
  const nodes: FlowNode[] = [startEvent('s')]
  const arrows = ['s>n0']
  const isActivity = (kind: string) => ['user', 'external', 'delegate', 'pass'].includes(kind)
  for (const [index, each] of specs.entries()) {
    const id = `n${index}`
    const target = (to: number) => `n${to % specs.length}`
    const targets = each.kind === 'end' || each.kind === 'terminate' ? [] : each.targets
    const extra = {
      asyncBefore: each.asyncBefore && index % 3 === 0,
      asyncAfter: each.asyncAfter && index % 4 === 0,
      ...(each.mapped && isActivity(each.kind) ? { inputs: [input('in', 'x')], outputs: [input('out', '${in}')] } : {}),
    }
    nodes.push(makers[each.kind]?.(id, extra) ?? passThrough(id))
    for (const to of targets) arrows.push(`${id}>${target(to)}`)
    if (!isActivity(each.kind)) continue
    for (const [n, attached] of each.boundaries.entries()) {
      const event = eventKinds[attached.event] ?? signal('bang')
      const cancelActivity = event.kind === 'error' || attached.cancelActivity
      nodes.push(boundary(`${id}b${n}`, id, event, { cancelActivity }))
      arrows.push(`${id}b${n}>${target(attached.to)}`)
    }
  }
  return graphOf(nodes, arrows)
}

function possibleEvents({ dueWork, externalTasks, userTasks, subscriptions, instance }: Aggregate): StepEvent[] {
  const events: StepEvent[] = []
  for (const { id } of dueWork) {
    events.push({ type: 'run-work', workId: id, delegateResult: { kind: 'done', outputs: {} } })
    events.push({ type: 'run-work', workId: id, delegateResult: { kind: 'bpmn-error', errorCode: 'E', message: '' } })
    events.push({ type: 'work-failed', workId: id, message: 'no', stack: null, failedActivityId: null })
    events.push({ type: 'set-work-retries', workId: id, retries: 0 })
  }
  for (const { id: taskId } of externalTasks) {
    const values = { variables: { v: { type: 'Integer' as const, value: 1 } }, localVariables: {} }
    events.push({ type: 'external-completed', taskId, ...values })
    events.push({ type: 'external-bpmn-error', taskId, errorCode: 'E', errorMessage: null, variables: {} })
    events.push({ type: 'set-external-retries', taskId, retries: 0 })
  }
  for (const { id: taskId } of userTasks) {
    events.push({ type: 'task-completed', taskId, variables: {} }, { type: 'task-completed', taskId, variables: {} })
    events.push({ type: 'task-bpmn-error', taskId, errorCode: 'F', errorMessage: null, variables: {} })
  }
  for (const { id: subscriptionId } of subscriptions) {
    events.push({ type: 'deliver', subscriptionId, variables: {}, localVariables: {} })
    events.push({ type: 'deliver-later', subscriptionId, variables: {} })
  }
  if (events.length === 0 && instance.endedAt === null) events.push({ type: 'deleted', reason: null })
  return events
}

function checkTree({ executions }: Aggregate, graph: ProcessGraph): void {
  const childrenOf = (id: string) => executions.filter((row) => row.parentId === id)
  expect(executions.filter((row) => row.parentId === null).map((row) => row.id)).toEqual(['i1'])
  for (const row of executions) {
    const children = childrenOf(row.id)
    if (row.parentId !== null) {
      expect(executions.some((other) => other.id === row.parentId)).toBe(true)
      expect(row.isScope).toBe(!row.isConcurrent)
    }
    if (children.length > 0) {
      expect(row).toMatchObject({ activityId: null, activityInstanceId: 'i1', isActive: false, isJoining: false })
      const isSplit = children.some((child) => child.isConcurrent)
      expect(isSplit ? children.length >= 2 && row.isScope : children.length === 1).toBe(true)
      expect(children.every((child) => child.isConcurrent === isSplit)).toBe(true)
    } else {
      expect(graph.nodes.has(row.activityId ?? '')).toBe(true)
      expect(row.isJoining).toBe(!row.isActive)
    }
  }
}

function checkRows(aggregate: Aggregate): void {
  const { executions, dueWork, externalTasks, userTasks, incidents } = aggregate
  const ids = new Set(executions.map((row) => row.id))
  for (const kind of ['variables', 'subscriptions', 'dueWork', 'externalTasks', 'userTasks', 'incidents'] as const) {
    for (const row of aggregate[kind]) expect([kind, ids.has(row.executionId)]).toEqual([kind, true])
  }
  const isHeld = new Set(dueWork.filter((row) => row.kind.startsWith('async')).map((row) => row.executionId))
  for (const row of executions) {
    if (row.activityId !== null) expect([row, row.activityInstanceId === null]).toEqual([row, isHeld.has(row.id)])
  }
  const failed = [...dueWork.filter((row) => row.retries === 0), ...externalTasks.filter((row) => row.retries === 0)]
  expect(incidents.map((row) => row.configuration).sort()).toEqual(failed.map((row) => row.id).sort())
  for (const task of [...userTasks, ...externalTasks]) {
    const at = executions.find((row) => row.id === task.executionId)
    expect(at).toMatchObject({ activityId: task.activityId, activityInstanceId: task.activityInstanceId })
  }
}

function checkHistory(driver: Driver): void {
  const open = new Set<string>()
  for (const event of driver.history) {
    if (event.type === 'activity-started') {
      expect(open.has(event.activityInstanceId)).toBe(false)
      open.add(event.activityInstanceId)
    }
    if (event.type === 'activity-ended') expect(open.delete(event.activityInstanceId)).toBe(true)
  }
  const running = driver.aggregate.executions.filter(
    (row) => row.activityId !== null && row.activityInstanceId !== null,
  )
  expect([...open].sort()).toEqual(running.map((row) => row.activityInstanceId).sort())
}

function checkAll(driver: Driver): void {
  const { aggregate, graph } = driver
  if (aggregate.instance.endedAt === null) {
    checkTree(aggregate, graph)
    checkRows(aggregate)
  } else {
    const { instance: _, ...rows } = aggregate
    expect(Object.values(rows).flat()).toEqual([])
  }
  checkHistory(driver)
}

describe('an instance of any diagram', () => {
  it('has a well-formed tree, no orphan row and a true history after every step, and every step is deterministic', () => {
    const some = fc.array(spec, { minLength: 2, maxLength: 12 })
    const choices = fc.array(fc.nat(1000), { minLength: 1, maxLength: 25 })
    fc.assert(
      fc.property(some, choices, (specs, picks) => {
        const driver = new Driver(toGraph(specs), { n: 1 }, {}, 40)
        checkAll(driver)
        for (const pick of picks) {
          const events = possibleEvents(driver.aggregate)
          const event = events[pick % Math.max(events.length, 1)]
          if (event === undefined || driver.aggregate.instance.endedAt !== null) return
          const ids = countedIds()
          const twice = [1, 2].map(() => step(driver.graph, driver.aggregate, event, { ...driver.env(), newId: ids() }))
          expect(twice[0]).toEqual(twice[1])
          driver.send(event)
          checkAll(driver)
        }
      }),
      { numRuns: 400, seed: 42 },
    )
  })
})

function countedIds() {
  return () => {
    let next = 0
    return () => {
      next += 1
      return `again${next}`
    }
  }
}
