/** Hundreds of jobs that wait, more than one statement takes. */
import type { RegisteredBody } from '@rowhouse/contract'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { csvInput, deployedModel, history, leased, register } from './fleet.ts'
import { startWing, type Wing } from './wing.ts'

const count = 420
let wing: Wing
let a: RegisteredBody
let b: RegisteredBody
let deploymentId: string
let ids: string[]

beforeAll(async () => {
  wing = await startWing()
  a = await register(wing, 'a', ['long', 'DEV'])
  deploymentId = (await deployedModel(wing, 'long', 'DEV')).id
  const wish = { deployedModel: { id: deploymentId }, inputData: csvInput() }
  ids = []
  for (let n = 0; n < count; n++) ids.push((await wing.ann.jobs.create(wish)).id)
})
afterAll(() => wing.stop())

async function queues() {
  const { rows } = await wing.pool.query(`
    select engine.name, job.status, job.document->'targetEngine'->>'name' as target, count(*)::int, min(job.version)::int as version
    from model_manage.job left join model_manage.engine on engine.id = job.engine_id group by 1, 2, 3 order by 1, 2`)
  return rows
}

it('change the runtime together, each with its line and its history, in the order in which they came', async () => {
  b = await register(wing, 'b', ['long', 'DEV'])
  await wing.ann.engines.patch(a.id, { tags: [] })
  expect(await queues()).toEqual([{ name: 'b', status: 'WAITING', target: 'b', count, version: 2 }])
  for (const id of [ids[0], ids.at(-1)] as string[]) {
    const { events } = await history(wing, id)
    expect(events.map((each) => [each.event, each.jobStatus])).toEqual([
      ['job.created', 'CREATED'],
      ['job.queued', 'WAITING'],
      ['job.moved', 'WAITING'],
    ])
    expect((await wing.ann.jobs.get(id)).jobMessages.at(-1)).toContain(
      "[info] runtime 'a' was changed by ann; runtime 'b' matches",
    )
  }
  expect((await leased(wing, b)).jobId).toBe(ids[0])
})

it('wait for a runtime together when none matches', async () => {
  await wing.ann.engines.patch(b.id, { tags: [] })
  expect(await queues()).toEqual([
    { name: 'b', status: 'RUNNING', target: 'b', count: 1, version: 3 },
    { name: null, status: 'WAITING', target: 'b', count: count - 1, version: 3 },
  ])
  expect((await wing.ann.jobs.get(ids.at(-1) ?? '')).jobMessages.at(-1)).toMatch(/\[warning\].*No runtime matches/)
})

it('are cancelled together with their deployment', async () => {
  await wing.ann.deployedModels.patch(deploymentId, { state: 'UNDEPLOYED' })
  expect(await queues()).toMatchObject([
    { status: 'RUNNING', count: 1 },
    { status: 'CANCELLED', count: count - 1, version: 4 },
  ])
  const { rows } = await wing.pool.query(`
    select count(*)::int from model_manage.job_history where status = 'CANCELLED' and events->-1->>'event' = 'job.cancelled'`)
  expect(rows).toEqual([{ count: count - 1 }])
})
