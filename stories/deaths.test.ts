/** Any part may be killed at any moment: starting again goes on, each job ends once, and its output is whole. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createJob, deploy, ended, running, writeRows } from './deploy.ts'
import { listProcesses } from './processes.ts'
import { eventually, type Rowhouse, readLines, startRowhouse } from './rowhouse.ts'

let rowhouse: Rowhouse
let slow: string

/** One for all: what has come back from a death is to come back from the next. */
beforeAll(async () => {
  rowhouse = await startRowhouse()
  slow = await deploy(rowhouse, 'slow')
})
afterAll(() => rowhouse?.remove())

async function slowJob(rows = 60) {
  const input = writeRows(rowhouse, 'rows.csv', rows)
  const output = join(rowhouse.folder, `scores-${randomUUID()}.csv`)
  const job = await createJob(rowhouse, slow, input, output)
  await running(rowhouse, job.id)
  return { job, output, rows }
}

it('a killed runtime: the job is given to the one that comes after it', async () => {
  const { job, output, rows } = await slowJob()
  process.kill(await rowhouse.findPid('runtime'), 'SIGKILL')
  const end = await ended(rowhouse, job.id)
  expect(end).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS' })
  expect(readLines(output)).toHaveLength(rows + 1)
})

it('a killed warm parent, which takes the model along: that was no fault of the model, and the job is tried again', async () => {
  const { job, output, rows } = await slowJob(200)
  const runtime = await rowhouse.findPid('runtime')
  const parent = await eventually('the warm parent', async () =>
    listProcesses().find((one) => one.parent === runtime && one.command.includes('zygote.py')),
  )
  process.kill(parent.pid, 'SIGKILL')
  const end = await ended(rowhouse, job.id)
  expect(end).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS' })
  expect(end.jobMessages.join('\n')).toMatch(/starts the models of this runtime was killed.*\(attempt 1 failed\)/)
  expect(readLines(output)).toHaveLength(rows + 1)
})

it('a server that hangs for longer than a call may take: the running job ends well when it is back', async () => {
  const { job, output, rows } = await slowJob()
  const server = await rowhouse.findPid('server')
  process.kill(server, 'SIGSTOP')
  await new Promise((done) => setTimeout(done, 14_000))
  process.kill(server, 'SIGCONT')
  expect(await endedThroughOutage(job.id)).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS' })
  expect(readLines(output)).toHaveLength(rows + 1)
})

it('a killed server: it is started again and the running job ends as if nothing had been', async () => {
  const { job, output, rows } = await slowJob()
  process.kill(await rowhouse.findPid('server'), 'SIGKILL')
  const end = await endedThroughOutage(job.id)
  expect(end).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS' })
  expect(readLines(output)).toHaveLength(rows + 1)
})

it('a killed PostgreSQL: it is started again and the running job ends', async () => {
  const { job, output, rows } = await slowJob()
  process.kill(await rowhouse.findPid('PostgreSQL'), 'SIGKILL')
  const end = await endedThroughOutage(job.id)
  expect(end).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS' })
  expect(readLines(output)).toHaveLength(rows + 1)
})

it('everything killed at once: the next start finds the job and ends it', async () => {
  const { job, output, rows } = await slowJob()
  await rowhouse.kill('SIGKILL')
  await rowhouse.restart()
  expect(await ended(rowhouse, job.id)).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS' })
  expect(readLines(output)).toHaveLength(rows + 1)
})

it('a clean stop hands the running job back, and the next start ends it', async () => {
  const { job, output, rows } = await slowJob()
  expect(await rowhouse.stop()).toBe(0)
  await rowhouse.restart()
  expect(await ended(rowhouse, job.id)).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS' })
  expect(readLines(output)).toHaveLength(rows + 1)
})

/** The server may be away for a while: looks again until it answers. */
async function endedThroughOutage(jobId: string) {
  for (;;) {
    try {
      return await ended(rowhouse, jobId)
    } catch (error) {
      if (!(error instanceof Error && 'kind' in error && (error.kind === 'Unavailable' || error.kind === 'Bug')))
        throw error
      await new Promise((done) => setTimeout(done, 100))
    }
  }
}
