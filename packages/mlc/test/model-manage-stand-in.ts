/** A neighbour app that answers the few calls the delegates make, over HTTP, and remembers what it was asked. */
import fastify from 'fastify'

export interface ModelManageStandIn {
  url: string
  /** What jobs were asked for, in order; a repeated key is the same job. */
  jobs: { id: string; key: string; body: Record<string, unknown>; jobStatus: string; jobResult: string }[]
  notifications: Record<string, unknown>[]
  cancelled: { jobId: string; reason: string }[]
  deployments: { snapshot: string; stage: string }[]
  /** What snapshots name; their service tag is cc-fraud. */
  targetRuntimes: { tags: string[] }[]
  /** Stages no runtime is in: to deploy there is refused. */
  emptyStages: string[]
  /** Service tag + stage that are deployed. */
  deployed: Set<string>
  /** Set: job creation is refused with this problem. */
  refuseJobs: { status: number; body: Record<string, unknown> } | null
  /** How often a job was asked for. */
  jobsAsked: number
  /** Set: a job is created only when this is over. */
  holdJobs: Promise<void> | null
  /** How often the newest deployment was asked for. */
  deploymentsAsked: number
  /** Set: it is answered only when this is over. */
  holdDeployments: Promise<void> | null
  stop(): Promise<void>
}

export async function startModelManage(): Promise<ModelManageStandIn> {
  const app = fastify({ forceCloseConnections: true })
  const standIn: ModelManageStandIn = {
    url: '',
    jobs: [],
    notifications: [],
    cancelled: [],
    deployments: [],
    targetRuntimes: [{ tags: ['DEV', 'cc-fraud'] }, { tags: ['SIT'] }],
    emptyStages: [],
    deployed: new Set(['cc-fraud DEV']),
    refuseJobs: null,
    jobsAsked: 0,
    holdJobs: null,
    deploymentsAsked: 0,
    holdDeployments: null,
    stop: () => app.close(),
  }
  const api = '/model-manage/api'
  app.get(`${api}/deployedModels/search/findMostRecentBatch`, async (request, reply) => {
    standIn.deploymentsAsked++
    await standIn.holdDeployments
    const { tag, stage } = request.query as { tag: string; stage: string }
    if (standIn.deployed.has(`${tag} ${stage}`)) return deployedModel(tag, stage)
    const message = `No model is deployed as batch for the service tag '${tag}' on the stage '${stage}'; nearest: 'cc-fraud' on 'DEV'`
    return reply.code(422).send(problem(422, 'ModelNotDeployed', message))
  })
  app.post(`${api}/jobs`, async (request, reply) => {
    standIn.jobsAsked++
    await standIn.holdJobs
    if (standIn.refuseJobs !== null) return reply.code(standIn.refuseJobs.status).send(standIn.refuseJobs.body)
    const key = String(request.headers['idempotency-key'])
    const known = standIn.jobs.find((job) => job.key === key)
    if (known !== undefined) return reply.code(201).send(jobBody(known))
    const job = {
      id: `job-${standIn.jobs.length + 1}`,
      key,
      body: request.body as Record<string, unknown>,
      jobStatus: 'CREATED',
      jobResult: 'UNKNOWN',
    }
    standIn.jobs.push(job)
    return reply.code(201).send(jobBody(job))
  })
  app.get(`${api}/jobs/:id`, async (request) => {
    const { id } = request.params as { id: string }
    const job = standIn.jobs.find((one) => one.id === id)
    return job === undefined ? problem(404, 'NotFound', `No job with id '${id}'`) : jobBody(job)
  })
  app.post(`${api}/jobs/:id/cancel`, async (request, reply) => {
    const { id } = request.params as { id: string }
    const job = standIn.jobs.find((one) => one.id === id)
    if (job?.jobStatus === 'CANCELLED')
      return reply.code(409).send(problem(409, 'JobAlreadyFinished', `Job ${id} has already ended`))
    if (job !== undefined) job.jobStatus = 'CANCELLED'
    standIn.cancelled.push({ jobId: id, reason: String((request.body as { reason?: string }).reason) })
    return { id }
  })
  app.get(`${api}/jobHistories/search/findAllByJobMLCS_ProcessInstanceRootProcessInstanceId`, async (request) => {
    const { processInstanceId } = request.query as { processInstanceId: string }
    const own = standIn.jobs.filter((job) => JSON.stringify(job.body).includes(processInstanceId))
    return { _embedded: { jobHistories: own.map((job) => ({ jobId: job.id, jobStatus: job.jobStatus })) }, _links: {} }
  })
  app.post(`${api}/notifications`, async (request, reply) => {
    standIn.notifications.push(request.body as Record<string, unknown>)
    return reply.code(201).send({ id: `n-${standIn.notifications.length}`, ...(request.body as object) })
  })
  app.get(`${api}/deployableModels/:id`, async (request) => ({
    id: (request.params as { id: string }).id,
    metaData: { tags: ['cc-fraud'] },
    targetRuntimes: standIn.targetRuntimes,
  }))
  app.post(`${api}/deployedModels`, async (request, reply) => {
    const { deployableModel, stage } = request.body as { deployableModel: { id: string }; stage: string }
    if (standIn.emptyStages.includes(stage)) {
      return reply.code(422).send(problem(422, 'NoMatchingRuntime', `No runtime matches: wanted tag '${stage}'`))
    }
    standIn.deployments.push({ snapshot: deployableModel.id, stage })
    return reply.code(201).send({ _embedded: { deployedModels: [deployedModel('cc-fraud', stage)] }, _links: {} })
  })
  standIn.url = await app.listen({ port: 0, host: '127.0.0.1' })
  return standIn
}

function deployedModel(tag: string, stage: string) {
  const source = { name: 'model.py', assetType: 'SOURCE_CODE', sourceCode: 'def score(x): return x' }
  const input = { name: 'in.csv', assetType: 'FILE', filename: 'in.csv', fileContent: 'YQo=' }
  return {
    id: 'deployed-1',
    stage,
    serviceTags: [tag],
    state: 'DEPLOYED',
    engine: { id: 'e1', name: 'dev-1' },
    inputData: [],
    outputData: [],
    additionalAssets: [],
    deployableModel: {
      id: 'snapshot-1',
      metaData: { tags: [tag] },
      storedModel: {
        id: 'stored-1',
        modelAssets: [source, input],
        requiredAssets: [{ name: 'in\\..*', usage: 'INPUT_ASSET' }],
      },
    },
  }
}

function jobBody(job: { id: string; jobStatus: string; jobResult: string; body: Record<string, unknown> }) {
  return { ...job.body, id: job.id, jobStatus: job.jobStatus, jobResult: job.jobResult, outcome: null }
}

function problem(status: number, code: string, message: string) {
  return {
    type: `urn:rowhouse:problem:${code}`,
    title: 'x',
    status,
    detail: message,
    code,
    timestamp: '2026-01-01T00:00:00.000Z',
    error: 'x',
    message,
  }
}
