/** The agent's life: registering, beating, cancelling, losing, draining, and a network that goes and comes. */
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import type { RunContext } from '../src/run-job-attempt.ts'
import {
  cards,
  embedded,
  external,
  jobOf,
  type RuntimeFixture,
  type RuntimeOptions,
  startRuntime,
} from './agent-fixture.ts'
import { startGateway } from './gateway-fixture.ts'

const open: RuntimeFixture[] = []
afterEach(async () => {
  for (const runtime of open.splice(0)) await runtime.close()
})
async function start(options: RuntimeOptions = {}): Promise<RuntimeFixture> {
  const runtime = await startRuntime(options)
  open.push(runtime)
  return runtime
}
const input = { inputData: [embedded('in.csv', cards(3))] }

function runs(runtime: RuntimeFixture, jobId: string): () => boolean {
  return () =>
    (runtime.gateway.jobs.get(jobId)?.messages ?? []).some((line) => line.includes('state changes to RUNNING'))
}

it('an agent registers with its tags and slots, and beats naming what it runs', async () => {
  const runtime = await start()
  const jobId = runtime.gateway.addJob(await jobOf('sleeps-forever.py', input))
  await runtime.gateway.until('a beat that names the job', () =>
    runtime.gateway.heartbeats.some(({ running }) => running.some((one) => one.jobId === jobId && one.attempt === 1)),
  )
  expect(runtime.gateway.registrations[0]).toMatchObject({
    name: 'engine-1',
    initialTags: ['DEV', 'cc-fraud'],
    slots: 1,
  })
})

it('a fault of the agent itself hands the job back as a failed try', async () => {
  const broken = (run: RunContext): RunContext =>
    Object.defineProperty({ ...run }, 'runtimeName', {
      get: () => {
        throw new TypeError('no name')
      },
    })
  const runtime = await start({ run: broken })
  const jobId = runtime.gateway.addJob(await jobOf('adds-score.py', input))
  const job = await runtime.gateway.ended(jobId)
  expect([job.failures, job.released]).toEqual([['the runtime failed: no name'], []])
  expect(runtime.log.join('\n')).toContain('TypeError: no name')
})

it('while a model runs its messages and counts are told', async () => {
  const runtime = await start()
  const jobId = runtime.gateway.addJob(await jobOf('sleeps-forever.py', input))
  await runtime.gateway.until('its console', () =>
    (runtime.gateway.jobs.get(jobId)?.messages ?? []).some((line) => line.endsWith('MODEL-CONSOLE: sleeping')),
  )
  expect(runtime.gateway.jobs.get(jobId)?.progress.at(-1)).toMatchObject({ recordsTotal: 3, bytesTotal: 25 })
})

it('a cancelled job is stopped and ends CANCELLED, without output', async () => {
  const runtime = await start()
  await writeFile(join(runtime.data, 'in.csv'), cards(3))
  const files = { inputData: [external('in.csv')], outputData: [external('out.csv')] }
  const jobId = runtime.gateway.addJob(await jobOf('sleeps-forever.py', files))
  await runtime.gateway.until('the model to run', runs(runtime, jobId))
  runtime.gateway.cancel(jobId)
  const job = await runtime.gateway.ended(jobId)
  expect(job.finish).toMatchObject({ jobStatus: 'CANCELLED', jobResult: 'UNKNOWN' })
  expect(await readdir(runtime.data)).toEqual(['in.csv'])
})

it('a lost attempt is thrown away with its side files, in silence, and the slot is free again', async () => {
  const runtime = await start()
  await writeFile(join(runtime.data, 'in.csv'), cards(3))
  const files = { inputData: [external('in.csv')], outputData: [external('out.csv')] }
  const jobId = runtime.gateway.addJob(await jobOf('sleeps-forever.py', files))
  await runtime.gateway.until('the model to run', runs(runtime, jobId))
  expect((await readdir(runtime.data)).some((name) => name.endsWith('.part'))).toBe(true)
  runtime.gateway.lose(jobId)
  const next = runtime.gateway.addJob(await jobOf('adds-score.py', input))
  expect((await runtime.gateway.ended(next)).finish?.jobStatus).toBe('COMPLETE')
  expect(runtime.gateway.jobs.get(jobId)?.finish).toBeUndefined()
  expect(await readdir(runtime.data)).toEqual(['in.csv'])
})

it('a result that is late is not published: the lease is proved before the rename', async () => {
  const runtime = await start({ gateway: await startGateway({ heartbeatMs: 60_000 }) })
  await writeFile(join(runtime.data, 'in.csv'), cards(3))
  const files = { inputData: [external('in.csv')], outputData: [external('out.csv')] }
  const jobId = runtime.gateway.addJob(
    await jobOf('waits-for-a-file.py', { ...files, jobParameters: { file: join(runtime.data, 'go') } }),
  )
  await runtime.gateway.until('the lease', () => runtime.gateway.jobs.get(jobId)?.state === 'RUNNING')
  runtime.gateway.lose(jobId)
  await writeFile(join(runtime.data, 'go'), '')
  await runtime.gateway.until('the loss to be seen', () => runtime.log.some((line) => line.includes('thrown away')))
  expect((await readdir(runtime.data)).sort()).toEqual(['go', 'in.csv'])
})

it('draining hands running jobs back, kills their models and unregisters', async () => {
  const runtime = await start({ slots: 2 })
  const first = runtime.gateway.addJob(await jobOf('sleeps-forever.py', input))
  const second = runtime.gateway.addJob(await jobOf('sleeps-forever.py', input))
  await runtime.gateway.until('both models to run', () => runs(runtime, first)() && runs(runtime, second)())
  await runtime.agent.drain('runtime engine-1 stops')
  for (const jobId of [first, second]) {
    expect(runtime.gateway.jobs.get(jobId)).toMatchObject({ released: ['runtime engine-1 stops'] })
    expect(runtime.gateway.jobs.get(jobId)?.finish).toBeUndefined()
  }
  expect(runtime.gateway.unregistered).toBe(1)
  expect(await runtime.agent.ended).toBe('drained')
})

it('a gateway that never answers a farewell does not hold the agent', async () => {
  const runtime = await start()
  const jobId = runtime.gateway.addJob(await jobOf('sleeps-forever.py', input))
  await runtime.gateway.until('the model to run', runs(runtime, jobId))
  runtime.gateway.deafTo = /release|unregister/
  await runtime.agent.drain('runtime engine-1 stops')
  expect(runtime.log.join('\n')).toContain(`job ${jobId} could not be handed back (its lease will run out)`)
  expect(await runtime.agent.ended).toBe('drained')
})

it('an agent started before its gateway waits for it, and says so in one line each', async () => {
  const gateway = await startGateway()
  gateway.cut()
  const runtime = await start({ gateway })
  await gateway.until('the line', () => runtime.log.length > 0)
  await new Promise((resolve) => setTimeout(resolve, 300))
  gateway.heal()
  const jobId = gateway.addJob(await jobOf('adds-score.py', input))
  expect((await gateway.ended(jobId)).finish?.jobStatus).toBe('COMPLETE')
  expect(runtime.log.filter((line) => line.includes('is away'))).toHaveLength(1)
  expect(runtime.log.filter((line) => line.includes('answers again'))).toHaveLength(1)
})

it('a job that ends while the gateway is away is told when it is back', async () => {
  const runtime = await start()
  const { gateway } = runtime
  const jobId = gateway.addJob(
    await jobOf('waits-for-a-file.py', { ...input, jobParameters: { file: join(runtime.data, 'go') } }),
  )
  await gateway.until('the model to run', runs(runtime, jobId))
  gateway.cut()
  await writeFile(join(runtime.data, 'go'), '')
  await new Promise((resolve) => setTimeout(resolve, 500))
  gateway.heal()
  expect((await gateway.ended(jobId)).finish).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS' })
})

it('a finish whose answer is lost is told again', async () => {
  const runtime = await start()
  runtime.gateway.breakFinish = 2
  const jobId = runtime.gateway.addJob(await jobOf('adds-score.py', input))
  await runtime.gateway.ended(jobId)
  await runtime.gateway.until('the third answer', () => runtime.gateway.breakFinish < 0)
  const next = runtime.gateway.addJob(await jobOf('adds-score.py', input))
  expect((await runtime.gateway.ended(next)).finish?.jobStatus).toBe('COMPLETE')
})

it('a result the server refuses becomes an error that says so', async () => {
  const runtime = await start()
  runtime.gateway.refuseFinish = 'outputData[0]: too large'
  const jobId = runtime.gateway.addJob(await jobOf('adds-score.py', input))
  const job = await runtime.gateway.ended(jobId)
  expect(job.finish).toMatchObject({
    jobStatus: 'ERROR',
    outcome: "the server refused the job's result: outputData[0]: too large",
  })
})

it('a gateway that forgot the runtime is registered with again', async () => {
  const runtime = await start()
  await runtime.gateway.until('the registration', () => runtime.gateway.registrations.length === 1)
  runtime.gateway.forgetRuntimes()
  await runtime.gateway.until('another registration', () => runtime.gateway.registrations.length === 2)
  const jobId = runtime.gateway.addJob(await jobOf('adds-score.py', input))
  expect((await runtime.gateway.ended(jobId)).finish?.jobStatus).toBe('COMPLETE')
})

it('an agent whose name another one took stops, and leaves the jobs to it', async () => {
  const runtime = await start()
  const jobId = runtime.gateway.addJob(await jobOf('sleeps-forever.py', input))
  await runtime.gateway.until('the model to run', runs(runtime, jobId))
  runtime.gateway.takeOver()
  expect(await runtime.agent.ended).toBe('outdated')
  expect(runtime.gateway.jobs.get(jobId)).toMatchObject({ released: [] })
  expect(runtime.gateway.jobs.get(jobId)?.finish).toBeUndefined()
  expect(runtime.gateway.unregistered).toBe(0)
})
