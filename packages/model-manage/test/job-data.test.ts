import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { csvInput, deployedModel, leased, modelBody, register } from './fleet.ts'
import { failureOf, startWing, type Wing } from './wing.ts'

let wing: Wing
beforeAll(async () => {
  wing = await startWing()
})
afterAll(() => wing.stop())

const url = (fileUrl: string) => [{ assetType: 'EXTERNAL_FILE', fileUrl }]

describe('the data of a job', () => {
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

  it('with passwords and signatures in URLs keeps them out of everything that is shown, and hands them out with the lease only', async () => {
    const engine = await register(wing, 'sec', ['sec', 'DEV'])
    const { id } = await deployedModel(wing, 'sec', 'DEV', {
      outputData: url('https://OUT:TOPSECRET2@h/out.csv?part=1&X-Amz-Signature=TOPSECRET3'),
    })
    const created = await wing.ann.jobs.create({
      deployedModel: { id },
      inputData: url('http://KEY:TOPSECRET1@host:9000/in.csv'),
      jobParameters: { db: 'postgresql://bob:TOPSECRET5@db/x' },
    })
    expect(created.jobParameters).toEqual({ db: 'postgresql://db/x' })
    const taken = await leased(wing, engine)
    expect(taken.credentials).toEqual({
      'inputData[0]': { username: 'KEY', password: 'TOPSECRET1' },
      'outputData[0]': { username: 'OUT', password: 'TOPSECRET2', query: 'X-Amz-Signature=TOPSECRET3' },
    })
    expect(taken.job).toMatchObject({
      inputData: [{ fileUrl: 'http://host:9000/in.csv' }],
      outputData: [{ fileUrl: 'https://h/out.csv?part=1' }],
      jobParameters: { db: 'postgresql://bob:TOPSECRET5@db/x' },
    })
    const additionalAssets = url('http://KEY:TOPSECRET4@host/metrics.json')
    await wing.runtime.jobs.finish(taken, { jobStatus: 'COMPLETE', jobResult: 'SUCCESS', additionalAssets })
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
})
