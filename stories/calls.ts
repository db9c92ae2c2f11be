/** Plain HTTP as any client sends it, for stories about what is wrong with it. */
import { eventually, type Rowhouse } from './rowhouse.ts'

export interface Answer {
  status: number
  headers: Headers
  /** Parsed where it is JSON, else the text. */
  // biome-ignore lint/suspicious/noExplicitAny: bodies of any shape are looked into
  body: any
  text: string
}

export interface Call {
  /** A text goes as it is. */
  body?: unknown
  headers?: Record<string, string>
  /** Default: the token of an admin. null: none. */
  token?: string | null
}

export async function call(
  rowhouse: Rowhouse,
  method: string,
  path: string,
  { body, headers = {}, token = rowhouse.token }: Call = {},
): Promise<Answer> {
  const sent: Record<string, string> = { 'content-type': 'application/json', ...headers }
  if (body === undefined) delete sent['content-type']
  if (token !== null) sent.authorization = `Bearer ${token}`
  const response = await fetch(rowhouse.url + path, {
    method,
    headers: sent,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: parsed(text), text }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

export const signalName = 'com.modelop.mlc.definitions.Signals_DEPLOYED_BATCH_JOB'

/** Sends a signal; answers the id of the instance it started. */
export async function startBySignal(
  rowhouse: Rowhouse,
  variables: Record<string, unknown>,
  name = signalName,
): Promise<string> {
  const wire = Object.fromEntries(Object.entries(variables).map(([key, value]) => [key, { value }]))
  const answer = await call(rowhouse, 'POST', '/mlc-service/rest/signalResponsive', { body: { name, variables: wire } })
  if (answer.status !== 200) throw new Error(answer.text)
  return answer.body.processInstanceId
}

export function incidentOf(
  rowhouse: Rowhouse,
  processInstanceId: string,
): Promise<{ incidentMessage: string; activityId: string }> {
  return eventually(`the incident of ${processInstanceId}`, async () => {
    const answer = await call(rowhouse, 'GET', `/mlc-service/rest/incident?processInstanceId=${processInstanceId}`)
    return answer.body[0]
  })
}
