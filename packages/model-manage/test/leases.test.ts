import { jobEndedMessage, makeClient } from '@rowhouse/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { complete, history, lease, leased, queued, register } from './fleet.ts'
import { eventually, failureOf, startWing, type Wing } from './wing.ts'

let wing: Wing
beforeAll(async () => {
  wing = await startWing()
})
afterAll(() => wing.stop())

describe('a lease', () => {
  it('gives the oldest job of the queue, whole, under an attempt number', async () => {
    const { engine, id, create } = await queued(wing, 'l1')
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
    const { engine, create } = await queued(wing, 'slots')
    await create()
    await leased(wing, engine)
    expect(await lease(wing, engine)).toBeUndefined()
    const wider = await register(wing, 'wide', ['slots', 'DEV'], { slots: 2 })
    for (let n = 0; n < 2; n++) await create()
    const idle = await wing.ann.engines.get(wider.id)
    await leased(wing, wider)
    expect(await wing.ann.engines.get(wider.id)).toMatchObject({ state: 'RUNNING', queue: { waiting: 1, running: 1 } })
    expect(idle).toMatchObject({ state: 'INIT', queue: { running: 0 } })
    await leased(wing, wider)
  })

  it('that waits is answered when a job comes', async () => {
    const { engine, create } = await queued(wing, 'poll')
    await wing.runtime.jobs.finish(await leased(wing, engine), complete)
    const waiting = lease(wing, engine, 30_000)
    await new Promise((done) => setTimeout(done, 50))
    const { id } = await create()
    expect((await waiting)?.jobId).toBe(id)
  })

  it('that waits is answered when the job comes through another server', async () => {
    const other = await wing.another()
    const { engine, wish } = await queued(wing, 'poll2')
    await wing.runtime.jobs.finish(await leased(wing, engine), complete)
    const waiting = lease(wing, engine, 30_000)
    await new Promise((done) => setTimeout(done, 50))
    const { id } = await other.ann.jobs.create(wish)
    expect((await waiting)?.jobId).toBe(id)
  })

  it('of a caller that hung up takes no job', async () => {
    const { engine, create } = await queued(wing, 'hang')
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
    expect((await leased(wing, engine, 30_000)).jobId).toBe(id)
  })

  it('whose answer was lost is given again to the slot that asks again, as the same attempt, until it was heard of', async () => {
    const { engine, id, create } = await queued(wing, 'lost-answer')
    const ask = (slot: number) => wing.runtime.engines.lease(engine.id, { session: engine.session, slot, waitMs: 0 })
    expect(await ask(0)).toMatchObject({ jobId: id, attempt: 1 })
    expect(await ask(1)).toBeUndefined()
    const again = await ask(0)
    expect(again).toMatchObject({ jobId: id, attempt: 1 })
    const { jobMessages } = await wing.ann.jobs.get(id)
    expect(jobMessages.at(-1)).toMatch(/asks again: the answer that gave it the job was lost on its way/)
    await wing.runtime.jobs.progress({ jobId: id, attempt: 1 }, { messages: [] })
    expect(await ask(0)).toBeUndefined()
    await wing.runtime.jobs.finish({ jobId: id, attempt: 1 }, complete)
    const next = await create()
    expect(await ask(0)).toMatchObject({ jobId: next.id })
    const running = [{ jobId: next.id, attempt: 1 }]
    await wing.runtime.engines.heartbeat(engine.id, { session: engine.session, running })
    expect(await ask(0)).toBeUndefined()
  })

  it('goes to the later of two calls of one slot: nobody listens to the earlier one any more', async () => {
    const { engine, create } = await queued(wing, 'twice-asked')
    await wing.runtime.jobs.finish(await leased(wing, engine), complete)
    const ask = () => wing.runtime.engines.lease(engine.id, { session: engine.session, slot: 0, waitMs: 30_000 })
    const earlier = ask()
    await new Promise((done) => setTimeout(done, 50))
    const later = ask()
    expect(await earlier).toBeUndefined()
    const { id } = await create()
    expect((await later)?.jobId).toBe(id)
  })

  it('asked for by a runtime that had gone silent brings it back to life', async () => {
    const { engine, id } = await queued(wing, 'back')
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
    const { engine, create } = await queued(wing, 'race')
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
    const { engine, id } = await queued(wing, 'prog')
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
    const { engine, id } = await queued(wing, 'fin')
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
    const { engine, id } = await queued(wing, 'err')
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

  it('ends whatever its model said: characters that cannot be stored are replaced', async () => {
    const { engine, id } = await queued(wing, 'nul')
    const taken = await leased(wing, engine)
    await wing.runtime.jobs.progress(taken, { messages: ['a\u0000b'] })
    await wing.runtime.jobs.finish(taken, {
      ...{ jobStatus: 'ERROR', jobResult: 'UNKNOWN', outcome: 'raised ValueError: a\u0000b\ud800' },
      ...{ messages: ['c\u0000d'], outputData: [{ name: 'o\u0000', fileContentString: 'e\u0000f' }] },
    })
    const job = await wing.ann.jobs.get(id)
    expect(job).toMatchObject({ jobStatus: 'ERROR', outcome: 'raised ValueError: a\ufffdb\ufffd' })
    expect(job.jobMessages).toEqual(expect.arrayContaining(['a\ufffdb', 'c\ufffdd']))
    expect(job.outputData).toMatchObject([{ name: 'o\ufffd', fileContentString: 'e\ufffdf' }])
  })

  it('told twice that it has ended, has ended once', async () => {
    const { engine, id } = await queued(wing, 'twice')
    const taken = await leased(wing, engine)
    await wing.runtime.jobs.finish(taken, complete)
    expect(await wing.runtime.jobs.finish(taken, complete)).toMatchObject({ id, jobStatus: 'COMPLETE' })
    expect((await history(wing, id)).events).toHaveLength(4)
  })

  it('keeps the first lines of a flood and the last of its end, and tells how many it left out', async () => {
    const { engine, id } = await queued(wing, 'flood')
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
    const { engine, id } = await queued(wing, 'fence')
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
    const { engine, id } = await queued(wing, 'large')
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
