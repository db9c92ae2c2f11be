import { camundaProblem, invalidRequest, nullValue } from '../camunda-problems.ts'
import type { FetchWish, Topic } from './fetch-and-lock.ts'

export function parseFetch(body: Record<string, unknown>): FetchWish {
  const { workerId, maxTasks, topics } = body
  if (workerId === undefined || workerId === null) throw nullValue('workerId is null')
  if (typeof maxTasks !== 'number' || !Number.isInteger(maxTasks))
    throw invalidRequest('maxTasks must be a whole number')
  if (maxTasks < 0) throw camundaProblem(500, 'ProcessEngineException', 'maxResults is not greater than or equal to 0')
  if (topics !== undefined && topics !== null && !Array.isArray(topics)) throw invalidRequest('topics must be a list')
  return {
    workerId: String(workerId),
    tasksMax: maxTasks,
    usePriority: body.usePriority === true,
    topics: (topics ?? []).map((topic) => parseTopic((topic ?? {}) as Record<string, unknown>)),
  }
}

function parseTopic(topic: Record<string, unknown>): Topic {
  if (topic.topicName === undefined || topic.topicName === null) throw nullValue('topicName is null')
  const lockMs = Number(topic.lockDuration ?? 0)
  if (!(lockMs > 0)) throw camundaProblem(500, 'ProcessEngineException', 'lockTime is not greater than 0')
  const parsed: Topic = {
    name: String(topic.topicName),
    lockMs,
    localVariables: topic.localVariables === true,
    withoutTenantId: topic.withoutTenantId === true,
    deserializeValues: topic.deserializeValues === true,
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
