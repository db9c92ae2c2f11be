import { jobEndedMessage, makeClient } from '@rowhouse/contract'
import { stopApp } from '@rowhouse/http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { csvInput, deployedModel, history, lease, leased, modelBody, register } from './fleet.ts'
import { eventually, failureOf, startWing, type Wing } from './wing.ts'

let wing: Wing
beforeAll(async () => {
  wing = await startWing()
})
afterAll(() => wing.stop())

/** A runtime of its own with a deployment of its own, and a job in its queue. */
async function queued(tag: string) {
  const engine = await register(wing, tag, [tag, 'DEV'])
  const deployment = await deployedModel(wing, tag, 'DEV')
  const wish = { deployedModel: { id: deployment.id }, inputData: csvInput() }
  const { id } = await wing.ann.jobs.create(wish)
  return { engine, id, wish, deployment, create: () => wing.ann.jobs.create(wish) }
}
const complete = { jobStatus: 'COMPLETE', jobResult: 'SUCCESS' } as const
const statusOf = async (id: string) => (await wing.ann.jobs.get(id)).jobStatus

describe('a lease', () => {
  it('gives the oldest job of the queue, whole, under an attempt number', async () => {
    const { engine, id, create } = await queued('l1')
    await create()
    const taken = await leased(wing, engine)
    expect(taken).toMatchObject({ jobId: id, attempt: 1, leaseMs: 30_000, credentials: {} })
    expect(taken.job).toMatchObject({
      id,
      jobStatus: 'RUNNING',
      inputData: [{ fileContentString: 'a,b\n1,2\n' }],
      model: { storedModel: { modelAssets: [{ sourceCode: expect.stringContaining('def score') }] } },
    })
    const job = await wing.ann.jobs.get(id)
    expect(job).toMatchObject({ jobStatus: 'RUNNING', version: 2, lastModifiedBy: 'SYSTEM' })
    expect(job.jobRunTime).toBeGreaterThanOrEqual(job.jobWaitTime ?? Number.POSITIVE_INFINITY)
  })

  it('is one at a time unless the runtime has more slots', async () => {
    const { engine, create } = await queued('slots')
    await create()
    await leased(wing, engine)
    expect(await lease(wing, engine)).toBeUndefined()
    const wider = await register(wing, 'wide', ['slots', 'DEV'], { slots: 2 })
    for (let n = 0; n < 2; n++) await create()
    await leased(wing, wider)
    expect((await wing.ann.engines.get(wider.id)).queue).toEqual({ waiting: 1, running: 1 })
    await leased(wing, wider)
  })

  it('that waits is answered when a job comes', async () => {
    const { engine, create } = await queued('poll')
    await wing.runtime.jobs.finish(await leased(wing, engine), complete)
    const waiting = lease(wing, engine, 30_000)
    await new Promise((done) => setTimeout(done, 50))
    const { id } = await create()
    expect((await waiting)?.jobId).toBe(id)
  })

  it('that waits is answered when the job comes through another server', async () => {
    const other = await wing.another()
    const { engine, wish } = await queued('poll2')
    await wing.runtime.jobs.finish(await leased(wing, engine), complete)
    const waiting = lease(wing, engine, 30_000)
    await new Promise((done) => setTimeout(done, 50))
    const { id } = await other.ann.jobs.create(wish)
    expect((await waiting)?.jobId).toBe(id)
  })

  it('of a caller that hung up takes no job', async () => {
    const { engine, create } = await queued('hang')
    await wing.runtime.jobs.finish(await leased(wing, engine), complete)
    const url = await wing.app.listen({ port: 0, host: '127.0.0.1' })
    const hangUp = new AbortController()
    const client = makeClient({ baseUrl: url, token: () => 'runtime' })
    const waiting = client.engines.lease(
      engine.id,
      { session: engine.session, waitMs: 30_000 },
      { signal: hangUp.signal },
    )
    await new Promise((done) => setTimeout(done, 50))
    hangUp.abort()
    await expect(waiting).rejects.toThrow()
    await new Promise((done) => setTimeout(done, 50))
    const { id } = await create()
    expect((await leased(wing, engine, 5_000)).jobId).toBe(id)
  })

  it('asked for by a runtime that had gone silent brings it back to life', async () => {
    const { engine, id } = await queued('back')
    await wing.clock.forward(31_000)
    await eventually(async () =>
      (await wing.ann.jobs.get(id)).jobMessages.some((line) => /No runtime matches/.test(line)),
    )
    expect((await leased(wing, engine)).jobId).toBe(id)
  })

  it('without work is 204 after its time', async () => {
    const engine = await register(wing, 'idle', ['idle'])
    expect(await lease(wing, engine, 20)).toBeUndefined()
  })

  it('is never given twice, however many ask at once', async () => {
    const { engine, create } = await queued('race')
    await register(wing, 'race', [], { slots: 8 })
    const session = engine.session + 1
    for (let n = 0; n < 3; n++) await create()
    const all = await Promise.all(
      Array.from({ length: 8 }, () => wing.runtime.engines.lease(engine.id, { session, waitMs: 0 })),
    )
    const ids = all.filter((each) => each !== undefined).map((each) => each.jobId)
    expect(new Set(ids).size).toBe(ids.length)
    const rest: string[] = []
    for (
      let taken = await lease(wing, { ...engine, session });
      taken;
      taken = await lease(wing, { ...engine, session })
    )
      rest.push(taken.jobId)
    expect(ids.length + rest.length).toBe(4)
  })

  it('of an outdated registration is 409, of an unknown runtime 404', async () => {
    const engine = await register(wing, 'outdated', [])
    await register(wing, 'outdated', [])
    expect(await failureOf(lease(wing, engine))).toMatchObject({ code: 'RuntimeOutdated' })
    expect(await failureOf(lease(wing, { ...engine, id: '00000000-0000-4000-8000-000000000000' }))).toMatchObject({
      kind: 'NotFound',
    })
  })
})

describe('a running job', () => {
  it('shows progress and log lines without a new version', async () => {
    const { engine, id } = await queued('prog')
    const taken = await leased(wing, engine)
    const { version } = await wing.ann.jobs.get(id)
    const said = await wing.runtime.jobs.progress(taken, {
      progress: { recordsIn: 5, recordsOut: 4, recordsRejected: 1 },
      messages: ['one', 'two'],
    })
    expect(said).toEqual({ cancel: false })
    await wing.runtime.jobs.progress(taken, { messages: ['three'] })
    const job = await wing.ann.jobs.get(id)
    expect(job).toMatchObject({
      version,
      progress: { recordsIn: 5, recordsOut: 4, recordsRejected: 1 },
      jobResult: 'UNKNOWN',
    })
    expect(job.jobMessages.slice(-3)).toEqual(['one', 'two', 'three'])
  })

  it('ends COMPLETE with its output, result and counts; the MLC is told with the message its process waits for', async () => {
    const { engine, id } = await queued('fin')
    const taken = await leased(wing, engine)
    const output = [{ name: 'o.csv', filename: 'o.csv', assetType: 'FILE', fileContentString: 's\n0.5\n', fileSize: 6 }]
    await wing.runtime.jobs.finish(taken, {
      jobStatus: 'COMPLETE',
      jobResult: 'FAILURE',
      outcome: '1 input record rejected by encoding',
      outputData: output,
      messages: ['batch job complete'],
      progress: { recordsIn: 2, recordsOut: 1, recordsRejected: 1 },
    })
    const job = await wing.ann.jobs.get(id)
    expect(job).toMatchObject({
      jobStatus: 'COMPLETE',
      jobResult: 'FAILURE',
      outcome: '1 input record rejected by encoding',
      progress: { recordsOut: 1 },
      outputData: [{ fileContentString: 's\n0.5\n' }],
    })
    expect(job.jobMessages.at(-1)).toBe('batch job complete')
    expect(job.jobEndTime).toBeGreaterThanOrEqual(job.jobRunTime ?? Number.POSITIVE_INFINITY)
    expect((await history(wing, id)).events.map((each) => [each.event, each.jobStatus])).toEqual([
      ['job.created', 'CREATED'],
      ['job.queued', 'WAITING'],
      ['job.leased', 'RUNNING'],
      ['job.completed', 'COMPLETE'],
    ])
    const events = await eventually(() => {
      const mine = wing.told.filter((event) => event.objectId === id)
      return mine.length === 4 && mine
    })
    expect(events.map((event) => (event.variables.JOB as { jobStatus: string }).jobStatus)).toEqual([
      'CREATED',
      'WAITING',
      'RUNNING',
      'COMPLETE',
    ])
    expect(events.map((event) => event.message ?? null)).toEqual([
      null,
      null,
      null,
      { name: jobEndedMessage, correlationKey: id },
    ])
    expect(await (await wing.ann.jobs.output(id)).text()).toBe('s\n0.5\n')
  })

  it('in ERROR has the result UNKNOWN and says why', async () => {
    const { engine, id } = await queued('err')
    const taken = await leased(wing, engine)
    expect(
      await failureOf(wing.runtime.jobs.finish(taken, { jobStatus: 'ERROR', jobResult: 'FAILURE' })),
    ).toMatchObject({ kind: 'InputError' })
    await wing.runtime.jobs.finish(taken, {
      jobStatus: 'ERROR',
      jobResult: 'UNKNOWN',
      outcome: "raised KeyError 'amount' at record 17",
    })
    expect(await wing.ann.jobs.get(id)).toMatchObject({
      jobStatus: 'ERROR',
      jobResult: 'UNKNOWN',
      outcome: "raised KeyError 'amount' at record 17",
    })
  })

  it('told twice that it has ended, has ended once', async () => {
    const { engine, id } = await queued('twice')
    const taken = await leased(wing, engine)
    await wing.runtime.jobs.finish(taken, complete)
    expect(await wing.runtime.jobs.finish(taken, complete)).toMatchObject({ id, jobStatus: 'COMPLETE' })
    expect((await history(wing, id)).events).toHaveLength(4)
  })

  it('keeps the first lines of a flood and the last of its end, and tells how many it left out', async () => {
    const { engine, id } = await queued('flood')
    const taken = await leased(wing, engine)
    for (let n = 0; n < 4; n++)
      await wing.runtime.jobs.progress(taken, {
        messages: Array.from({ length: 5000 }, (_, k) => `line ${n * 5000 + k}`),
      })
    await wing.runtime.jobs.finish(taken, {
      jobStatus: 'ERROR',
      jobResult: 'UNKNOWN',
      messages: [...Array.from({ length: 1500 }, (_, k) => `end ${k}`), 'Traceback'],
    })
    const { jobMessages } = await wing.ann.jobs.get(id)
    expect(jobMessages.length).toBeLessThanOrEqual(10_001)
    expect(jobMessages.at(-1)).toBe('Traceback')
    expect(jobMessages.filter((line) => /lines left out/.test(line))).toEqual([
      expect.stringMatching(/^… 11506 lines left out/),
    ])
  })

  it('of a lost attempt can neither progress nor finish: 409 LeaseLost', async () => {
    const { engine, id } = await queued('fence')
    const old = await leased(wing, engine)
    const again = await register(wing, 'fence', [])
    const taken = await leased(wing, again)
    expect(taken).toMatchObject({ jobId: id, attempt: 2 })
    for (const write of [
      () => wing.runtime.jobs.progress(old, { messages: ['late'] }),
      () => wing.runtime.jobs.finish(old, complete),
      () => wing.runtime.jobs.release(old, { reason: 'x' }),
    ]) {
      expect(await failureOf(write())).toMatchObject({ kind: 'Conflict', code: 'LeaseLost', data: { attempt: 1 } })
    }
    await wing.runtime.jobs.finish(taken, complete)
    expect((await wing.ann.jobs.get(id)).jobMessages.join()).not.toContain('late')
  })

  it('an embedded output over the limit becomes a managed file', async () => {
    const { engine, id } = await queued('large')
    const taken = await leased(wing, engine)
    const fileContent = Buffer.alloc(11 * 1024 * 1024, 'x').toString('base64')
    await wing.runtime.jobs.finish(taken, {
      ...complete,
      outputData: [{ name: 'o.csv', assetType: 'FILE', fileContent }],
    })
    const [asset] = (await wing.ann.jobs.get(id)).outputData
    expect(asset).toMatchObject({
      fileSize: 11 * 1024 * 1024,
      contentHash: { hexString: expect.stringMatching(/^[0-9a-f]{64}$/) },
    })
    expect(asset?.fileContent).toBeUndefined()
    expect((await (await wing.ann.jobs.output(id)).arrayBuffer()).byteLength).toBe(11 * 1024 * 1024)
  })
})

describe('cancelling', () => {
  it('a queued job is cancelled at once', async () => {
    const { id, engine } = await queued('c1')
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
    const { id } = await queued('c0')
    const path = `/model-manage/api/jobs/${id}`
    expect((await wing.ann.send('POST', `${path}/cancel`, undefined)).status).toBe(200)
    expect((await wing.ann.send('POST', `${path}/rerun`, undefined)).status).toBe(201)
  })

  it('a running job is told to its runtime by heartbeat and progress, and ends CANCELLED', async () => {
    const { id, engine } = await queued('c2')
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
    const { id, engine } = await queued('c3')
    await wing.runtime.jobs.finish(await leased(wing, engine), complete)
    expect(await failureOf(wing.ann.jobs.cancel(id))).toMatchObject({ kind: 'Conflict', code: 'JobAlreadyFinished' })
    const other = await queued('c4')
    await wing.ann.jobs.cancel(other.id)
    expect((await wing.ann.jobs.cancel(other.id)).jobStatus).toBe('CANCELLED')
  })

  it('an undeployment cancels queued jobs with the reason and lets running ones end', async () => {
    const { id, engine, create, deployment } = await queued('c5')
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
    const { id, engine, deployment } = await queued('c7')
    await leased(wing, engine)
    await wing.ann.deployedModels.patch(deployment.id, { state: 'UNDEPLOYED' })
    await register(wing, 'c7', [])
    expect(await wing.ann.jobs.get(id)).toMatchObject({
      jobStatus: 'CANCELLED',
      outcome: expect.stringContaining('undeployed while it ran'),
    })
  })

  it('a running job whose runtime goes silent after the cancel is cancelled', async () => {
    const { id, engine } = await queued('c6')
    await leased(wing, engine)
    await wing.ann.jobs.cancel(id)
    await wing.clock.forward(31_000)
    await eventually(async () => (await statusOf(id)) === 'CANCELLED')
  })
})

describe('running again', () => {
  it('is a new job with the same model and data, told as a rerun', async () => {
    const { id, engine } = await queued('r1')
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
    const { id, engine, create } = await queued('r4')
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
    expect(taken.credentials).toEqual({})
    expect((await wing.ann.jobs.get(again.id)).jobMessages.join('\n')).toContain(
      'user and password of inputData[0] were deleted',
    )
  })

  it('of a deployment that was undeployed is 422', async () => {
    const { id, engine, deployment } = await queued('r3')
    await wing.runtime.jobs.finish(await leased(wing, engine), complete)
    await wing.ann.deployedModels.patch(deployment.id, { state: 'UNDEPLOYED' })
    expect(await failureOf(wing.ann.jobs.rerun(id))).toMatchObject({ code: 'ModelNotDeployed' })
  })
})

describe('a runtime that goes away', () => {
  it('loses its job to another runtime; the job says so', async () => {
    const { id, engine } = await queued('w1')
    await leased(wing, engine)
    const other = await register(wing, 'w1-other', ['w1', 'DEV'])
    await wing.clock.forward(20_000)
    await wing.runtime.engines.heartbeat(other.id, { session: other.session })
    await wing.clock.forward(11_000)
    await eventually(async () => (await statusOf(id)) === 'WAITING')
    const taken = await leased(wing, other)
    expect(taken).toMatchObject({ jobId: id, attempt: 2 })
    expect((await wing.ann.jobs.get(id)).jobMessages.join('\n')).toContain(
      "runtime 'w1' went silent; the job waits again (attempt 1 was lost)",
    )
    expect((await history(wing, id)).events.map((each) => each.event)).toEqual([
      'job.created',
      'job.queued',
      'job.leased',
      'job.lost',
      'job.moved',
      'job.leased',
    ])
  })

  it('for as long as no server was there to hear it keeps its job, its queue and its name among the living', async () => {
    const { id, engine, create } = await queued('outage')
    const { attempt } = await leased(wing, engine)
    const waiting = await create()
    wing.clock.now = new Date((wing.clock.now ?? new Date()).getTime() + 10 * 60_000)
    const looked = () => wing.pool.query('select looked_at from model_manage.lease_watch')
    await eventually(async () => (await looked()).rows[0].looked_at.getTime() === wing.clock.now?.getTime())
    expect(await wing.ann.engines.get(engine.id)).toMatchObject({ alive: true, queue: { waiting: 1, running: 1 } })
    expect((await wing.ann.jobs.get(waiting.id)).jobMessages.join('\n')).not.toContain('silent')
    const running = [{ jobId: id, attempt }]
    const beat = await wing.runtime.engines.heartbeat(engine.id, { session: engine.session, running })
    expect(beat).toEqual({ cancel: [], lost: [] })
    await wing.clock.forward(31_000)
    await eventually(async () => (await statusOf(id)) === 'WAITING')
  })

  it('for as long as no server was there is alive at the first call after the start, if it was before', async () => {
    const own = await startWing()
    try {
      const [early, late] = [await register(own, 'early', []), await register(own, 'late', [])]
      await own.clock.forward(31_000)
      await own.runtime.engines.heartbeat(late.id, { session: late.session })
      await stopApp(own.app as never, 1_000)
      own.clock.now = new Date((own.clock.now ?? new Date()).getTime() + 3_600_000)
      const next = await own.another()
      const isAlive = async (id: string) => (await next.ann.engines.get(id)).alive
      expect([await isAlive(early.id), await isAlive(late.id)]).toEqual([false, true])
    } finally {
      await own.stop()
    }
  })

  it('three times ends the job in ERROR with RuntimeLost', async () => {
    const { id } = await queued('w2')
    for (let n = 1; n <= 3; n++) {
      const engine = await register(wing, 'w2', [])
      expect((await leased(wing, engine)).attempt).toBe(n)
    }
    await register(wing, 'w2', [])
    const job = await wing.ann.jobs.get(id)
    expect(job).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN' })
    expect(job.outcome).toBe("RuntimeLost: runtime 'w2' was started anew; the job was tried 3 times")
    expect(job.jobMessages.at(-1)).toContain('RuntimeLost')
  })

  it('its queued jobs go to another that matches; when none does they wait with the reason until one is there', async () => {
    const { id, engine } = await queued('w3')
    await wing.clock.forward(31_000)
    await eventually(async () =>
      (await wing.ann.jobs.get(id)).jobMessages.some((line) => /No runtime matches/.test(line)),
    )
    expect(await statusOf(id)).toBe('WAITING')
    await wing.runtime.engines.heartbeat(engine.id, { session: engine.session })
    expect((await leased(wing, engine)).jobId).toBe(id)
  })

  it('that hands a job back gives it to another without counting a try', async () => {
    const { id, engine } = await queued('w4')
    for (let n = 1; n <= 4; n++)
      await wing.runtime.jobs.release(await leased(wing, engine), { reason: 'the runtime stops' })
    expect(await statusOf(id)).toBe('WAITING')
    await wing.runtime.engines.unregister(engine.id, engine.session)
    expect((await wing.ann.engines.get(engine.id)).alive).toBe(false)
    expect((await wing.ann.jobs.get(id)).jobMessages.at(-1)).toContain('No runtime matches')
    const other = await register(wing, 'w4-other', ['w4', 'DEV'])
    expect((await leased(wing, other)).jobId).toBe(id)
  })

  it('fails at a job is tried again, and the third time the job ends in ERROR with its reason', async () => {
    const { id, engine } = await queued('w6')
    const fail = async () =>
      wing.runtime.jobs.release(await leased(wing, engine), { reason: 'the runtime failed: no room', counts: true })
    await fail()
    expect((await wing.ann.jobs.get(id)).jobMessages.join('\n')).toContain(
      'the runtime failed: no room; the job waits again (attempt 1 failed)',
    )
    await fail()
    await fail()
    expect(await wing.ann.jobs.get(id)).toMatchObject({
      jobStatus: 'ERROR',
      outcome: 'RuntimeFailed: the runtime failed: no room; the job was tried 3 times',
    })
  })

  it('keeps its attempts alive by naming them; one it does not name runs out', async () => {
    const { id, engine } = await queued('w5')
    const { attempt } = await leased(wing, engine)
    for (let n = 0; n < 5; n++) {
      await wing.clock.forward(10_000)
      expect(
        await wing.runtime.engines.heartbeat(engine.id, { session: engine.session, running: [{ jobId: id, attempt }] }),
      ).toEqual({ cancel: [], lost: [] })
    }
    expect(await statusOf(id)).toBe('RUNNING')
    for (let n = 0; n < 4; n++) {
      await wing.clock.forward(10_000)
      await wing.runtime.engines.heartbeat(engine.id, { session: engine.session })
    }
    await eventually(async () => (await statusOf(id)) === 'WAITING')
    const beat = await wing.runtime.engines.heartbeat(engine.id, {
      session: engine.session,
      running: [{ jobId: id, attempt }],
    })
    expect(beat.lost).toEqual([{ jobId: id, attempt }])
  })
})

describe('tags changed after queuing', () => {
  it('move a job to another runtime that matches, or let it wait with the reason until one does', async () => {
    const { id, engine } = await queued('t1')
    await wing.ann.engines.patch(engine.id, { tags: ['t1'] })
    const waiting = await wing.ann.jobs.get(id)
    expect(waiting.jobStatus).toBe('WAITING')
    expect(waiting.jobMessages.at(-1)).toContain("lacks tag 'DEV'")
    expect(await lease(wing, engine)).toBeUndefined()
    const other = await register(wing, 't1-other', ['t1', 'DEV'])
    expect(await wing.ann.jobs.get(id)).toMatchObject({ targetEngine: { name: 't1-other' } })
    await wing.ann.engines.patch(engine.id, { tags: ['t1', 'DEV'] })
    expect((await leased(wing, other)).jobId).toBe(id)
  })
})
