/**
 * Replays a scenario against the wing and gives, step by step, what came back in the words of its recording. A recording holds
 * placeholders for what differs from run to run; `same` (expect-recorded.ts) reads them.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MlcServer } from './mlc-server.ts'

// biome-ignore lint/suspicious/noExplicitAny: scenarios and answers of many shapes
type Any = any

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const moment = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:?\d\d|Z)/g

export interface Scenario {
  title: string
  steps: Any[]
}

export class Replay {
  readonly #server: MlcServer
  readonly #folder: string
  readonly #remembered: Record<string, Any> = {}
  readonly #definitions = new Map<string, { key: string; version: number }>()

  constructor(server: MlcServer, folder: string) {
    this.#server = server
    this.#folder = folder
  }

  async step(step: Any): Promise<Any> {
    switch (step.do) {
      case 'deploy':
        return this.#deploy(step)
      case 'start': {
        const answer = await this.#call('POST', `/process-definition/key/${step.key}/start`, step.body ?? {})
        this.#remember(step.as, answer.body)
        if (answer.status !== 200 || step.raw) return outcome(step, answer)
        const { ended, businessKey, suspended, variables } = answer.body
        return { status: 200, ended, businessKey, suspended, ...(variables ? { variables } : {}) }
      }
      case 'signal':
        return outcome(step, await this.#call('POST', '/signal', step.body))
      case 'message':
        return outcome(step, await this.#call('POST', '/message', step.body))
      case 'rest': {
        const answer = await this.#call(
          step.method ?? 'GET',
          step.path + query(this.#fill(step.query)),
          step.text ?? step.body,
        )
        if (answer.status < 300) this.#remember(step.as, answer.body)
        return outcome(step, answer)
      }
      case 'find': {
        const all: Any[] = (await this.#call('GET', step.from + query(this.#fill(step.query)))).body
        const own = all.filter(
          (one) => step.all || one.processDefinitionId === undefined || this.#definitions.has(one.processDefinitionId),
        )
        const found = own.filter((one) =>
          Object.entries(this.#fill(step.where ?? {})).every(([name, value]) => one[name] === value),
        )
        this.#remember(step.as, found[step.index ?? 0])
        return { found: found.length }
      }
      case 'fetch':
        return this.#fetch(step)
      case 'external':
        return this.#external(step)
      case 'completeTask': {
        const tasks = await this.#own(`/task?taskDefinitionKey=${step.task}`)
        if (tasks.length === 0) return { found: 0 }
        const answer = await this.#call('POST', `/task/${tasks[0].id}/${step.op ?? 'complete'}`, step.body ?? {})
        return { found: tasks.length, ...outcome(step, answer) }
      }
      case 'executeJob': {
        const jobs = await this.#own(`/job?activityId=${step.activity}`)
        if (jobs.length === 0) return { found: 0 }
        return { found: jobs.length, ...outcome(step, await this.#call('POST', `/job/${jobs[0].id}/execute`, {})) }
      }
      case 'settle':
        return this.#settle()
      case 'observe':
        return this.#observe(step.what)
      default:
        throw new Error(`the replay does not know the step ${step.do}`)
    }
  }

  async #deploy(step: Any): Promise<Any> {
    const files: Record<string, Buffer> = {}
    for (const file of step.files) {
      const { file: name, filename } = typeof file === 'string' ? { file, filename: file } : file
      files[filename ?? name] = await readFile(join(this.#folder, name))
    }
    const answer = await this.#server.deploy(files, { 'deployment-name': nameOf(this.#folder), ...step.fields })
    if (answer.status !== 200) return outcome(step, answer)
    const definitions: Any[] = Object.values(answer.body.deployedProcessDefinitions ?? {})
    for (const { id, key, version } of definitions) this.#definitions.set(id, { key, version })
    this.#remember(step.as, answer.body)
    if (step.raw) return outcome(step, answer)
    return {
      status: 200,
      definitions: sorted(definitions.map(({ key, version, name, resource }) => ({ key, version, name, resource }))),
    }
  }

  async #fetch(step: Any): Promise<Any> {
    const topics = [{ topicName: step.topic, lockDuration: step.lock ?? 600_000, ...step.options }]
    const answer = await this.#call('POST', '/external-task/fetchAndLock', {
      workerId: step.worker ?? 'w',
      maxTasks: step.max ?? 10,
      topics,
    })
    if (answer.status !== 200) return outcome(step, answer)
    const tasks: Any[] = answer.body
    if (step.as !== undefined && tasks[0] !== undefined) this.#remembered[step.as] = tasks[0].id
    const members = [
      'topicName',
      'workerId',
      'activityId',
      'businessKey',
      'retries',
      'priority',
      'errorMessage',
      'variables',
    ]
    return { status: 200, tasks: sorted(tasks.map((task) => withoutIds(picked(task, members)))) }
  }

  async #external(step: Any): Promise<Any> {
    const wish = {
      workerId: 'w',
      maxTasks: 1,
      topics: [{ topicName: step.topic, lockDuration: 600_000, variables: [] }],
    }
    const { body: tasks } = await this.#call('POST', '/external-task/fetchAndLock', wish)
    if (tasks.length === 0) return { fetched: 0 }
    const { id, activityId } = tasks[0]
    const answer = await this.#call('POST', `/external-task/${id}/${step.op ?? 'complete'}`, {
      workerId: 'w',
      ...step.body,
    })
    return { fetched: 1, activityId, ...outcome(step, answer) }
  }

  /** Until nothing of the scenario is due, seen twice. Work given back with a pause, after a passing trouble, is not at rest. */
  async #settle(): Promise<Any> {
    const isSoon = (due: string) => dateOf(due) <= Date.now() + 60_000
    for (let quiet = 0; quiet < 2; ) {
      const jobs = await this.#own('/job')
      const busy = jobs.some(
        (job) => job.retries > 0 && !job.suspended && (job.dueDate === null || isSoon(job.dueDate)),
      )
      quiet = busy ? 0 : quiet + 1
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return { settled: true }
  }

  async #observe(what?: string[]): Promise<Any> {
    const instances: Any[] = []
    const parts = what === undefined ? undefined : new Set(what)
    for (const id of this.#definitions.keys()) {
      const { body } = await this.#call(
        'GET',
        `/history/process-instance?processDefinitionId=${encodeURIComponent(id)}`,
      )
      for (const instance of body)
        instances.push(await this.#observeOne(instance, (part) => parts === undefined || parts.has(part)))
    }
    return { instances: sorted(instances.map(withoutIds)) }
  }

  async #observeOne(instance: Any, wanted: (part: string) => boolean): Promise<Any> {
    const of = `processInstanceId=${instance.id}`
    const list = async (path: string): Promise<Any[]> => (await this.#call('GET', path)).body
    const definition = this.#definitions.get(instance.processDefinitionId)
    const seen: Any = {
      process: definition?.key,
      version: definition?.version,
      calledBy: null,
      ...picked(instance, ['state', 'businessKey', 'startActivityId', 'deleteReason']),
    }
    const names = new Map([[instance.id, 'process']])
    if (instance.endTime === null) {
      const tree = treeOf((await this.#call('GET', `/process-instance/${instance.id}/activity-instances`)).body, names)
      if (wanted('tree')) seen.tree = tree
      const scoped = (one: Any, members: string[]) => ({
        ...picked(one, members),
        scope: names.get(one.activityInstanceId) ?? '<unknown>',
      })
      if (wanted('variables'))
        seen.variables = sorted(
          (await list(`/variable-instance?processInstanceIdIn=${instance.id}`)).map((one) =>
            scoped(one, ['name', 'type', 'value']),
          ),
        )
      if (wanted('incidents')) seen.incidents = sorted((await list(`/incident?${of}`)).map(incidentOf))
      if (wanted('jobs'))
        seen.jobs = sorted(await Promise.all((await list(`/job?${of}`)).map((job) => this.#jobOf(job))))
      if (wanted('externalTasks')) seen.externalTasks = sorted((await list(`/external-task?${of}`)).map(externalTaskOf))
      if (wanted('tasks')) seen.tasks = sorted((await list(`/task?${of}`)).map(taskOf))
      if (wanted('subscriptions'))
        seen.subscriptions = sorted(
          (await list(`/event-subscription?${of}`)).map((one) => ({
            type: one.eventType,
            name: one.eventName,
            activityId: one.activityId,
          })),
        )
    }
    const activities = await list(`/history/activity-instance?${of}`)
    for (const activity of activities) names.set(activity.id, activity.activityId)
    if (wanted('history'))
      seen.history = sorted(
        activities.map((one) => ({
          ...picked(one, ['activityId', 'activityType', 'canceled']),
          finished: one.endTime !== null,
          called: one.calledProcessInstanceId !== null,
          parent: names.get(one.parentActivityInstanceId) ?? '<unknown>',
        })),
      )
    if (wanted('historyVariables'))
      seen.historyVariables = sorted(
        (await list(`/history/variable-instance?${of}`)).map((one) => ({
          ...picked(one, ['name', 'type', 'value', 'state']),
          scope: names.get(one.activityInstanceId) ?? '<unknown>',
        })),
      )
    if (wanted('historyIncidents'))
      seen.historyIncidents = sorted(
        (await list(`/history/incident?${of}`)).map((one) => ({
          type: one.incidentType,
          message: one.incidentMessage,
          ...picked(one, ['activityId', 'open', 'resolved', 'deleted']),
        })),
      )
    return seen
  }

  async #jobOf(job: Any): Promise<Any> {
    const { body: definition } = await this.#call('GET', `/job-definition/${job.jobDefinitionId}`)
    return {
      activityId: definition.activityId,
      jobType: definition.jobType,
      configuration: definition.jobConfiguration,
      due: job.dueDate === null ? 'none' : 'set',
      ...picked(job, ['retries', 'exceptionMessage', 'failedActivityId', 'suspended', 'priority']),
    }
  }

  async #own(path: string): Promise<Any[]> {
    const { body } = await this.#call('GET', path)
    return body.filter((one: Any) => this.#definitions.has(one.processDefinitionId))
  }

  #call(method: string, path: string, body?: unknown) {
    return this.#server.call(method, this.#fill(path), this.#fill(body))
  }

  #remember(as: Any, body: Any): void {
    if (as === undefined || body === null || body === undefined) return
    for (const [name, member] of Object.entries(typeof as === 'string' ? { [as]: 'id' } : as))
      this.#remembered[name] = body[member as string]
  }

  #fill(value: Any): Any {
    if (typeof value === 'string')
      return value.replace(/\{\{([\w.]+)\}\}/g, (_, name: string) => this.#remembered[name] ?? `unset-${name}`)
    if (Array.isArray(value)) return value.map((one) => this.#fill(one))
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, this.#fill(one)]))
  }
}

function nameOf(folder: string): string {
  return `conformance-${folder.split('/').at(-1)}`
}

function outcome(step: Any, { status, body }: { status: number; body: Any }): Any {
  if (step.status) return { status }
  const one = (value: Any) => (step.pick === undefined || value === null ? value : picked(value, step.pick))
  const chosen = Array.isArray(body) ? body.map(one) : status < 300 ? one(body) : body
  return { status, body: step.sort && Array.isArray(chosen) ? sorted(chosen.map(withoutIds)) : chosen }
}

function picked(value: Any, members: string[]): Any {
  const at = (path: string) => path.split('.').reduce((inner: Any, member) => inner?.[member], value)
  return Object.fromEntries(members.map((member) => [member, at(member) === undefined ? '<absent>' : at(member)]))
}

function withoutIds(value: Any): Any {
  if (typeof value === 'string') return value.replace(uuid, '<id>').replace(moment, '<date>')
  if (Array.isArray(value)) return value.map(withoutIds)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withoutIds(one)]))
}

function ordered(value: Any): Any {
  if (Array.isArray(value)) return value.map(ordered)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, ordered(value[name])]),
  )
}

function sorted(list: Any[]): Any[] {
  return list
    .map((one) => [JSON.stringify(ordered(one)), one] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, one]) => one)
}

function query(parameters: Any): string {
  return parameters === null || parameters === undefined ? '' : `?${new URLSearchParams(parameters)}`
}

function dateOf(text: string): number {
  return Date.parse(text.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'))
}

function treeOf(node: Any, names: Map<string, string>): Any {
  const isRoot = node.activityType === 'processDefinition'
  names.set(node.id, isRoot ? 'process' : node.activityId)
  return {
    activityId: isRoot ? '<process>' : node.activityId,
    activityType: node.activityType,
    children: sorted(node.childActivityInstances.map((child: Any) => treeOf(child, names))),
    transitions: sorted(
      node.childTransitionInstances.map((one: Any) => ({
        ...picked(one, ['activityId', 'activityType']),
        incidents: one.incidentIds.length,
      })),
    ),
    incidents: node.incidentIds.length,
  }
}

function incidentOf(one: Any): Any {
  return {
    type: one.incidentType,
    message: one.incidentMessage,
    cause: one.causeIncidentId === one.id ? 'self' : 'other',
    root: one.rootCauseIncidentId === one.id ? 'self' : 'other',
    configuration: one.configuration ? 'set' : 'none',
    ...picked(one, ['activityId', 'failedActivityId', 'annotation']),
  }
}

function externalTaskOf(one: Any): Any {
  const locked = one.lockExpirationTime !== null
  return {
    topic: one.topicName,
    worker: one.workerId,
    locked,
    ...picked(one, ['activityId', 'retries', 'errorMessage', 'suspended', 'priority']),
  }
}

function taskOf(one: Any): Any {
  const members = [
    'name',
    'assignee',
    'owner',
    'priority',
    'description',
    'due',
    'followUp',
    'formKey',
    'delegationState',
    'suspended',
  ]
  return { key: one.taskDefinitionKey, ...picked(one, members) }
}
