import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { complete, csvInput, deployedModel, history, lease, leased, modelBody, queued, register } from './fleet.ts'
import { eventually, failureOf, startWing, type Wing } from './wing.ts'

let wing: Wing
beforeAll(async () => {
  wing = await startWing()
})
afterAll(() => wing.stop())

const statusOf = async (id: string) => (await wing.ann.jobs.get(id)).jobStatus

describe('cancelling', () => {
  it('a queued job is cancelled at once', async () => {
    const { id, engine } = await queued(wing, 'c1')
    expect(await wing.ann.jobs.cancel(id, 'not needed')).toMatchObject({
      jobStatus: 'CANCELLED',
      outcome: 'cancelled: not needed',
    })
    expect(await lease(wing, engine)).toBeUndefined()
    expect((await history(wing, id)).events.at(-1)).toMatchObject({ event: 'job.cancelled', cause: 'not needed' })
    expect(
      (await eventually(() => wing.told.find((event) => event.objectId === id && event.message)))?.message
        ?.correlationKey,
    ).toBe(id)
  })

  it('and running again need no body', async () => {
    const { id } = await queued(wing, 'c0')
    const path = `/model-manage/api/jobs/${id}`
    expect((await wing.ann.send('POST', `${path}/cancel`, undefined)).status).toBe(200)
    expect((await wing.ann.send('POST', `${path}/rerun`, undefined)).status).toBe(201)
  })

  it('a running job is told to its runtime by heartbeat and progress, and ends CANCELLED', async () => {
    const { id, engine } = await queued(wing, 'c2')
    const taken = await leased(wing, engine)
    const { jobId, attempt } = taken
    expect(
      await failureOf(wing.runtime.jobs.finish(taken, { jobStatus: 'CANCELLED', jobResult: 'UNKNOWN' })),
    ).toMatchObject({ kind: 'InputError' })
    expect(await wing.ann.jobs.cancel(id)).toMatchObject({ jobStatus: 'RUNNING' })
    await wing.ann.jobs.cancel(id)
    const beat = await wing.runtime.engines.heartbeat(engine.id, {
      session: engine.session,
      running: [{ jobId, attempt }],
    })
    expect(beat).toEqual({ cancel: [{ jobId, attempt }], lost: [] })
    expect(await wing.runtime.jobs.progress(taken, {})).toEqual({ cancel: true })
    await wing.runtime.jobs.finish(taken, { jobStatus: 'CANCELLED', jobResult: 'UNKNOWN' })
    expect(await wing.ann.jobs.get(id)).toMatchObject({ jobStatus: 'CANCELLED', outcome: 'cancelled: by ann' })
  })

  it('a job that has ended is 409; one that is cancelled already is as wished', async () => {
    const { id, engine } = await queued(wing, 'c3')
    await wing.runtime.jobs.finish(await leased(wing, engine), complete)
    expect(await failureOf(wing.ann.jobs.cancel(id))).toMatchObject({ kind: 'Conflict', code: 'JobAlreadyFinished' })
    const other = await queued(wing, 'c4')
    await wing.ann.jobs.cancel(other.id)
    expect((await wing.ann.jobs.cancel(other.id)).jobStatus).toBe('CANCELLED')
  })

  it('an undeployment cancels queued jobs with the reason and lets running ones end', async () => {
    const { id, engine, create, deployment } = await queued(wing, 'c5')
    const taken = await leased(wing, engine)
    const waiting = await create()
    await wing.ann.deployedModels.patch(deployment.id, { state: 'UNDEPLOYED' })
    const cancelled = await wing.ann.jobs.get(waiting.id)
    expect(cancelled.jobStatus).toBe('CANCELLED')
    expect(cancelled.outcome).toContain('was undeployed by ann')
    expect(cancelled.jobMessages.at(-1)).toContain('was undeployed by ann')
    await wing.runtime.jobs.finish(taken, complete)
    expect(await statusOf(id)).toBe('COMPLETE')
  })

  it('a running job of an undeployed deployment is not begun anew when its runtime is lost', async () => {
    const { id, engine, deployment } = await queued(wing, 'c7')
    await leased(wing, engine)
    await wing.ann.deployedModels.patch(deployment.id, { state: 'UNDEPLOYED' })
    await register(wing, 'c7', [])
    expect(await wing.ann.jobs.get(id)).toMatchObject({
      jobStatus: 'CANCELLED',
      outcome: expect.stringContaining('undeployed while it ran'),
    })
  })

  it('a running job whose runtime goes silent after the cancel is cancelled', async () => {
    const { id, engine } = await queued(wing, 'c6')
    await leased(wing, engine)
    await wing.ann.jobs.cancel(id)
    await wing.clock.forward(31_000)
    await eventually(async () => (await statusOf(id)) === 'CANCELLED')
  })
})

describe('running again', () => {
  it('is a new job with the same model and data, told as a rerun', async () => {
    const { id, engine } = await queued(wing, 'r1')
    expect(await failureOf(wing.ann.jobs.rerun(id))).toMatchObject({ code: 'JobStillRuns' })
    await wing.runtime.jobs.finish(await leased(wing, engine), {
      ...complete,
      outputData: [{ name: 'o', assetType: 'FILE', fileContentString: 'result' }],
    })
    const again = await wing.ann.jobs.rerun(id, { idempotencyKey: 'r' })
    expect(again).toMatchObject({ rerunOf: id, jobStatus: 'CREATED' })
    expect((await wing.ann.jobs.rerun(id, { idempotencyKey: 'r' })).id).toBe(again.id)
    const job = await wing.ann.jobs.get(again.id)
    expect(job.inputData[0]?.fileContentString).toBe('a,b\n1,2\n')
    expect(JSON.stringify(job.outputData)).not.toContain('result')
    expect((await history(wing, again.id)).events[0]?.cause).toBe(`rerun of ${id} by ann`)
  })

  it('with the Idempotency-Key of another job is a rerun of its own', async () => {
    const { id, engine, create } = await queued(wing, 'r4')
    const other = (await create()).id
    for (let n = 0; n < 2; n++) await wing.runtime.jobs.finish(await leased(wing, engine), complete)
    const first = await wing.ann.jobs.rerun(id, { idempotencyKey: 'nightly' })
    const second = await wing.ann.jobs.rerun(other, { idempotencyKey: 'nightly' })
    expect([first.rerunOf, second.rerunOf]).toEqual([id, other])
  })

  it('of an inline model uses the copy in the job; credentials of the first are gone and it says so', async () => {
    const engine = await register(wing, 'r2', ['r2'])
    const content = '# '.repeat(2000)
    const model = modelBody('inline', { modelMetaData: { name: 'inline', type: 'PYTHON', tags: ['r2'] } })
    const inline = { storedModel: { ...model, modelAssets: [{ ...model.modelAssets[0], sourceCode: content }] } }
    const inputData = [{ assetType: 'EXTERNAL_FILE', fileUrl: 'http://U:PW@h/{date}/{jobId}.csv' }]
    const first = await wing.ann.jobs.create({ model: inline, inputData })
    const today = first.createdDate.slice(0, 10)
    await wing.runtime.jobs.finish(await leased(wing, engine), complete)
    await wing.clock.forward(26 * 3_600_000)
    await wing.runtime.engines.heartbeat(engine.id, { session: engine.session })
    const again = await wing.ann.jobs.rerun(first.id)
    const taken = await leased(wing, engine)
    expect(taken.job).toMatchObject({
      id: again.id,
      inputData: [{ fileUrl: `http://h/${today}/${again.id}.csv` }],
      model: { storedModel: { modelAssets: [{ sourceCode: content }] } },
    })
    await wing.runtime.jobs.finish(taken, complete)
    await wing.clock.forward(26 * 3_600_000)
    await wing.runtime.engines.heartbeat(engine.id, { session: engine.session })
    const third = await wing.ann.jobs.rerun(again.id)
    expect((await leased(wing, engine)).job).toMatchObject({
      inputData: [{ fileUrl: `http://h/${today}/${third.id}.csv` }],
    })
    expect(taken.credentials).toEqual({})
    expect((await wing.ann.jobs.get(again.id)).jobMessages.join('\n')).toContain(
      'what opened the URL of inputData[0] (a password, a signature) was deleted',
    )
  })

  it('reads where the first run read, with the credentials of that place and of no other', async () => {
    const url = (fileUrl: string) => [{ assetType: 'EXTERNAL_FILE' as const, fileUrl }]
    const engine = await register(wing, 'r5', ['r5', 'DEV'])
    const deployment = await deployedModel(wing, 'r5', 'DEV', { inputData: url('http://ANN:old@here/{date}.csv') })
    const first = await wing.ann.jobs.create({ deployedModel: { id: deployment.id } })
    await wing.runtime.jobs.finish(await leased(wing, engine), complete)

    await wing.ann.deployedModels.patch(deployment.id, { inputData: url('http://ANN:new@here/{date}.csv') })
    await wing.ann.jobs.rerun(first.id)
    const again = await leased(wing, engine)
    expect(again.credentials).toEqual({ 'inputData[0]': { username: 'ANN', password: 'new' } })
    await wing.runtime.jobs.finish(again, complete)

    await wing.ann.deployedModels.patch(deployment.id, { inputData: url('http://BOB:other@elsewhere/{date}.csv') })
    await wing.ann.jobs.rerun(first.id)
    const third = await leased(wing, engine)
    expect(third.job.inputData).toMatchObject([{ fileUrl: expect.stringMatching(/^http:\/\/here\//) }])
    expect(third.credentials).toEqual({})
  })

  it('has the credentials of a place that its deployment still names, wherever it stands in the list by now', async () => {
    const url = (fileUrl: string) => ({ assetType: 'EXTERNAL_FILE' as const, fileUrl })
    const engine = await register(wing, 'r6', ['r6', 'DEV'])
    const inputData = [url('http://ANN:one@first/in.csv')]
    const deployment = await deployedModel(wing, 'r6', 'DEV', { inputData })
    const first = await wing.ann.jobs.create({ deployedModel: { id: deployment.id } })
    await wing.runtime.jobs.finish(await leased(wing, engine), complete)
    await wing.ann.deployedModels.patch(deployment.id, {
      inputData: [url('http://BOB:two@second/in.csv'), ...inputData],
    })
    await wing.ann.jobs.rerun(first.id)
    expect((await leased(wing, engine)).credentials).toEqual({ 'inputData[0]': { username: 'ANN', password: 'one' } })
  })

  it('has the parameters of the first run, the container of an Azure store included, which is no user', async () => {
    const jobParameters = { '--in': 'abfss://data@acct.dfs.core.windows.net/in.parquet' }
    const engine = await register(wing, 'r7', ['r7', 'DEV'])
    const deployment = await deployedModel(wing, 'r7', 'DEV')
    const wish = { deployedModel: { id: deployment.id }, inputData: csvInput(), jobParameters }
    const first = await wing.ann.jobs.create(wish)
    expect(first.jobParameters).toEqual(jobParameters)
    await wing.runtime.jobs.finish(await leased(wing, engine), complete)
    await wing.ann.jobs.rerun(first.id)
    expect((await leased(wing, engine)).job.jobParameters).toEqual(jobParameters)
  })

  it('of a deployment that was undeployed is 422', async () => {
    const { id, engine, deployment } = await queued(wing, 'r3')
    await wing.runtime.jobs.finish(await leased(wing, engine), complete)
    await wing.ann.deployedModels.patch(deployment.id, { state: 'UNDEPLOYED' })
    expect(await failureOf(wing.ann.jobs.rerun(id))).toMatchObject({ code: 'ModelNotDeployed' })
  })
})
