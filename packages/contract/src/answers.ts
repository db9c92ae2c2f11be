/** What each call answers, for /openapi.json: success by status and shape, failure in the dialect of its path. Nothing is checked by it. */
import { z } from 'zod'
import { mlcRest, modelManageApi } from './client.ts'
import { IncidentBody, ProcessDefinitionBody, ProcessInstanceBody, SignalResponsiveBody } from './mlc.ts'
import {
  DeployableModelBody,
  DeployedModelBody,
  EngineBody,
  JobBody,
  JobHistoryBody,
  NotificationBody,
  StoredModelBody,
} from './model-manage.ts'
import { CamundaErrorBody, ProblemBody } from './wire-errors.ts'

export interface Answer {
  /** `2XX` where it depends. */
  status: '200' | '201' | '204' | '2XX'
  meaning: string
  shape?: z.ZodType
}

export const TokenBody = z.object({
  access_token: z.string(),
  refresh_token: z.string(),
  expires_in: z.number().int().describe('Seconds'),
  token_type: z.literal('Bearer'),
})

const documents: Readonly<Record<string, z.ZodType>> = {
  storedModels: StoredModelBody,
  deployableModels: DeployableModelBody,
  deployedModels: DeployedModelBody,
  engines: EngineBody,
  jobs: JobBody,
  jobHistories: JobHistoryBody,
  notifications: NotificationBody,
}

/** `path` as routes are written: `/model-manage/api/jobs/:id`. */
export function answerOf(method: string, path: string): Answer {
  if (path.startsWith(`${modelManageApi}/`)) return ofModelManage(method, path.slice(modelManageApi.length + 1))
  if (path.startsWith(`${mlcRest}/`)) return ofEngine(method, path.slice(mlcRest.length + 1))
  if (path === '/gocli/token') return ok('Tokens', TokenBody)
  return ok('It is so', z.looseObject({ status: z.string() }))
}

/** What every failed call below `path` answers. */
export function failureOf(path: string): { contentType: string; shape: z.ZodType } {
  if (path.startsWith(`${mlcRest}/`)) return { contentType: 'application/json', shape: CamundaErrorBody }
  return { contentType: 'application/problem+json', shape: ProblemBody }
}

const ok = (meaning: string, shape: z.ZodType): Answer => ({ status: '200', meaning, shape })
const nothing: Answer = { status: '204', meaning: 'Done; no body' }
const done: Answer = { status: '2XX', meaning: 'Done' }

function ofModelManage(method: string, path: string): Answer {
  const [first = '', second, third] = path.split('/')
  const collection = /^model\w+Job$/.test(first) ? 'jobs' : first
  const shape = documents[collection]
  if (shape === undefined || second === 'register') return done
  if (third === 'findMostRecentBatch' || third === 'cancel') return ok('The document', shape)
  if (third === 'rerun') return { status: '201', meaning: 'The new job', shape }
  if (second === 'search' || (second === undefined && method === 'GET')) return listOf(collection, shape)
  if (third !== undefined) return done
  if (method === 'DELETE') return nothing
  if (method !== 'POST') return ok('The document', shape)
  if (collection === 'deployedModels') return { ...listOf(collection, shape), status: '201' }
  return { status: '201', meaning: 'Made; Location tells where it is', shape }
}

function listOf(collection: string, shape: z.ZodType): Answer {
  const link = z.looseObject({ href: z.string() })
  const page = z.object({
    size: z.number().int(),
    totalElements: z.number().int(),
    totalPages: z.number().int(),
    number: z.number().int(),
  })
  const members = z.object({ [collection]: z.array(shape) })
  const list = z.object({ _embedded: members, _links: z.record(z.string(), link), page: page.optional() })
  return ok('A page of documents; none is 200 with an empty list', list)
}

const entities: Readonly<Record<string, z.ZodType>> = {
  'process-definition': ProcessDefinitionBody,
  'process-instance': ProcessInstanceBody,
  incident: IncidentBody,
}

/** Camunda answers 204 to whatever changes something, and in JSON of its own to the rest. */
function ofEngine(method: string, path: string): Answer {
  const entity = entities[path.split('/')[0] ?? '']
  if (path === 'signalResponsive') return ok('What the signal started and woke', SignalResponsiveBody)
  if (/(^|\/)count$/.test(path)) return ok('How many', z.object({ count: z.number().int() }))
  if (/^process-definition\/.*\/(start|submit-form)$/.test(path)) return ok('The instance', ProcessInstanceBody)
  const isWhole = /^[\w-]+(\/(:id|key\/:key(\/tenant-id\/:tenantId)?))?$/.test(path)
  if (entity !== undefined && isWhole && (method === 'GET' || !path.includes('/')))
    return path.includes('/') ? ok('It', entity) : ok('Those that match', z.array(entity))
  if (method === 'GET' || path === 'deployment/create') return done
  const answersRows = /^(message|external-task\/fetchAndLock|task\/:id\/(complete|submit-form)|[\w-]+|history\/[\w-]+)$/
  return path !== 'signal' && answersRows.test(path) ? done : nothing
}
