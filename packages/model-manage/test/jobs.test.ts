import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { csvInput, deployedModel, history, pythonSource, register } from './fleet.ts'
import { failureOf, origin, startWing, type Wing } from './wing.ts'

let wing: Wing
beforeAll(async () => {
  wing = await startWing()
})
afterAll(() => wing.stop())

const url = (fileUrl: string) => [{ assetType: 'EXTERNAL_FILE', fileUrl }]

const unknownId = '00000000-0000-4000-8000-000000000000'

describe('creating a job', () => {
  it('of a deployment: answers CREATED, is WAITING in a queue, and both are in its history', async () => {
    const engine = await register(wing, 'j1', ['j1', 'DEV'])
    const deployment = await deployedModel(wing, 'j1', 'DEV')
    const response = await wing.ann.send('POST', '/model-manage/api/jobs', {
      deployedModel: { id: deployment.id },
      inputData: csvInput(),
    })
    const created = (await response.json()) as Record<string, unknown>
    expect(response.status).toBe(201)
    expect(created).toMatchObject({
      jobStatus: 'CREATED',
      jobResult: 'UNKNOWN',
      jobType: 'MODEL_BATCH_JOB',
      createdBy: 'ann',
      version: 0,
    })
    const job = await wing.ann.jobs.get(String(created.id))
    expect(job).toMatchObject({
      jobStatus: 'WAITING',
      version: 1,
      targetEngine: { id: engine.id, name: 'j1' },
      deployedModel: { id: deployment.id, stage: 'DEV' },
    })
    expect(job.jobWaitTime).toBeTypeOf('number')
    expect(job.jobRunTime).toBeNull()
    expect((await history(wing, job.id)).events.map((each) => each.event)).toEqual(['job.created', 'job.queued'])
    expect((await wing.ann.engines.get(engine.id)).queue).toEqual({ waiting: 1, running: 0 })
    expect(job.jobMessages[0]).toMatch(/^\d{4}\/\d{1,2}\/\d{1,2} \d{1,2}:\d\d:\d\d job received from ann$/)
  })

  it('can be read without contents by those who only look at its state', async () => {
    await register(wing, 'light', ['light', 'DEV'])
    const deployment = await deployedModel(wing, 'light', 'DEV')
    const { id } = await wing.ann.jobs.create({ deployedModel: { id: deployment.id }, inputData: csvInput() })
    const light = await wing.ann.jobs.get(id, { query: { contents: false } })
    expect(light).toMatchObject({ id, inputData: [{ name: 'in.csv' }] })
    expect(JSON.stringify(light)).not.toMatch(/"sourceCode"|"fileContentString"/)
  })

  it('has links of its type that work, and carries full copies that later changes do not touch', async () => {
    const engine = await register(wing, 'copy', ['copy', 'DEV'])
    const deployment = await deployedModel(wing, 'copy', 'DEV')
    const { id } = await wing.ann.jobs.create({ deployedModel: { id: deployment.id }, inputData: csvInput('x\n1\n') })
    await wing.ann.engines.patch(engine.id, { tags: ['copy', 'DEV', 'later'] })
    const job = (await wing.ann.call('GET', `/model-manage/api/modelBatchJob/${id}`)) as Record<string, never>
    const self = `${origin}/model-manage/api/modelBatchJob/${id}`
    expect(job).toMatchObject({ id, _links: { self: { href: self }, modelBatchJob: { href: self } } })
    expect(job).toMatchObject({
      targetEngine: { name: 'copy', tags: ['copy', 'DEV'] },
      model: { id: deployment.deployableModel.id, storedModel: { modelAssets: [{ sourceCode: pythonSource }] } },
      inputData: [{ fileContentString: 'x\n1\n' }],
    })
    const patch = { headers: { 'if-match': '"1"' } }
    expect(await wing.ann.call('PATCH', self, { note: 'seen' }, patch)).toMatchObject({ note: 'seen', version: 2 })
  })

  it('takes a full old job of another system: server-owned members and foreign ids are ignored', async () => {
    const old = {
      id: 'b1f6',
      version: 12,
      createdDate: '2021-12-26T11:55:16.595Z',
      lastModifiedBy: 'SYSTEM',
      jobType: 'MODEL_BATCH_JOB',
      jobStatus: 'COMPLETE',
      jobResult: 'SUCCESS',
      jobMessages: ['old'],
      jobEndTime: 1640519738243,
      _links: { self: { href: 'x' } },
      myMember: { kept: true },
      jobParameters: { '--executor-memory': '512MB', '-v': '' },
      model: {
        id: unknownId,
        version: 3,
        storedModel: {
          id: unknownId,
          modelMetaData: { type: 'UNKNOWN' },
          modelAssets: [{ name: 'm.py', assetType: 'SOURCE_CODE', primaryModelSource: true, sourceCode: 'x' }],
        },
      },
      inputData: [
        {
          assetType: 'EXTERNAL_FILE',
          fileUrl: 'hdfs:///in.csv',
          repositoryInfo: { repositoryType: 'HDFS_REPOSITORY', host: '', port: 0 },
        },
      ],
      outputData: url('hdfs:///out.csv'),
      targetEngine: {
        id: unknownId,
        engineType: 'SPARK_RUNTIME',
        name: 'spark-runtime-old',
        state: 'INIT',
        tags: ['x'],
      },
    }
    const job = await wing.ann.jobs.create(old as never)
    expect(job).toMatchObject({
      jobStatus: 'CREATED',
      jobResult: 'UNKNOWN',
      version: 0,
      jobEndTime: null,
      myMember: { kept: true },
      jobParameters: { '-v': '' },
    })
    expect(job.id).not.toBe('b1f6')
    expect(job.createdDate).not.toBe(old.createdDate)
  })

  it('is not given other work by a PATCH; what comes back as it was shown is taken', async () => {
    const engine = await register(wing, 'kept', ['kept', 'DEV'])
    const deployment = await deployedModel(wing, 'kept', 'DEV')
    const wish = { deployedModel: { id: deployment.id }, inputData: csvInput(), jobParameters: { x: 1 } }
    const { id } = await wing.ann.jobs.create(wish)
    const path = `/model-manage/api/jobs/${id}`
    for (const patch of [
      { jobParameters: { x: 2 } },
      { inputData: [] },
      { jobType: 'MODEL_BATCH_TEST_JOB' },
      { additionalAssets: [{ assetType: 'FILE', filename: 'a' }] },
    ]) {
      const field = Object.keys(patch)[0]
      await expect(wing.ann.call('PATCH', path, patch)).rejects.toMatchObject({ code: 'InvalidField', data: { field } })
    }
    const shown = await wing.ann.jobs.get(id)
    const [listed] = (await wing.ann.jobs.list({ engineId: engine.id }))._embedded?.jobs ?? []
    for (const same of [shown, listed, { jobParameters: {} }])
      expect(await wing.ann.call('PATCH', path, { ...same, note: 'seen' })).toMatchObject({ note: 'seen' })
  })

  it('and its deployment are answered with contents by a PATCH as by a GET; what creates or cancels one leaves them out', async () => {
    await register(wing, 'whole', ['whole', 'DEV'])
    const deployment = await deployedModel(wing, 'whole', 'DEV', { inputData: csvInput() })
    const job = await wing.ann.jobs.create({ deployedModel: { id: deployment.id }, inputData: csvInput() })
    const patch = (path: string) => wing.ann.call('PATCH', `/model-manage/api/${path}`, { note: 'seen' })
    const contents = ['def score', 'a,b\\n1,2']
    const holds = (document: unknown) => contents.map((each) => JSON.stringify(document).includes(each))
    expect(holds(await patch(`jobs/${job.id}`))).toEqual([true, true])
    expect(holds(await patch(`deployedModels/${deployment.id}`))).toEqual([true, true])
    expect(holds(job)).toEqual([false, false])
    expect(holds(await wing.ann.jobs.cancel(job.id))).toEqual([false, false])
  })

  it('twice at once with the same Idempotency-Key is one job', async () => {
    await register(wing, 'idem', ['idem', 'DEV'])
    const { id } = await deployedModel(wing, 'idem', 'DEV')
    const wish = { deployedModel: { id }, inputData: csvInput() }
    const jobs = await Promise.all(
      Array.from({ length: 6 }, () => wing.ann.jobs.create(wish, { idempotencyKey: 'same' })),
    )
    expect(new Set(jobs.map((job) => job.id)).size).toBe(1)
    expect((await wing.ann.jobs.list({ deployedModelId: id })).page?.totalElements).toBe(1)
    const other = wing.ann.jobs.create({ ...wish, jobParameters: { a: 1 } }, { idempotencyKey: 'same' })
    expect(await failureOf(other)).toMatchObject({ kind: 'Conflict', code: 'IdempotencyKeyReused' })
  })

  it('with the same key and a slash at the end of the path is the same job', async () => {
    await register(wing, 'slash', ['slash', 'DEV'])
    const { id } = await deployedModel(wing, 'slash', 'DEV')
    const post = async (path: string) => {
      const options = { headers: { 'idempotency-key': 'slashed' } }
      const answer = await wing.ann.send('POST', path, { deployedModel: { id }, inputData: csvInput() }, options)
      return ((await answer.json()) as { id: string }).id
    }
    expect(await post('/model-manage/api/jobs/')).toBe(await post('/model-manage/api/jobs'))
  })

  it('that failed with a key may be tried again with the same key', async () => {
    const engine = await register(wing, 'retry', ['retry', 'DEV'])
    const { id } = await deployedModel(wing, 'retry', 'DEV')
    await wing.ann.engines.patch(engine.id, { tags: [] })
    const create = () =>
      wing.ann.jobs.create({ deployedModel: { id }, inputData: csvInput() }, { idempotencyKey: 'again' })
    await failureOf(create())
    await wing.ann.engines.patch(engine.id, { tags: ['retry', 'DEV'] })
    expect((await create()).id).toBeTruthy()
  })

  it('a job that is wrongly typed is 400 and names the member', async () => {
    const failure = await failureOf(wing.ann.jobs.create({ jobType: 'NO_SUCH_JOB' } as never))
    expect(failure).toMatchObject({ kind: 'InputError' })
    expect(failure.message).toContain('jobType')
    const broken = await failureOf(wing.ann.jobs.create({ model: { storedModel: { modelAssets: 'none' } } } as never))
    expect(broken).toMatchObject({ kind: 'InputError', code: 'InvalidField' })
    expect(broken.message).toContain('model.storedModel.modelAssets')
  })
})

describe('lists of jobs', () => {
  it('are newest first, in pages, without contents, and can be narrowed to states', async () => {
    await register(wing, 'list', ['list', 'DEV'])
    const { id } = await deployedModel(wing, 'list', 'DEV')
    const ids: string[] = []
    for (let n = 0; n < 3; n++)
      ids.push((await wing.ann.jobs.create({ deployedModel: { id }, inputData: csvInput() })).id)
    const list = await wing.ann.jobs.list({ size: 2 })
    expect(list._embedded.jobs?.map((job) => job.id)).toEqual([ids[2], ids[1]])
    expect(list._embedded.jobs?.[0]?.jobMessages.length).toBeGreaterThan(0)
    expect(JSON.stringify(list)).not.toMatch(/"sourceCode"|"fileContentString"|\$content/)
    const all = (await wing.pool.query('select count(*)::int as n from model_manage.job')).rows[0].n
    expect(list.page?.totalElements).toBe(all)
    const waiting = await wing.ann.jobs.list({ jobStatus: 'waiting', deployedModelId: id })
    expect(waiting.page?.totalElements).toBe(3)
    expect(await failureOf(wing.ann.jobs.list({ jobStatus: 'nonsense' }))).toMatchObject({ kind: 'InputError' })
  })

  it('take several states with commas or one by one', async () => {
    const count = async (query: string) =>
      (await wing.ann.call<{ page: { totalElements: number } }>('GET', `/model-manage/api/jobs?${query}`)).page
        .totalElements
    expect(await count('jobStatus=WAITING&jobStatus=created')).toBe(await count('jobStatus=WAITING,CREATED'))
    expect(await count('jobStatus=')).toBe(await count(''))
    expect(await count('sort=jobResult,jobWaitTime,lastUpdateFromRuntime,desc&sort=id')).toBe(await count(''))
  })

  it('narrowed to a state nobody knows are 400 that names the states', async () => {
    for (const jobStatus of ['NOPE', 'RUNNING,NOPE', 'RUNNING,'])
      expect(await failureOf(wing.ann.jobs.list({ jobStatus }))).toMatchObject({
        kind: 'InputError',
        message: expect.stringMatching(/it must be CREATED, WAITING, RUNNING, COMPLETE, ERROR, CANCELLED/),
      })
  })

  it('a total that was carried forward is still right', async () => {
    const counted = async () => (await wing.ann.jobs.list({ size: 1 })).page?.totalElements
    const before = await counted()
    await wing.clock.forward(10 * 60_000)
    await register(wing, 'total', ['total', 'DEV'])
    const { id } = await deployedModel(wing, 'total', 'DEV')
    await wing.ann.jobs.create({ deployedModel: { id }, inputData: csvInput() })
    expect(await counted()).toBe((before ?? 0) + 1)
    expect(await counted()).toBe((before ?? 0) + 1)
  })
})
