/** Scenarios recorded from a reference engine, replayed in memory: what can be seen of each instance after each step is the same. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Json, TypedValue } from '../src/values.ts'
import { typed } from './driver.ts'
import { type Live, MemoryEngine } from './memory-engine.ts'
import { observe, stable } from './observe.ts'

// biome-ignore lint/suspicious/noExplicitAny: scenario files are free-form
type Free = any

const folder = join(import.meta.dirname, 'testdata')
const read = (...path: string[]) => readFileSync(join(folder, ...path), 'utf8')

class Replay {
  readonly engine = new MemoryEngine()
  readonly remembered = new Map<string, string>()
  readonly name: string

  constructor(name: string) {
    this.name = name
  }

  /** What the step answers; undefined where that is the REST layer's matter alone. */
  async play(step: Free): Promise<Free> {
    switch (step.do) {
      case 'deploy': {
        const all = await Promise.all(step.files.map((file: string) => this.engine.deploy(read(this.name, file))))
        return { status: all.every(Boolean) ? 200 : 400 }
      }
      case 'start':
        return attempt(500, () => {
          const live = this.engine.start(step.key, values(step.body.variables), step.body.businessKey ?? null)
          this.remembered.set(step.as, live.aggregate.instance.id)
          return { status: 200, ended: live.aggregate.instance.endedAt !== null }
        })
      case 'signal':
        return attempt(500, () => {
          this.engine.signal(step.body.name, values(step.body.variables))
          return { status: 204 }
        })
      case 'message':
        return this.message(step.body)
      case 'completeTask':
        return this.onTask(step.task, (live, taskId) =>
          this.engine.send(live, { type: 'task-completed', taskId, variables: values(step.body.variables) }),
        )
      case 'executeJob': {
        const [live, row] = this.find(
          (each) => each.aggregate.dueWork,
          (each) => each.activityId === step.activity,
        )
        return attempt(404, () => {
          this.engine.send(live, { type: 'run-work', workId: row.id })
          return { status: 204 }
        })
      }
      case 'external': {
        const [live, row] = this.find(
          (each) => each.aggregate.externalTasks,
          (each) => each.topic === step.topic,
        )
        lock(live, row.id)
        return this.external(live, row.id, step.op ?? 'complete', step.body)
      }
      case 'fetch':
        for (const live of this.engine.instances.values()) {
          for (const row of live.aggregate.externalTasks) {
            if (row.topic !== step.topic || (row.retries !== null && row.retries <= 0)) continue
            lock(live, row.id)
            this.remembered.set(step.as ?? 'fetched', row.id)
          }
        }
        return undefined
      case 'settle':
        this.engine.settle()
        return undefined
      case 'find':
        return this.remember(step)
      case 'observe':
        return { instances: [...this.engine.instances.values()].map(observe) }
      default:
        return this.rest(step)
    }
  }

  message(body: Free): Free {
    const isMeant = (live: Live) =>
      (body.businessKey === undefined || live.aggregate.instance.businessKey === body.businessKey) &&
      (body.processInstanceId === undefined || live.aggregate.instance.id === this.fill(body.processInstanceId)) &&
      Object.entries(values(body.correlationKeys)).every(([name, { value }]) =>
        live.aggregate.variables.some((row) => row.name === name && row.value.value === value),
      )
    const variables = values(body.processVariables)
    const waiting = this.engine.subscriptions('message', body.messageName).filter(([live]) => isMeant(live))
    const starts =
      waiting.length === 0 && body.processInstanceId === undefined
        ? this.engine.starts('message', body.messageName)
        : []
    if (waiting.length + starts.length !== 1 && body.all !== true) return { status: 400 }
    for (const [live, { id }] of waiting) this.engine.send(live, { type: 'deliver', subscriptionId: id, variables })
    for (const [graph, startId] of starts) this.engine.start(graph.key, variables, body.businessKey ?? null, startId)
    return { status: body.resultEnabled === true ? 200 : 204 }
  }

  /** Calls that become an event of an instance; all others are not the engine's. */
  rest({ method = 'GET', path, body = {} }: Free): Free {
    const [, kind, id = '', ...rest] = this.fill(path).split('/')
    const live = this.engine.instances.get(id)
    if (method === 'GET') return undefined
    switch (`${kind}/${rest.join('/')}`) {
      case 'job-definition/':
        this.engine.areJobsSuspended = body.suspended
        for (const each of this.engine.instances.values()) {
          const dueWork = each.aggregate.dueWork.map((row) => ({ ...row, isSuspended: body.suspended }))
          each.aggregate = { ...each.aggregate, dueWork }
        }
        return undefined
      case 'process-instance/suspended':
        if (live?.aggregate.instance.endedAt === null && 'suspended' in body) {
          this.engine.send(live, { type: 'suspended', suspended: body.suspended })
        }
        return undefined
      case 'process-instance/':
        if (live?.aggregate.instance.endedAt === null) this.engine.send(live, { type: 'deleted', reason: null })
        return undefined
      case `process-instance/variables/${rest[1]}`:
        if (live !== undefined) {
          const set = { [rest[1] ?? '']: typed(body.value) }
          this.engine.send(live, { type: 'variables-changed', executionId: id, set, remove: [], local: false })
        }
        return undefined
      case 'job/retries': {
        const [owner] = this.find(
          (each) => each.aggregate.dueWork,
          (row) => row.id === id,
        )
        this.engine.send(owner, { type: 'set-work-retries', workId: id, retries: body.retries })
        return undefined
      }
      default:
        return kind === 'external-task'
          ? this.restOfExternal(id, rest[0] ?? '', body)
          : this.restOfTask(id, rest[0] ?? '', body)
    }
  }

  restOfExternal(id: string, op: string, body: Free): Free {
    const isKnown = (row: Free) => row.id === id && (op === 'retries' || row.workerId === body.workerId)
    const [live, row] = this.find((each) => each.aggregate.externalTasks, isKnown) ?? []
    if (live === undefined || body.retries < 0) return undefined
    if (op === 'retries') this.engine.send(live, { type: 'set-external-retries', taskId: id, retries: body.retries })
    if (op === 'complete' || op === 'failure') return this.external(live, row.id, op, body)
    return undefined
  }

  restOfTask(id: string, op: string, body: Free): Free {
    const [live, task] =
      this.find(
        (each) => each.aggregate.userTasks,
        (row) => row.id === id,
      ) ?? []
    if (live === undefined) return undefined
    const patches: Free = {
      claim: task.assignee === null ? { assignee: body.userId } : undefined,
      unclaim: { assignee: null },
      assignee: { assignee: body.userId },
      delegate: { delegationState: 'PENDING', owner: task.owner ?? task.assignee, assignee: body.userId },
      resolve: { delegationState: 'RESOLVED', assignee: task.owner },
    }
    if (op === 'complete')
      this.engine.send(live, { type: 'task-completed', taskId: id, variables: values(body.variables) })
    else if (patches[op] !== undefined) this.engine.send(live, { type: 'task-updated', taskId: id, patch: patches[op] })
    if (op !== 'resolve') return undefined
    const executionId = live.aggregate.instance.id
    this.engine.send(live, {
      type: 'variables-changed',
      executionId,
      set: values(body.variables),
      remove: [],
      local: false,
    })
    return undefined
  }

  external(live: Live, taskId: string, op: string, body: Free): Free {
    const both = { taskId, variables: values(body.variables), localVariables: values(body.localVariables) }
    const { errorMessage = null, errorDetails = null, retries = 0 } = body
    const lockExpiresAt = new Date('2026-01-01T01:00:00Z')
    return attempt(500, () => {
      if (op === 'complete') this.engine.send(live, { type: 'external-completed', ...both })
      else
        this.engine.send(live, { type: 'external-failed', ...both, errorMessage, errorDetails, retries, lockExpiresAt })
      return { status: 204 }
    })
  }

  onTask(activityId: string, act: (live: Live, taskId: string) => void): Free {
    const [live, row] = this.find(
      (each) => each.aggregate.userTasks,
      (task) => task.activityId === activityId,
    )
    return attempt(500, () => {
      act(live, row.id)
      return { status: 204 }
    })
  }

  remember({ from, as }: Free): Free {
    const lists: Free = {
      '/job': (live: Live) => live.aggregate.dueWork,
      '/task': (live: Live) => live.aggregate.userTasks,
      '/incident': (live: Live) => live.aggregate.incidents,
      '/process-instance': (live: Live) => [live.aggregate.instance],
    }
    const [, row] = this.find(lists[from], () => true)
    this.remembered.set(as, row.id)
    return undefined
  }

  find(rowsOf: (live: Live) => Free[], isMeant: (row: Free) => boolean): Free {
    for (const live of this.engine.instances.values()) {
      const row = rowsOf(live).find(isMeant)
      if (row !== undefined) return [live, row]
    }
    return undefined
  }

  fill(text: string): string {
    return text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => this.remembered.get(name) ?? name)
  }
}

function lock(live: Live, taskId: string): void {
  const lockExpiresAt = new Date('2026-01-01T01:00:00Z')
  const externalTasks = live.aggregate.externalTasks.map((row) =>
    row.id === taskId ? { ...row, workerId: 'w', lockExpiresAt } : row,
  )
  live.aggregate = { ...live.aggregate, externalTasks }
}

function attempt(status: number, act: () => Free): Free {
  try {
    return act()
  } catch (error) {
    return { status, message: (error as Error).message }
  }
}

function values(body: Free = {}): { [name: string]: TypedValue } {
  const entries = Object.entries(body as { [name: string]: { value: Json } })
  return Object.fromEntries(entries.map(([name, { value }]) => [name, typed(value)]))
}

/** Only what was recorded counts; instances in any order. */
function expectSame(step: string, recorded: Free, got: Free): void {
  if (got === undefined) return
  if (recorded.instances === undefined) {
    expect([step, got.status]).toEqual([step, recorded.status])
    if (got.ended !== undefined) expect([step, got.ended]).toEqual([step, recorded.ended])
    if (got.message !== undefined && got.status === 500)
      expect(withoutIds(recorded.body.message)).toContain(withoutIds(got.message))
    return
  }
  const byText = (list: Free[]) => list.map((each) => stable(each)).sort()
  const wanted = recorded.instances.map((each: Free) => {
    const { incidents, ...rest } = each
    return incidents === undefined
      ? rest
      : { ...rest, incidents: incidents.map(({ annotation: _, ...incident }: Free) => incident) }
  })
  const members = Object.keys(wanted[0] ?? {})
  const seen = got.instances.map((each: Free) =>
    Object.fromEntries(
      Object.entries(each).filter(
        ([member]) => members.includes(member) || wanted.some((want: Free) => member in want),
      ),
    ),
  )
  expect([step, ...byText(seen)]).toEqual([step, ...byText(wanted)])
}

const withoutIds = (text: string) => text.replace(/<id:\d+>|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')

describe('a recorded scenario', () => {
  it.each([
    'async-before-after',
    'batch-job-life',
    'exclusive-gateway',
    'external-task-basics',
    'external-task-failure',
    'incident-rest',
    'io-mapping',
    'juel-errors',
    'juel-operators',
    'message-correlation',
    'message-start',
    'parallel-gateway',
    'signal-async-failure',
    'signal-start-many',
    'signal-sync-failure',
    'start-none',
    'suspend-and-delete',
    'timer-intermediate',
    'user-task-assignment',
  ])('goes as recorded: %s', async (name) => {
    const replay = new Replay(name)
    const scenario: Free = JSON.parse(read(name, 'scenario.json'))
    const recording: Free = JSON.parse(read(name, 'recorded.json'))
    for (const [index, step] of scenario.steps.entries()) {
      const { step: title, result } = recording.results[index]
      expectSame(`${index} ${title}`, result, await replay.play(step))
    }
  })
})
