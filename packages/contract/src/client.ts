/**
 * The one typed client: the way from a wing to another, and from runtime, command line and quickstart to the server.
 * Failed answers come back as the error tree.
 */
import {
  type CallOptions,
  type Calls,
  type ClientOptions,
  type CreateOptions,
  makeCalls,
  type StreamMaker,
} from './calls.ts'
import type {
  ActivityBody,
  DomainEvent,
  IncidentBody,
  ProcessDefinitionBody,
  SignalBody,
  SignalResponsiveBody,
  TakenEvents,
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
  AttemptRef,
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

export const modelManageApi = '/model-manage/api'
export const mlcRest = '/mlc-service/rest'
const mm = modelManageApi

export type Client = ReturnType<typeof makeClient>

export function makeClient(options: ClientOptions) {
  const calls = makeCalls(options)
  return {
    /** Any call, for what has no method here. Throws the error tree. */
    call: calls.call,
    /** Any call whose answer is a stream or has headers of interest. */
    send: calls.send,
    ...modelCalls(calls),
    engines: engineCalls(calls),
    jobs: jobCalls(calls),
    ...recordCalls(calls),
    files: fileCalls(calls),
    mlc: mlcCalls(calls),
  }
}

function modelCalls(calls: Calls) {
  return {
    storedModels: {
      list: listOf<StoredModelBody>(calls, 'storedModels'),
      get: oneOf<StoredModelBody>(calls, 'storedModels'),
      create: (body: StoredModelInput, o?: CallOptions) => calls.post<StoredModelBody>(`${mm}/storedModels`, body, o),
      patch: (id: string, body: Record<string, unknown>, o?: CallOptions) =>
        calls.call<StoredModelBody>('PATCH', `${mm}/storedModels/${encodeURIComponent(id)}`, body, o),
    },
    deployableModels: {
      list: listOf<DeployableModelBody>(calls, 'deployableModels'),
      get: oneOf<DeployableModelBody>(calls, 'deployableModels'),
      create: (body: SnapshotInput, o?: CallOptions) =>
        calls.post<DeployableModelBody>(`${mm}/deployableModels`, body, o),
      findByStoredModelId: (storedModelId: string, o?: CallOptions) =>
        calls.get<HalList<DeployableModelBody>>(`${mm}/deployableModels/search/findAllByStoredModelId`, {
          ...o,
          query: { ...o?.query, storedModelId },
        }),
      /** By their own name or that of their model. */
      findByName: (name: string, o?: CallOptions) =>
        calls.get<HalList<DeployableModelBody>>(`${mm}/deployableModels/search/findAllByName`, {
          ...o,
          query: { ...o?.query, name },
        }),
    },
    deployedModels: {
      get: oneOf<DeployedModelBody>(calls, 'deployedModels'),
      create: (body: DeploymentInput, o?: CallOptions) =>
        calls.post<HalList<DeployedModelBody>>(`${mm}/deployedModels`, body, o),
      patch: (id: string, body: Record<string, unknown>, o?: CallOptions) =>
        calls.call<DeployedModelBody>('PATCH', `${mm}/deployedModels/${encodeURIComponent(id)}`, body, o),
      /** Newest first. `tag` matches a service tag or the stage. */
      findByStoredModelNameAndStateAndTag: (
        query: { storedModelName?: string; state?: string; tag?: string },
        o?: CallOptions,
      ) =>
        calls.get<HalList<DeployedModelBody>>(`${mm}/deployedModels/search/findAllByStoredModelNameAndStateAndTag`, {
          ...o,
          query,
        }),
      /** The newest DEPLOYED one for service tag and stage. Throws Unmet ModelNotDeployed that says what was nearly right. */
      findMostRecentBatch: (tag: string, stage: string, o?: CallOptions) =>
        calls.get<DeployedModelBody>(`${mm}/deployedModels/search/findMostRecentBatch`, {
          ...o,
          query: { tag, stage },
        }),
    },
  }
}

function engineCalls(calls: Calls) {
  return {
    list: listOf<EngineBody>(calls, 'engines'),
    get: oneOf<EngineBody>(calls, 'engines'),
    patch: (id: string, body: Record<string, unknown>, o?: CallOptions) =>
      calls.call<EngineBody>('PATCH', `${mm}/engines/${encodeURIComponent(id)}`, body, o),
    /** Those that carry all the tags; a page of 20 unless `o.query` says otherwise. */
    findByTags: (tags: string[], o?: CallOptions) =>
      calls.get<HalList<EngineBody>>(`${mm}/engines/search/findAllByTags`, {
        ...o,
        query: { ...o?.query, tags: tags.join(',') },
      }),
    register: (body: RegisterInput, o?: CallOptions) => calls.post<RegisteredBody>(`${mm}/engines/register`, body, o),
    heartbeat: (id: string, body: HeartbeatInput, o?: CallOptions) =>
      calls.post<HeartbeatBody>(`${mm}/engines/${id}/heartbeat`, body, o),
    /** undefined after `waitMs` without work. */
    lease: (id: string, body: LeaseInput, o?: CallOptions) =>
      calls.post<LeaseBody | undefined>(`${mm}/engines/${id}/lease`, body, o),
    unregister: (id: string, session: number, o?: CallOptions) =>
      calls.post<void>(`${mm}/engines/${id}/unregister`, { session }, o),
  }
}

function jobCalls(calls: Calls) {
  return {
    list: listOf<JobBody>(calls, 'jobs'),
    get: oneOf<JobBody>(calls, 'jobs'),
    /** Without contents of assets: for those who look at it again and again. */
    look: (id: string, o?: CallOptions) =>
      calls.get<JobBody>(`${mm}/jobs/${encodeURIComponent(id)}`, { ...o, query: { ...o?.query, contents: false } }),
    create: (body: JobInput, o?: CreateOptions) => calls.post<JobBody>(`${mm}/jobs`, body, idempotent(o)),
    cancel: (id: string, reason?: string, o?: CallOptions) =>
      calls.post<JobBody>(`${mm}/jobs/${encodeURIComponent(id)}/cancel`, { reason }, o),
    rerun: (id: string, o?: CreateOptions) =>
      calls.post<JobBody>(`${mm}/jobs/${encodeURIComponent(id)}/rerun`, {}, idempotent(o)),
    /** Content of the n-th output as a stream. */
    output: (id: string, n = 0, o?: CallOptions) =>
      calls.send('GET', `${mm}/jobs/${encodeURIComponent(id)}/outputData/${n}/content`, undefined, o),
    progress: (a: AttemptRef, body: ProgressInput, o?: CallOptions) =>
      calls.post<ProgressBody>(attempt(a, 'progress'), body, o),
    finish: (a: AttemptRef, body: FinishInput, o?: CallOptions) => calls.post<JobBody>(attempt(a, 'finish'), body, o),
    release: (a: AttemptRef, body: ReleaseInput, o?: CallOptions) => calls.post<void>(attempt(a, 'release'), body, o),
  }
}

function recordCalls(calls: Calls) {
  return {
    jobHistories: {
      list: listOf<JobHistoryBody>(calls, 'jobHistories'),
      /** Newest first, a page of 20 unless `o.query` says otherwise. */
      findByRootProcessInstanceId: (processInstanceId: string, o?: CallOptions) =>
        calls.get<HalList<JobHistoryBody>>(
          `${mm}/jobHistories/search/findAllByJobMLCS_ProcessInstanceRootProcessInstanceId`,
          { ...o, query: { ...o?.query, processInstanceId } },
        ),
    },
    notifications: {
      list: listOf<NotificationBody>(calls, 'notifications'),
      create: (body: NotificationInput, o?: CreateOptions) =>
        calls.post<NotificationBody>(`${mm}/notifications`, body, idempotent(o)),
    },
  }
}

function fileCalls(calls: Calls) {
  return {
    /** Streams up; answers its SHA-256 and size. The same bytes twice are one file. */
    upload: async (content: ReadableStream | StreamMaker | Uint8Array, o: CallOptions & { filename?: string } = {}) => {
      const headers = { 'content-type': 'application/octet-stream', ...o.headers }
      const query = o.filename === undefined ? {} : { filename: o.filename }
      return calls.call<{ sha256: string; size: number }>('POST', `${mm}/files`, content, { ...o, headers, query })
    },
    download: (sha256: string, o?: CallOptions) => calls.send('GET', `${mm}/files/${sha256}`, undefined, o),
  }
}

function mlcCalls(calls: Calls) {
  return {
    /** The body may be the JSON text of one. */
    signalResponsive: (body: SignalBody | string, o: CreateOptions = {}) => {
      const headers = { 'content-type': 'application/json', ...o.headers }
      return calls.post<SignalResponsiveBody>(`${mlcRest}/signalResponsive`, body, idempotent({ ...o, headers }))
    },
    incidents: (processInstanceId: string, o?: CallOptions) =>
      calls.get<IncidentBody[]>(`${mlcRest}/incident`, { ...o, query: { processInstanceId } }),
    historicProcessInstance: (id: string, o?: CallOptions) =>
      calls.get<Record<string, unknown>>(`${mlcRest}/history/process-instance/${encodeURIComponent(id)}`, o),
    setVariable: (instanceId: string, name: string, body: { value: unknown; type: string }, o?: CallOptions) =>
      calls.call<void>(
        'PUT',
        `${mlcRest}/process-instance/${encodeURIComponent(instanceId)}/variables/${encodeURIComponent(name)}`,
        body,
        o,
      ),
    setRetries: (of: 'job' | 'external-task', id: string, retries: number, o?: CallOptions) =>
      calls.call<void>('PUT', `${mlcRest}/${of}/${encodeURIComponent(id)}/retries`, { retries }, o),
    /** Where the instance stands: activities that were entered and not left. */
    openActivities: (processInstanceId: string, o?: CallOptions) =>
      calls.get<ActivityBody[]>(`${mlcRest}/history/activity-instance`, {
        ...o,
        query: { processInstanceId, unfinished: 'true' },
      }),
    processDefinitions: (query?: CallOptions['query'], o?: CallOptions) =>
      calls.get<ProcessDefinitionBody[]>(`${mlcRest}/process-definition`, { ...o, query: { ...query } }),
    /** Multipart `/deployment/create`; `files` by resource name. */
    deploy: (
      name: string,
      files: Record<string, string | Uint8Array<ArrayBuffer>>,
      o: CallOptions & { duplicateFiltering?: boolean; source?: string } = {},
    ) => {
      const form = new FormData()
      form.set('deployment-name', name)
      if (o.duplicateFiltering) form.set('enable-duplicate-filtering', 'true')
      if (o.source !== undefined) form.set('deployment-source', o.source)
      for (const [file, content] of Object.entries(files))
        form.set(file, new Blob([content], { type: 'application/octet-stream' }), file)
      return calls.post<Record<string, unknown>>(`${mlcRest}/deployment/create`, form, o)
    },
    tell: (events: DomainEvent[], o?: CallOptions) => calls.post<TakenEvents>(`${mlcRest}/events`, { events }, o),
  }
}

function listOf<T>({ get }: Calls, rel: string) {
  return (query?: CallOptions['query'], o?: CallOptions) =>
    get<HalList<T>>(`${mm}/${rel}`, { ...o, query: { ...query } })
}

function oneOf<T>({ get }: Calls, rel: string) {
  return (id: string, o?: CallOptions) => get<T>(`${mm}/${rel}/${encodeURIComponent(id)}`, o)
}

function attempt({ jobId, attempt: n }: AttemptRef, verb: string): string {
  return `${mm}/jobs/${encodeURIComponent(jobId)}/attempts/${n}/${verb}`
}

function idempotent(o: CreateOptions = {}): CallOptions {
  return o.idempotencyKey === undefined ? o : { ...o, headers: { ...o.headers, 'idempotency-key': o.idempotencyKey } }
}
