import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { csvInput, deployedModel, register } from './fleet.ts'
import { eventually, failureOf, startWing, type Wing } from './wing.ts'

let wing: Wing
beforeAll(async () => {
  wing = await startWing()
})
afterAll(() => wing.stop())

describe('a job and the MLC', () => {
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
})
