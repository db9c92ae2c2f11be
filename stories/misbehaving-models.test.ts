/** Models that fail, each in its own way: the job's record says how, in one sentence, and nothing half-written is left. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createJob, deploy, ended, running, writeRows } from './deploy.ts'
import { makeFolder, type Rowhouse, readLines, startRowhouse } from './rowhouse.ts'

let rowhouse: Rowhouse
let input: string

beforeAll(async () => {
  rowhouse = await startRowhouse()
  input = writeRows(rowhouse, 'rows.csv', 40)
  makeFolder(rowhouse, 'out')
})
afterAll(() => rowhouse?.remove())

async function run(model: string, parameters: Record<string, unknown> = {}) {
  const output = join(rowhouse.folder, 'out', `${model}.csv`)
  const created = await createJob(rowhouse, await deploy(rowhouse, model), input, output, { jobParameters: parameters })
  return { job: await ended(rowhouse, created.id), output }
}

describe('a model that fails', () => {
  it.each([
    ['raises-at-row-17', /raised KeyError 'amount' at record 17 \(line 18\)/],
    ['syntax-error', /SyntaxError/],
    ['raises-in-init', /FileNotFoundError.*weights\.json is not here/],
    ['exits-half-way', /exited with code 0 before/],
    ['kills-itself', /killed by signal 9|killed by SIGKILL/],
  ])('%s ends in ERROR and says so', async (model, sentence) => {
    const { job, output } = await run(model)
    expect(job).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN' })
    expect(job.outcome).toMatch(sentence)
    expect(existsSync(output)).toBe(false)
  })

  it('has its traceback in the messages as console lines', async () => {
    const { job } = await run('raises-at-row-17')
    expect(job.jobMessages.some((message) => /MODEL-CONSOLE: .*KeyError: 'amount'/.test(message))).toBe(true)
    expect(job.jobMessages.some((message) => /MODEL-CONSOLE: .*line 4, in score/.test(message))).toBe(true)
  })

  it('is stopped when its time is over', async () => {
    const { job } = await run('sleeps-forever', { timeoutSeconds: 1 })
    expect(job).toMatchObject({ jobStatus: 'ERROR', outcome: expect.stringMatching(/timed out after 1 s/) })
  })

  it('that ignores SIGTERM is killed when a person cancels its job', async () => {
    const output = join(rowhouse.folder, 'out', 'ignores.csv')
    const created = await createJob(rowhouse, await deploy(rowhouse, 'ignores-sigterm'), input, output)
    await running(rowhouse, created.id, 0)
    expect((await rowhouse.moc('job', 'cancel', created.id)).code).toBe(0)
    expect(await ended(rowhouse, created.id)).toMatchObject({ jobStatus: 'CANCELLED' })
    expect(existsSync(output)).toBe(false)
  })
})

describe('a model that floods its console', () => {
  it('ends well; its lines are capped with a count', async () => {
    const { job } = await run('prints-megabytes')
    expect(job).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS' })
    expect(job.jobMessages.length).toBeLessThan(12_000)
    expect(job.jobMessages.join('\n')).toMatch(/\d[\d,]* (more|further) lines/)
  })
})

describe('a model whose outputs cannot be encoded', () => {
  it('ends COMPLETE + FAILURE with the good rows written and the bad ones counted', async () => {
    const { job, output } = await run('yields-nan')
    expect(job).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'FAILURE' })
    expect(readLines(output)).toHaveLength(21)
    expect(job.jobMessages.join('\n')).toContain('20 output record(s) rejected by encoding')
  })
})

it('leaves nothing half-written behind', () => {
  expect(readdirSync(join(rowhouse.folder, 'out')).sort()).toEqual(['prints-megabytes.csv', 'yields-nan.csv'])
})
