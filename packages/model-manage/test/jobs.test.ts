import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { csvInput, deployedModel, history, leased, modelBody, pythonSource, register } from './fleet.ts'
import { eventually, failureOf, startWing, type Wing } from './wing.ts'

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
    const self = `/model-manage/api/modelBatchJob/${id}`
    expect(job).toMatchObject({ id, _links: { self: { href: self }, modelBatchJob: { href: self } } })
    expect(job).toMatchObject({
      targetEngine: { name: 'copy', tags: ['copy', 'DEV'] },
      model: { id: deployment.deployableModel.id, storedModel: { modelAssets: [{ sourceCode: pythonSource }] } },
      inputData: [{ fileContentString: 'x\n1\n' }],
    })
  })

  it('takes input and output from the request, else from the deployment with {date} and {jobId} filled in', async () => {
    wing.clock.now = new Date()
    await register(wing, 'data', ['data', 'DEV'])
    const kept = { inputData: url('file:///in/{date}.csv'), outputData: url('file:///out/{jobId}.csv') }
    const { id } = await deployedModel(wing, 'data', 'DEV', kept)
    const seeds = await wing.ann.jobs.create({ deployedModel: { id } })
    const today = wing.clock.now.toISOString().slice(0, 10)
    expect(seeds).toMatchObject({
      inputData: [{ fileUrl: `file:///in/${today}.csv` }],
      outputData: [{ fileUrl: `file:///out/${seeds.id}.csv` }],
    })
    const named = await wing.ann.jobs.create({ deployedModel: { id }, inputData: url('file:///mine.csv') })
    expect(named).toMatchObject({
      inputData: [{ fileUrl: 'file:///mine.csv' }],
      outputData: [{ fileUrl: `file:///out/${named.id}.csv` }],
    })
    wing.clock.now = null
  })

  it('takes what the model requires out of its assets; the output is then an embedded file named after the model', async () => {
    await register(wing, 'req', ['req', 'DEV'])
    const model = {
      modelAssets: [
        ...modelBody('x').modelAssets,
        { name: 'customers.csv', filename: 'customers.csv', assetType: 'FILE', fileContentString: 'a\n1\n' },
      ],
      requiredAssets: [{ usage: 'INPUT_ASSET', name: '.*\\.csv' }],
    }
    const { id } = await deployedModel(wing, 'req', 'DEV', { model })
    const job = await wing.ann.jobs.create({ deployedModel: { id } })
    expect(job).toMatchObject({
      inputData: [{ name: 'customers.csv' }],
      outputData: [{ assetType: 'FILE', filename: 'model-of-req-output.csv' }],
    })
  })

  it('without any input is 422 that names what was looked for, and stores nothing', async () => {
    await register(wing, 'noin', ['noin', 'DEV'])
    const { id } = await deployedModel(wing, 'noin', 'DEV', {
      model: { requiredAssets: [{ usage: 'INPUT_ASSET', name: 'june.csv' }] },
    })
    const failure = await failureOf(wing.ann.jobs.create({ deployedModel: { id } }))
    expect(failure).toMatchObject({ kind: 'Unmet', code: 'InputNotFound', data: { lookedFor: ["named 'june.csv'"] } })
    expect((await wing.ann.jobs.list({ deployedModelId: id })).page?.totalElements).toBe(0)
  })

  it('is matched on the tags of now: a tag removed after the deployment is 422 with what mends it', async () => {
    const engine = await register(wing, 'retag', ['retag', 'DEV'])
    const { id } = await deployedModel(wing, 'retag', 'DEV')
    await wing.ann.engines.patch(engine.id, { tags: ['retag', 'dev'] })
    const failure = await failureOf(wing.ann.jobs.create({ deployedModel: { id }, inputData: csvInput() }))
    expect(failure).toMatchObject({
      code: 'NoMatchingRuntime',
      data: { nearest: 'retag', mend: 'moc runtime tag add retag DEV' },
    })
    await wing.ann.engines.patch(engine.id, { tags: ['retag', 'DEV'] })
    expect((await wing.ann.jobs.create({ deployedModel: { id }, inputData: csvInput() })).id).toBeTruthy()
  })

  it('may go to a runtime that came after the deployment: idle first, then the shortest queue', async () => {
    const first = await register(wing, 'b-first', ['later', 'DEV'])
    const { id } = await deployedModel(wing, 'later', 'DEV')
    const create = async () => {
      const job = await wing.ann.jobs.create({ deployedModel: { id }, inputData: csvInput() })
      return (await wing.ann.jobs.get(job.id)).targetEngine?.name
    }
    expect(await create()).toBe('b-first')
    await register(wing, 'a-later', ['later', 'DEV'])
    await leased(wing, first)
    expect(await create()).toBe('a-later')
    expect(await create()).toBe('a-later')
    expect(await create()).toBe('b-first')
  })

  it('of an undeployed deployment is 422, of an unknown one 404, of none at all 400', async () => {
    await register(wing, 'und', ['und', 'DEV'])
    const { id } = await deployedModel(wing, 'und', 'DEV')
    await wing.ann.deployedModels.patch(id, { state: 'UNDEPLOYED' })
    const failure = await failureOf(wing.ann.jobs.create({ deployedModel: { id }, inputData: csvInput() }))
    expect(failure).toMatchObject({ code: 'ModelNotDeployed' })
    expect(failure.message).toContain('moc deployment create')
    expect(await failureOf(wing.ann.jobs.create({ deployedModel: { id: unknownId } }))).toMatchObject({
      kind: 'NotFound',
    })
    expect(await failureOf(wing.ann.jobs.create({ inputData: csvInput() }))).toMatchObject({ kind: 'InputError' })
  })

  it('of a snapshot goes by its deployment in the stage asked for', async () => {
    await register(wing, 'snap-dev', ['snap', 'DEV'])
    const deployment = await deployedModel(wing, 'snap', 'DEV')
    const model = { id: deployment.deployableModel.id }
    const job = await wing.ann.jobs.create({ model, stage: 'DEV', inputData: csvInput() })
    expect(job.deployedModel?.id).toBe(deployment.id)
    const failure = await failureOf(wing.ann.jobs.create({ model, stage: 'PROD', inputData: csvInput() }))
    expect(failure).toMatchObject({
      code: 'ModelNotDeployed',
      data: { mend: `moc deployment create ${model.id} --stage PROD` },
    })
  })

  it('of a stored model goes to a runtime with the tags of its metadata', async () => {
    await register(wing, 'batchjob', ['bj'])
    const stored = await wing.ann.storedModels.create(
      modelBody('bj', { modelMetaData: { name: 'bj', type: 'PYTHON', tags: ['bj'] } }),
    )
    const job = await wing.ann.jobs.create({ storedModel: { id: stored.id }, inputData: csvInput() })
    expect((await wing.ann.jobs.get(job.id)).targetEngine?.name).toBe('batchjob')
    await wing.ann.storedModels.patch(stored.id, { modelMetaData: { tags: ['nobody-has-this'] } })
    expect(
      await failureOf(wing.ann.jobs.create({ storedModel: { id: stored.id }, inputData: csvInput() })),
    ).toMatchObject({ code: 'NoMatchingRuntime' })
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

  it('that names a runtime unknown today stays CREATED with the reason, and is queued when that runtime registers', async () => {
    const model = { storedModel: { modelMetaData: { type: 'PYSPARK' }, modelAssets: modelBody('x').modelAssets } }
    const targetEngine = { engineType: 'SPARK_RUNTIME', name: 'spark-runtime-1' }
    const { id } = await wing.ann.jobs.create({ model, targetEngine, inputData: csvInput() })
    const before = await wing.ann.jobs.get(id)
    expect(before.jobStatus).toBe('CREATED')
    expect(before.jobMessages.join('\n')).toContain("'spark-runtime-1'")
    await register(wing, 'spark-runtime-1', [], {
      engineType: 'SPARK_RUNTIME',
      capabilities: { languages: ['PYSPARK'] },
    })
    expect(await wing.ann.jobs.get(id)).toMatchObject({
      jobStatus: 'WAITING',
      targetEngine: { name: 'spark-runtime-1' },
    })
  })

  it('that names a runtime which is silent waits for it as CREATED; for a deployed model the tags hold in any case', async () => {
    const engine = await register(wing, 'silent', [])
    await wing.runtime.engines.unregister(engine.id, engine.session)
    const model = { storedModel: modelBody('x') }
    const { id } = await wing.ann.jobs.create({ model, targetEngine: { name: 'silent' }, inputData: csvInput() })
    expect((await wing.ann.jobs.get(id)).jobMessages.join()).toContain('its heartbeat has run out')
    const again = await register(wing, 'silent', [])
    expect((await leased(wing, again)).jobId).toBe(id)
    await register(wing, 'tagged-for-it', ['held', 'DEV'])
    const deployment = await deployedModel(wing, 'held', 'DEV')
    const wish = { deployedModel: { id: deployment.id }, targetEngine: { name: 'silent' }, inputData: csvInput() }
    expect(await failureOf(wing.ann.jobs.create(wish))).toMatchObject({ code: 'NoMatchingRuntime' })
  })

  it('by the type of runtime alone is refused when there is none of it', async () => {
    const wish = {
      model: { storedModel: modelBody('x') },
      targetEngine: { engineType: 'SPARK_ON_MARS' },
      inputData: csvInput(),
    }
    expect((await failureOf(wing.ann.jobs.create(wish))).message).toContain('SPARK_ON_MARS')
  })

  it('with passwords in URLs keeps them out of everything that is shown, and hands them out with the lease only', async () => {
    const engine = await register(wing, 'sec', ['sec', 'DEV'])
    const { id } = await deployedModel(wing, 'sec', 'DEV', { outputData: url('https://OUT:TOPSECRET2@h/out.csv') })
    const created = await wing.ann.jobs.create({
      deployedModel: { id },
      inputData: url('http://KEY:TOPSECRET1@host:9000/in.csv'),
    })
    const taken = await leased(wing, engine)
    expect(taken.credentials).toEqual({
      'inputData[0]': { username: 'KEY', password: 'TOPSECRET1' },
      'outputData[0]': { username: 'OUT', password: 'TOPSECRET2' },
    })
    expect(taken.job).toMatchObject({
      inputData: [{ fileUrl: 'http://host:9000/in.csv' }],
      outputData: [{ fileUrl: 'https://h/out.csv' }],
    })
    await wing.runtime.jobs.finish(taken, { jobStatus: 'COMPLETE', jobResult: 'SUCCESS' })
    const tables = ['job', 'job_message', 'job_history', 'outbox', 'deployed_model', 'idempotency_key', 'credential']
    for (const table of tables) {
      const { rows } = await wing.pool.query(`select t::text as text from model_manage.${table} t`)
      expect(rows.map((row) => row.text).join('\n')).not.toContain('TOPSECRET')
    }
    expect(
      (await wing.pool.query('select 1 from model_manage.credential where owner_id = $1', [created.id])).rowCount,
    ).toBe(0)
  })

  it('refuses an embedded file over 10 MiB, and says how to upload it', async () => {
    await register(wing, 'big', ['big', 'DEV'])
    const { id } = await deployedModel(wing, 'big', 'DEV')
    const failure = await failureOf(
      wing.ann.jobs.create({ deployedModel: { id }, inputData: csvInput('x'.repeat(11 * 1024 * 1024)) }),
    )
    expect(failure).toMatchObject({ code: 'EmbeddedFileTooLarge', data: { status: 413 } })
    expect(failure.message).toContain('POST /model-manage/api/files')
  })

  it('belongs to a process when the MLC says so, and is found by the root instance; others may not say so', async () => {
    await register(wing, 'proc', ['proc', 'DEV'])
    const { id } = await deployedModel(wing, 'proc', 'DEV')
    const processInstance = { id: 'child-1', rootProcessInstanceId: 'root-1', processDefinitionKey: 'RunBatchJob' }
    const wish = { deployedModel: { id }, inputData: csvInput(), jobMLCS: [{ processInstance }] }
    expect(await failureOf(wing.ann.jobs.create(wish))).toMatchObject({ code: 'Forbidden' })
    const job = await wing.mlc.jobs.create(wish)
    const found = await wing.ann.jobHistories.findByRootProcessInstanceId('root-1')
    expect(found._embedded.jobHistories).toMatchObject([
      { jobId: job.id, jobStatus: 'WAITING', jobMLCS: [{ processInstance }] },
    ])
    expect((await wing.ann.jobHistories.findByRootProcessInstanceId('child-1'))._embedded.jobHistories).toEqual([])
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

  it('its history tells how its process stands, asked of the MLC in one call; what has ended is asked no more', async () => {
    await register(wing, 'ref', ['ref', 'DEV'])
    const { id } = await deployedModel(wing, 'ref', 'DEV')
    const create = (instanceId: string) => {
      const ref = { id: instanceId, rootProcessInstanceId: 'root-2', state: 'ACTIVE', endTime: null }
      const wish = { deployedModel: { id }, inputData: csvInput(), jobMLCS: [{ processInstance: ref }] }
      return wing.mlc.jobs.create(wish)
    }
    await create('p-1')
    await create('p-2')
    const refs = async () => {
      const list = await wing.ann.jobHistories.findByRootProcessInstanceId('root-2')
      return (list._embedded.jobHistories ?? []).map(({ jobMLCS }) => jobMLCS[0]?.processInstance).reverse()
    }
    wing.mlcAway(true)
    expect(await refs()).toMatchObject([{ state: 'ACTIVE' }, { state: 'ACTIVE' }])
    wing.mlcAway(false)
    const ended = { endTime: '2026-03-01T02:00:00.500+0000', durationInMillis: 500, state: 'COMPLETED' }
    wing.instances.set('p-1', { id: 'p-1', ...ended })
    wing.instances.set('p-2', { id: 'p-2', endTime: null, durationInMillis: null, state: 'SUSPENDED' })
    wing.instancesAsked.length = 0
    const settled = [
      { id: 'p-1', rootProcessInstanceId: 'root-2', ...ended, endTime: '2026-03-01T02:00:00.500Z' },
      { id: 'p-2', state: 'SUSPENDED', endTime: null },
    ]
    expect(await refs()).toMatchObject(settled)
    expect(wing.instancesAsked.map((ids) => ids.sort())).toEqual([['p-1', 'p-2']])
    await refs()
    expect(wing.instancesAsked.at(-1)).toEqual(['p-2'])
    wing.mlcAway(true)
    expect(await refs()).toMatchObject([settled[0], {}])
    wing.mlcAway(false)
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

  it('tells the MLC of CREATED and WAITING, without contents', async () => {
    await register(wing, 'tell', ['tell', 'DEV'])
    const { id } = await deployedModel(wing, 'tell', 'DEV')
    const job = await wing.ann.jobs.create({ deployedModel: { id }, inputData: csvInput() })
    const events = await eventually(() => {
      const mine = wing.told.filter((event) => event.objectId === job.id)
      return mine.length === 2 && mine
    })
    expect(events.map((event) => (event.variables.JOB as { jobStatus: string }).jobStatus)).toEqual([
      'CREATED',
      'WAITING',
    ])
    expect(events.every((event) => event.signal === 'job_status_changed' && !event.message)).toBe(true)
    expect(JSON.stringify(events)).not.toMatch(/sourceCode"|fileContentString"/)
  })

  it('a managed file as input must have been uploaded', async () => {
    await register(wing, 'mgd', ['mgd', 'DEV'])
    const { id } = await deployedModel(wing, 'mgd', 'DEV')
    const asset = (hexString: string) => [
      { name: 'in.csv', assetType: 'FILE', contentHash: { hashType: 'SHA-256' as const, hexString } },
    ]
    expect(
      await failureOf(wing.ann.jobs.create({ deployedModel: { id }, inputData: asset('0'.repeat(64)) })),
    ).toMatchObject({ code: 'FileNotUploaded' })
    const { sha256 } = await wing.ann.files.upload(Buffer.from('a\n1\n'))
    expect((await wing.ann.jobs.create({ deployedModel: { id }, inputData: asset(sha256) })).id).toBeTruthy()
  })

  it('can be restricted to the runtimes named in the deployment records', async () => {
    const strict = await startWing({ onlyDeployedRuntimes: true })
    try {
      const named = await register(strict, 'named', ['s', 'DEV'])
      const { id } = await deployedModel(strict, 's', 'DEV')
      await register(strict, 'a-later', ['s', 'DEV'])
      const job = await strict.ann.jobs.create({ deployedModel: { id }, inputData: csvInput() })
      expect((await strict.ann.jobs.get(job.id)).targetEngine?.id).toBe(named.id)
      await strict.ann.engines.patch(named.id, { tags: [] })
      expect(await failureOf(strict.ann.jobs.create({ deployedModel: { id }, inputData: csvInput() }))).toMatchObject({
        code: 'NoMatchingRuntime',
      })
    } finally {
      await strict.stop()
    }
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
