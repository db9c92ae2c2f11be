import { stopApp } from '@rowhouse/http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { history, lease, leased, queued, register } from './fleet.ts'
import { eventually, startWing, type Wing } from './wing.ts'

let wing: Wing
beforeAll(async () => {
  wing = await startWing()
})
afterAll(() => wing.stop())

const statusOf = async (id: string) => (await wing.ann.jobs.get(id)).jobStatus

describe('a runtime that goes away', () => {
  it('loses its job to another runtime; the job says so', async () => {
    const { id, engine } = await queued(wing, 'w1')
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
    const { id, engine, create } = await queued(wing, 'outage')
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

  it('while a server slept in the middle of its look keeps its job', async () => {
    const { id, engine } = await queued(wing, 'slept')
    await leased(wing, engine)
    // given a server that has begun to look
    const other = await wing.pool.connect()
    await other.query('begin; lock table model_manage.lease_watch')
    const waits = `select 1 from pg_locks where relation = 'model_manage.lease_watch'::regclass and not granted
      and database = (select oid from pg_database where datname = current_database())`
    await eventually(async () => (await other.query(waits)).rowCount === 1)
    // when it goes on ten minutes later
    const later = new Date((wing.clock.now ?? new Date()).getTime() + 10 * 60_000)
    wing.clock.now = later
    await other.query('commit')
    other.release()
    // then it has looked again, and nothing was given back
    const looked = () => wing.pool.query('select looked_at from model_manage.lease_watch')
    await eventually(async () => (await looked()).rows[0].looked_at.getTime() === later.getTime())
    expect(await statusOf(id)).toBe('RUNNING')
    expect(await wing.ann.engines.get(engine.id)).toMatchObject({ alive: true, queue: { running: 1 } })
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
      expect(own.warned.join()).toContain('no server listened for 3600 s')
    } finally {
      await own.stop()
    }
  })

  it('is no silence where it stopped in good order: not alive after an outage of the servers that followed', async () => {
    const own = await startWing()
    try {
      const stopped = await register(own, 'stopped', [])
      await own.clock.forward(2_000)
      await own.pool.query("update model_manage.lease_watch set looked_at = looked_at - interval '2 seconds'")
      await own.runtime.engines.unregister(stopped.id, stopped.session)
      await stopApp(own.app as never, 1_000)
      own.clock.now = new Date((own.clock.now ?? new Date()).getTime() + 3_600_000)
      const next = await own.another()
      expect((await next.ann.engines.get(stopped.id)).alive).toBe(false)
      expect(own.warned.join()).not.toContain('no server listened')
    } finally {
      await own.stop()
    }
  })

  it('three times ends the job in ERROR with RuntimeLost', async () => {
    const { id } = await queued(wing, 'w2')
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
    const { id, engine } = await queued(wing, 'w3')
    await wing.clock.forward(31_000)
    await eventually(async () =>
      (await wing.ann.jobs.get(id)).jobMessages.some((line) => /No runtime matches/.test(line)),
    )
    expect(await statusOf(id)).toBe('WAITING')
    await wing.runtime.engines.heartbeat(engine.id, { session: engine.session })
    expect((await leased(wing, engine)).jobId).toBe(id)
  })

  it('that hands a job back gives it to another without counting a try', async () => {
    const { id, engine } = await queued(wing, 'w4')
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
    const { id, engine } = await queued(wing, 'w6')
    const fail = async () =>
      wing.runtime.jobs.release(await leased(wing, engine), {
        reason: 'the runtime failed: no\u0000room',
        counts: true,
      })
    await fail()
    expect((await wing.ann.jobs.get(id)).jobMessages.join('\n')).toContain(
      'the runtime failed: no\ufffdroom; the job waits again (attempt 1 failed)',
    )
    await fail()
    await fail()
    expect(await wing.ann.jobs.get(id)).toMatchObject({
      jobStatus: 'ERROR',
      outcome: 'RuntimeFailed: the runtime failed: no\ufffdroom; the job was tried 3 times',
    })
  })

  it('keeps its attempts alive by naming them; one it does not name runs out', async () => {
    const { id, engine } = await queued(wing, 'w5')
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
  // no runtime of another test is nearer
  let own: Wing
  beforeAll(async () => {
    own = await startWing()
  })
  afterAll(() => own.stop())

  it('move a job to another runtime that matches, or let it wait with the reason until one does', async () => {
    const { id, engine } = await queued(own, 't1')
    await own.ann.engines.patch(engine.id, { tags: ['t1'] })
    const waiting = await own.ann.jobs.get(id)
    expect(waiting.jobStatus).toBe('WAITING')
    expect(waiting.jobMessages.at(-1)).toContain("lacks tag 'DEV'")
    expect(await lease(own, engine)).toBeUndefined()
    const other = await register(own, 't1-other', ['t1', 'DEV'])
    expect(await own.ann.jobs.get(id)).toMatchObject({ targetEngine: { name: 't1-other' } })
    await own.ann.engines.patch(engine.id, { tags: ['t1', 'DEV'] })
    expect((await leased(own, other)).jobId).toBe(id)
  })
})
