/**
 * The one typed client: the way from a wing to another, and from runtime, command line and quickstart to the server.
 * `fetch` may be the network's or a neighbour app's `inject`. Failed answers come back as the error tree.
 */
import { AppError, Unavailable } from './errors.ts'
import type {
  ActivityBody,
  DomainEvent,
  IncidentBody,
  ProcessDefinitionBody,
  ProcessInstanceBody,
  SignalBody,
  SignalResponsiveBody,
} from './mlc.ts'
import type {
  DeployableModelBody,
  DeployedModelBody,
  DeploymentInput,
  EngineBody,
  HalList,
  JobBody,
  JobHistoryBody,
  JobInput,
  NotificationBody,
  NotificationInput,
  SnapshotInput,
  StoredModelBody,
  StoredModelInput,
} from './model-manage.ts'
import type {
  FinishInput,
  HeartbeatBody,
  HeartbeatInput,
  LeaseBody,
  LeaseInput,
  ProgressBody,
  ProgressInput,
  RegisteredBody,
  RegisterInput,
  ReleaseInput,
} from './runtime-protocol.ts'
import { fromErrorResponse } from './wire-errors.ts'

export type Fetch = (url: string, init: RequestInit & { duplex?: 'half' }) => Promise<Response>

export interface ClientOptions {
  /** Gateway URL without a trailing slash; wings reached in one process use any placeholder. */
  baseUrl: string
  fetch?: Fetch
  /** Called for each request; undefined sends no Authorization header (an unsecured gateway). */
  token?: () => Promise<string | undefined> | string | undefined
  /** How to get a fresh token after a 401; the request is repeated once. */
  renewToken?: () => Promise<string | undefined>
}

export interface CallOptions {
  query?: Record<string, string | number | boolean | undefined>
  headers?: Record<string, string>
  signal?: AbortSignal
}
export interface CreateOptions extends CallOptions {
  idempotencyKey?: string
}

export const modelManageApi = '/model-manage/api'
export const mlcRest = '/mlc-service/rest'

export type Client = ReturnType<typeof makeClient>

export function makeClient(options: ClientOptions) {
  const doFetch: Fetch = options.fetch ?? ((url, init) => fetch(url, init))

  async function send(
    method: string,
    path: string,
    body: unknown,
    call: CallOptions = {},
    retried = false,
  ): Promise<Response> {
    const headers: Record<string, string> = { accept: 'application/json', ...call.headers }
    const token = await options.token?.()
    if (token !== undefined) headers.authorization = `Bearer ${token}`
    const init: RequestInit & { duplex?: 'half' } = { method, headers }
    if (call.signal) init.signal = call.signal
    if (body !== undefined) {
      if (isRawBody(body)) {
        init.body = body
        init.duplex = 'half'
      } else {
        headers['content-type'] ??= 'application/json'
        init.body = JSON.stringify(body)
      }
    }
    const url = `${options.baseUrl}${path}${queryString(call.query)}`
    let response: Response
    try {
      response = await doFetch(url, init)
    } catch (error) {
      if (error instanceof AppError || call.signal?.aborted) throw error
      throw new Unavailable(`${options.baseUrl} does not answer (${causeText(error)})`, 1000, error)
    }
    if (response.status === 401 && options.renewToken && !retried && !(body instanceof ReadableStream)) {
      await response.body?.cancel()
      await options.renewToken()
      return send(method, path, body, call, true)
    }
    if (!response.ok) throw fromErrorResponse(response.status, await readBody(response))
    return response
  }

  async function call<T>(method: string, path: string, body?: unknown, callOptions?: CallOptions): Promise<T> {
    const response = await send(method, path, body, callOptions)
    return (await readBody(response)) as T
  }

  const mm = modelManageApi
  const get = <T>(path: string, o?: CallOptions) => call<T>('GET', path, undefined, o)
  const post = <T>(path: string, body: unknown, o?: CallOptions) => call<T>('POST', path, body, o)
  const idempotent = (o: CreateOptions = {}): CallOptions =>
    o.idempotencyKey === undefined ? o : { ...o, headers: { ...o.headers, 'idempotency-key': o.idempotencyKey } }
  const list =
    <T>(rel: string) =>
    (query?: CallOptions['query'], o?: CallOptions) =>
      get<HalList<T>>(`${mm}/${rel}`, { ...o, query: { ...query } })
  const one =
    <T>(rel: string) =>
    (id: string, o?: CallOptions) =>
      get<T>(`${mm}/${rel}/${encodeURIComponent(id)}`, o)
  const attempt = (a: { jobId: string; attempt: number }, verb: string) =>
    `${mm}/jobs/${encodeURIComponent(a.jobId)}/attempts/${a.attempt}/${verb}`

  return {
    /** Any call, for what has no method here. Throws the error tree. */
    call,
    /** Any call whose answer is a stream or has headers of interest. */
    send,
    storedModels: {
      list: list<StoredModelBody>('storedModels'),
      get: one<StoredModelBody>('storedModels'),
      create: (body: StoredModelInput, o?: CallOptions) => post<StoredModelBody>(`${mm}/storedModels`, body, o),
      patch: (id: string, body: Record<string, unknown>, o?: CallOptions) =>
        call<StoredModelBody>('PATCH', `${mm}/storedModels/${encodeURIComponent(id)}`, body, o),
    },
    deployableModels: {
      list: list<DeployableModelBody>('deployableModels'),
      get: one<DeployableModelBody>('deployableModels'),
      create: (body: SnapshotInput, o?: CallOptions) => post<DeployableModelBody>(`${mm}/deployableModels`, body, o),
    },
    deployedModels: {
      list: list<DeployedModelBody>('deployedModels'),
      get: one<DeployedModelBody>('deployedModels'),
      create: (body: DeploymentInput, o?: CallOptions) =>
        post<HalList<DeployedModelBody>>(`${mm}/deployedModels`, body, o),
      patch: (id: string, body: Record<string, unknown>, o?: CallOptions) =>
        call<DeployedModelBody>('PATCH', `${mm}/deployedModels/${encodeURIComponent(id)}`, body, o),
      /** Newest first. `tag` matches a service tag or the stage. */
      findByStoredModelNameAndStateAndTag: (
        query: { storedModelName?: string; state?: string; tag?: string },
        o?: CallOptions,
      ) =>
        get<HalList<DeployedModelBody>>(`${mm}/deployedModels/search/findAllByStoredModelNameAndStateAndTag`, {
          ...o,
          query,
        }),
      /** The newest DEPLOYED one for service tag and stage. Throws Unmet ModelNotDeployed that says what was nearly right. */
      findMostRecentBatch: (tag: string, stage: string, o?: CallOptions) =>
        get<DeployedModelBody>(`${mm}/deployedModels/search/findMostRecentBatch`, { ...o, query: { tag, stage } }),
    },
    engines: {
      list: list<EngineBody>('engines'),
      get: one<EngineBody>('engines'),
      patch: (id: string, body: Record<string, unknown>, o?: CallOptions) =>
        call<EngineBody>('PATCH', `${mm}/engines/${encodeURIComponent(id)}`, body, o),
      findByTags: (tags: string[], o?: CallOptions) =>
        get<HalList<EngineBody>>(`${mm}/engines/search/findAllByTags`, { ...o, query: { tags: tags.join(',') } }),
      register: (body: RegisterInput, o?: CallOptions) => post<RegisteredBody>(`${mm}/engines/register`, body, o),
      heartbeat: (id: string, body: HeartbeatInput, o?: CallOptions) =>
        post<HeartbeatBody>(`${mm}/engines/${id}/heartbeat`, body, o),
      /** undefined after `waitMs` without work. */
      lease: (id: string, body: LeaseInput, o?: CallOptions) =>
        post<LeaseBody | undefined>(`${mm}/engines/${id}/lease`, body, o),
      unregister: (id: string, session: number, o?: CallOptions) =>
        post<void>(`${mm}/engines/${id}/unregister`, { session }, o),
    },
    jobs: {
      list: list<JobBody>('jobs'),
      get: one<JobBody>('jobs'),
      /** Without contents of assets: for those who look at it again and again. */
      look: (id: string, o?: CallOptions) =>
        get<JobBody>(`${mm}/jobs/${encodeURIComponent(id)}`, { ...o, query: { ...o?.query, contents: false } }),
      create: (body: JobInput, o?: CreateOptions) => post<JobBody>(`${mm}/jobs`, body, idempotent(o)),
      cancel: (id: string, reason?: string, o?: CallOptions) =>
        post<JobBody>(`${mm}/jobs/${encodeURIComponent(id)}/cancel`, { reason }, o),
      rerun: (id: string, o?: CreateOptions) =>
        post<JobBody>(`${mm}/jobs/${encodeURIComponent(id)}/rerun`, {}, idempotent(o)),
      /** Content of the n-th output as a stream. */
      output: (id: string, n = 0, o?: CallOptions) =>
        send('GET', `${mm}/jobs/${encodeURIComponent(id)}/outputData/${n}/content`, undefined, o),
      progress: (a: { jobId: string; attempt: number }, body: ProgressInput, o?: CallOptions) =>
        post<ProgressBody>(attempt(a, 'progress'), body, o),
      finish: (a: { jobId: string; attempt: number }, body: FinishInput, o?: CallOptions) =>
        post<JobBody>(attempt(a, 'finish'), body, o),
      release: (a: { jobId: string; attempt: number }, body: ReleaseInput, o?: CallOptions) =>
        post<void>(attempt(a, 'release'), body, o),
    },
    jobHistories: {
      list: list<JobHistoryBody>('jobHistories'),
      findByRootProcessInstanceId: (processInstanceId: string, o?: CallOptions) =>
        get<HalList<JobHistoryBody>>(
          `${mm}/jobHistories/search/findAllByJobMLCS_ProcessInstanceRootProcessInstanceId`,
          { ...o, query: { processInstanceId } },
        ),
    },
    notifications: {
      list: list<NotificationBody>('notifications'),
      create: (body: NotificationInput, o?: CreateOptions) =>
        post<NotificationBody>(`${mm}/notifications`, body, idempotent(o)),
    },
    files: {
      /** Streams up; answers its SHA-256 and size. The same bytes twice are one file. */
      upload: async (content: ReadableStream | Uint8Array, o: CallOptions & { filename?: string } = {}) => {
        const headers = { 'content-type': 'application/octet-stream', ...o.headers }
        const query = o.filename === undefined ? {} : { filename: o.filename }
        return call<{ sha256: string; size: number }>('POST', `${mm}/files`, content, { ...o, headers, query })
      },
      download: (sha256: string, o?: CallOptions) => send('GET', `${mm}/files/${sha256}`, undefined, o),
    },
    mlc: {
      signal: (body: SignalBody, o?: CallOptions) => post<void>(`${mlcRest}/signal`, body, o),
      signalResponsive: (body: SignalBody, o?: CreateOptions) =>
        post<SignalResponsiveBody>(`${mlcRest}/signalResponsive`, body, idempotent(o)),
      incidents: (processInstanceId: string, o?: CallOptions) =>
        get<IncidentBody[]>(`${mlcRest}/incident`, { ...o, query: { processInstanceId } }),
      processInstance: (id: string, o?: CallOptions) =>
        get<ProcessInstanceBody>(`${mlcRest}/process-instance/${encodeURIComponent(id)}`, o),
      historicProcessInstance: (id: string, o?: CallOptions) =>
        get<Record<string, unknown>>(`${mlcRest}/history/process-instance/${encodeURIComponent(id)}`, o),
      setVariable: (instanceId: string, name: string, body: { value: unknown; type: string }, o?: CallOptions) =>
        call<void>(
          'PUT',
          `${mlcRest}/process-instance/${encodeURIComponent(instanceId)}/variables/${encodeURIComponent(name)}`,
          body,
          o,
        ),
      setRetries: (of: 'job' | 'external-task', id: string, retries: number, o?: CallOptions) =>
        call<void>('PUT', `${mlcRest}/${of}/${encodeURIComponent(id)}/retries`, { retries }, o),
      /** Where the instance stands: activities that were entered and not left. */
      openActivities: (processInstanceId: string, o?: CallOptions) =>
        get<ActivityBody[]>(`${mlcRest}/history/activity-instance`, {
          ...o,
          query: { processInstanceId, unfinished: 'true' },
        }),
      processDefinitions: (query?: CallOptions['query'], o?: CallOptions) =>
        get<ProcessDefinitionBody[]>(`${mlcRest}/process-definition`, { ...o, query: { ...query } }),
      /** Multipart `/deployment/create`; `files` by resource name. */
      deploy: (
        name: string,
        files: Record<string, string>,
        o: CallOptions & { duplicateFiltering?: boolean; source?: string } = {},
      ) => {
        const form = new FormData()
        form.set('deployment-name', name)
        if (o.duplicateFiltering) form.set('enable-duplicate-filtering', 'true')
        if (o.source !== undefined) form.set('deployment-source', o.source)
        for (const [file, text] of Object.entries(files))
          form.set(file, new Blob([text], { type: 'application/octet-stream' }), file)
        return post<Record<string, unknown>>(`${mlcRest}/deployment/create`, form, o)
      },
      tell: (event: DomainEvent, o?: CallOptions) => post<void>(`${mlcRest}/events`, event, o),
    },
  }
}

function isRawBody(body: unknown): body is ReadableStream | Uint8Array | FormData | URLSearchParams | string {
  return (
    body instanceof ReadableStream ||
    body instanceof Uint8Array ||
    body instanceof FormData ||
    body instanceof URLSearchParams ||
    typeof body === 'string'
  )
}

function queryString(query: CallOptions['query']): string {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(query ?? {})) if (value !== undefined) params.set(key, String(value))
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}

async function readBody(response: Response): Promise<unknown> {
  const text = await response.text()
  if (text === '') return undefined
  if (!/json/.test(response.headers.get('content-type') ?? '')) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function causeText(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = (cause as { code?: string }).code
  if (code === 'ECONNREFUSED') return 'connection refused: is the server running?'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'no such host: check the URL'
  return code ?? (cause instanceof Error ? cause.message : String(cause))
}
