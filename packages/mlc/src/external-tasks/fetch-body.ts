import { camundaProblem, invalidRequest, nullValue } from '../camunda-problems.ts'
import { anyInt, textOf, wholeNumberOf } from '../members.ts'
import type { FetchOrder, FetchWish, Topic } from './fetch-and-lock.ts'

export function parseFetch(body: Record<string, unknown>): FetchWish {
  const { topics } = body
  const workerId = textOf(body, 'workerId')
  if (workerId === null) throw nullValue('workerId is null')
  const maxTasks = wholeNumberOf(body, 'maxTasks', anyInt)
  if (maxTasks === null) throw invalidRequest("'maxTasks' is missing: how many tasks the worker takes at most")
  if (maxTasks < 0) throw camundaProblem(500, 'ProcessEngineException', 'maxResults is not greater than or equal to 0')
  if (topics !== undefined && topics !== null && !Array.isArray(topics)) throw invalidRequest('topics must be a list')
  return {
    workerId,
    tasksMax: maxTasks,
    order: parseOrder(body),
    topics: (topics ?? []).map((topic) => parseTopic((topic ?? {}) as Record<string, unknown>)),
  }
}

/** By priority first where it is wanted, then as `sorting` says, of which Camunda knows the time of creation. */
function parseOrder({ usePriority, sorting }: Record<string, unknown>): FetchOrder[] {
  if (sorting !== undefined && sorting !== null && !Array.isArray(sorting))
    throw invalidRequest('sorting must be a list')
  const sorts = (sorting ?? []).map((sort: { sortBy?: unknown; sortOrder?: unknown } | null): FetchOrder => {
    if (sort?.sortBy !== 'createTime')
      throw invalidRequest(`Cannot set query parameter 'sortBy' to value '${String(sort?.sortBy)}'`)
    if (sort.sortOrder === 'asc') return 'oldest'
    if (sort.sortOrder === 'desc') return 'newest'
    throw invalidRequest(`Cannot set query parameter 'sortOrder' to value '${String(sort.sortOrder)}'`)
  })
  return usePriority === true ? ['highest priority', ...sorts] : sorts
}

function parseTopic(topic: Record<string, unknown>): Topic {
  const name = textOf(topic, 'topicName')
  if (name === null) throw nullValue('topicName is null')
  const lockMs = wholeNumberOf(topic, 'lockDuration') ?? 0
  if (!(lockMs > 0)) throw camundaProblem(500, 'ProcessEngineException', 'lockTime is not greater than 0')
  const parsed: Topic = {
    name,
    lockMs,
    localVariables: topic.localVariables === true,
    withoutTenantId: topic.withoutTenantId === true,
    deserializeValues: topic.deserializeValues === true,
    extensionProperties: topic.includeExtensionProperties === true,
  }
  for (const member of ['variables', 'processDefinitionIdIn', 'processDefinitionKeyIn', 'tenantIdIn'] as const) {
    const list = topic[member]
    if (Array.isArray(list)) parsed[member] = list.map(String)
  }
  for (const member of [
    'businessKey',
    'processDefinitionId',
    'processDefinitionKey',
    'processDefinitionVersionTag',
  ] as const) {
    const text = topic[member]
    if (text !== undefined && text !== null) parsed[member] = String(text)
  }
  const { processVariables } = topic
  if (typeof processVariables === 'object' && processVariables !== null)
    parsed.processVariables = processVariables as Record<string, unknown>
  return parsed
}
