/** Things most tests begin with: runtimes, and a model on its way to a deployment. */
import type { DeploymentInput, LeaseBody, RegisteredBody, RegisterInput } from '@rowhouse/contract'
import type { Wing } from './wing.ts'

export const pythonSource = 'def score(datum):\n    yield datum\n'

export const modelBody = (name: string, more: object = {}) => ({
  modelMetaData: { name, type: 'PYTHON' },
  modelAssets: [
    {
      name: 'model.py',
      assetType: 'SOURCE_CODE',
      assetRole: 'MODEL_SOURCE',
      primaryModelSource: true,
      sourceCode: pythonSource,
    },
  ],
  ...more,
})

export const csvInput = (text = 'a,b\n1,2\n') => [
  { name: 'in.csv', filename: 'in.csv', assetType: 'FILE', fileFormat: 'CSV', fileContentString: text },
]

export function register(
  wing: Wing,
  name: string,
  tags: string[],
  more: Partial<RegisterInput> = {},
): Promise<RegisteredBody> {
  return wing.runtime.engines.register({
    name,
    initialTags: tags,
    capabilities: { languages: ['PYTHON', 'JAVASCRIPT'] },
    ...more,
  })
}

export async function snapshotOf(wing: Wing, name: string, tags: string[], more: object = {}) {
  const stored = await wing.ann.storedModels.create(modelBody(name, more))
  return wing.ann.deployableModels.create({ storedModel: { id: stored.id }, metaData: { tags } })
}

export async function deployedModel(
  wing: Wing,
  tag: string,
  stage: string,
  more: Partial<DeploymentInput> & { model?: object } = {},
) {
  const { model, ...rest } = more
  const snapshot = await snapshotOf(wing, `model of ${tag}`, [tag], model)
  const list = await wing.ann.deployedModels.create({ deployableModel: { id: snapshot.id }, stage, ...rest })
  const [first] = list._embedded.deployedModels ?? []
  if (first === undefined) throw new Error('nothing was deployed')
  return first
}

export async function lease(wing: Wing, engine: RegisteredBody, waitMs = 0): Promise<LeaseBody | undefined> {
  return wing.runtime.engines.lease(engine.id, { session: engine.session, waitMs })
}

export async function leased(wing: Wing, engine: RegisteredBody, waitMs = 0): Promise<LeaseBody> {
  const taken = await lease(wing, engine, waitMs)
  if (taken === undefined) throw new Error('no job to lease')
  return taken
}

/** A runtime of its own with a deployment of its own, and a job in its queue. */
export async function queued(wing: Wing, tag: string) {
  const engine = await register(wing, tag, [tag, 'DEV'])
  const deployment = await deployedModel(wing, tag, 'DEV')
  const wish = { deployedModel: { id: deployment.id }, inputData: csvInput() }
  const { id } = await wing.ann.jobs.create(wish)
  return { engine, id, wish, deployment, create: () => wing.ann.jobs.create(wish) }
}

export const complete = { jobStatus: 'COMPLETE', jobResult: 'SUCCESS' } as const

export async function history(wing: Wing, jobId: string) {
  const list = await wing.ann.call<{
    _embedded: { jobHistories: { events: { event: string; cause: string; jobStatus: string }[]; jobStatus: string }[] }
  }>('GET', '/model-manage/api/jobHistories/search/findAllByJobId', undefined, { query: { jobId } })
  const [only] = list._embedded.jobHistories
  if (only === undefined || list._embedded.jobHistories.length !== 1) throw new Error('a job has one history')
  return only
}
