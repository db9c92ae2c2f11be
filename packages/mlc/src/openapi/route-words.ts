/** What each route does, in words; those of lists are told by the lists themselves. */
import type { z } from 'zod'
import { bodies } from './bodies.ts'

export interface RouteWords {
  summary: string
  body?: z.ZodType
  /** Query parameters, with their meaning. */
  query?: Record<string, string>
  consumes?: string
}

type Written = string | [summary: string, body: z.ZodType]

/** In a diagram's names: `execution`, `job` are Camunda's; jobs that score are below /model-manage. */
const written: Record<string, Written> = {
  'POST /signal': ['Throw a signal: 204 when everybody reached has come to the next wait state', bodies.signal],
  'POST /signalResponsive': ['Throw a signal and learn what it started: the trigger of batch jobs', bodies.signal],
  'POST /message': ['Correlate a message', bodies.message],
  'GET /deployment/:id': 'One deployment',
  'GET /deployment/:id/resources': 'Its resources',
  'GET /deployment/:id/resources/:resourceId': 'One resource',
  'GET /deployment/:id/resources/:resourceId/data': 'The file itself',
  'GET /process-definition/statistics': 'Live instances and incidents of each definition',
  'PUT /process-definition/suspended': ['Suspend or activate definitions', bodies.suspendDefinitions],
  'GET /process-instance/:id': 'One live instance',
  'GET /process-instance/:id/activity-instances': 'Where it stands: the tree of its activities',
  'PUT /process-instance/:id/suspended': ['Suspend or activate it', bodies.suspended],
  'PUT /process-instance/suspended': ['Suspend or activate instances', bodies.suspendInstances],
  'GET /execution/:id': 'One execution',
  'POST /execution/:id/signal': ['Go on from a receive task', bodies.variables],
  'POST /execution/:id/messageSubscriptions/:messageName/trigger': [
    'Deliver a message to this execution',
    bodies.variables,
  ],
  'GET /incident/:id': 'One incident',
  'DELETE /incident/:id': 'Refused for failed jobs: give them retries instead',
  'PUT /incident/:id/annotation': ['Write a note to it', bodies.annotation],
  'DELETE /incident/:id/annotation': 'Remove the note',
  'GET /job/:id': 'One piece of due work',
  'GET /job/:id/stacktrace': 'Why it failed',
  'POST /job/:id/execute': 'Run it now; a failure is told and costs no retry',
  'POST /job/retries': ['Give retries to several, by their ids or by a query', bodies.manyJobRetries],
  'PUT /job/:id/retries': ['Give it retries: a failed one is tried again', bodies.jobRetries],
  'PUT /job/:id/duedate': ['Set when it is due', bodies.dueDate],
  'PUT /job/:id/suspended': ['Suspend or activate it', bodies.suspended],
  'PUT /job/:id/priority': ['Set its priority', bodies.priority],
  'DELETE /job/:id': 'Remove it',
  'GET /job-definition/:id': 'One job definition',
  'PUT /job-definition/suspended': ['Suspend or activate job definitions', bodies.suspendJobDefinitions],
  'PUT /job-definition/:id/suspended': ['Suspend or activate it', bodies.suspendJobDefinition],
  'PUT /job-definition/:id/retries': ['Give retries to its due work that has none', bodies.retries],
  'POST /external-task/fetchAndLock': ['Take tasks of some topics, waiting for them if wished', bodies.fetchAndLock],
  'GET /external-task/topic-names': 'Topics that have tasks',
  'GET /external-task/:id': 'One external task',
  'GET /external-task/:id/errorDetails': 'What its worker told of the failure',
  'POST /external-task/:id/complete': ['It is done', bodies.completeTask],
  'POST /external-task/:id/failure': ['It failed; without retries left it is an incident', bodies.failure],
  'POST /external-task/:id/bpmnError': ['It ended in a business error', bodies.workerError],
  'POST /external-task/:id/extendLock': ['Keep it longer', bodies.extendLock],
  'POST /external-task/:id/lock': ['Take this one', bodies.lock],
  'POST /external-task/:id/unlock': 'Give it back',
  'PUT /external-task/:id/retries': ['Set its retries', bodies.retries],
  'PUT /external-task/:id/priority': ['Set its priority', bodies.priority],
  'PUT /external-task/retries': ['Set the retries of several', bodies.retriesOfMany],
  'GET /task/:id': 'One user task',
  'GET /task/:id/form': 'The key of its form',
  'GET /task/:id/identity-links': 'Assignee, owner and candidates',
  'POST /task/:id/complete': ['Complete it', bodies.complete],
  'POST /task/:id/submit-form': ['Complete it, as a form does', bodies.complete],
  'POST /task/:id/bpmnError': ['End it in a business error', bodies.bpmnError],
  'POST /task/:id/claim': ['Take it, if nobody has', bodies.user],
  'POST /task/:id/unclaim': 'Give it back',
  'POST /task/:id/assignee': ['Assign it', bodies.user],
  'POST /task/:id/delegate': ['Ask somebody else to do it', bodies.user],
  'POST /task/:id/resolve': ['Give it back to its owner, done', bodies.variables],
  'GET /history/process-instance/:id': 'One instance, live or ended',
  'GET /history/activity-instance/:id': 'One activity that was passed',
  'GET /history/variable-instance/:id': 'One variable as it was last',
  'GET /history/variable-instance/:id/data': 'The bytes it had last',
  'GET /engine': 'Engines: one, default',
  'GET /version': 'The version of Camunda whose REST this is',
  ...ofDefinitions(),
  ...changingVariables('/process-instance/:id/variables'),
  ...changingVariables('/execution/:id/localVariables'),
}

function ofDefinitions(): Record<string, Written> {
  const named = ['/process-definition/:id', '/process-definition/key/:key']
  const all = [...named, '/process-definition/key/:key/tenant-id/:tenantId']
  return Object.fromEntries(
    all.flatMap((path): [string, Written][] => [
      [`GET ${path}`, path === named[0] ? 'One definition' : 'The newest version of a key'],
      [`GET ${path}/xml`, 'Its diagram as BPMN XML'],
      [`GET ${path}/diagram`, 'Its picture: always 204, there is none'],
      [`GET ${path}/startForm`, 'The key of its start form'],
      [`GET ${path}/statistics`, 'Live instances and incidents of each activity'],
      [`POST ${path}/start`, ['Start an instance', bodies.start]],
      [`POST ${path}/submit-form`, ['Start an instance, as a form does', bodies.start]],
      [`PUT ${path}/suspended`, ['Suspend or activate it', bodies.suspendDefinition]],
    ]),
  )
}

function changingVariables(path: string): Record<string, Written> {
  return {
    [`POST ${path}`]: ['Set and remove variables', bodies.modifications],
    [`GET ${path}/:name/data`]: 'The bytes of a variable',
    [`POST ${path}/:name/data`]: 'Set a variable to the bytes of a form',
    [`PUT ${path}/:name`]: ['Set a variable', bodies.variable],
    [`DELETE ${path}/:name`]: 'Remove a variable',
  }
}

const deserialize = { deserializeValues: 'false: objects as their text' }

const withQuery: Record<string, RouteWords> = {
  'POST /deployment/create': {
    summary: 'Deploy diagrams: all of them or none',
    body: bodies.deployment,
    consumes: 'multipart/form-data',
  },
  'DELETE /deployment/:id': {
    summary: 'Remove a deployment',
    query: { cascade: 'true: with its instances, live ones included, and their history' },
  },
  'DELETE /process-instance/:id': {
    summary: 'End it; jobs that it created and that have not ended are cancelled',
    query: { failIfNotExists: 'false: no error when it is not there' },
  },
  ...readingVariables('/process-instance/:id/variables'),
  ...readingVariables('/execution/:id/localVariables'),
  'GET /task/:id/variables': { summary: 'Variables it can see', query: deserialize },
  'GET /task/:id/form-variables': { summary: 'Variables for its form', query: deserialize },
}

function readingVariables(path: string): Record<string, RouteWords> {
  return {
    [`GET ${path}`]: { summary: 'Its variables', query: deserialize },
    [`GET ${path}/:name`]: { summary: 'One variable', query: { deserializeValue: 'false: an object as its text' } },
  }
}

export function wordsOf(route: string): RouteWords | undefined {
  const found = withQuery[route] ?? written[route]
  if (found === undefined || (typeof found === 'object' && !Array.isArray(found))) return found
  if (typeof found === 'string') return { summary: found }
  return { summary: found[0], body: found[1] }
}
