import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { complete, csvInput, deployedModel, leased, register } from './fleet.ts'
import { failureOf, startWing, type Wing } from './wing.ts'

let wing: Wing
beforeAll(async () => {
  wing = await startWing()
})
afterAll(() => wing.stop())

describe('managed files', () => {
  it('go up as a stream, are named by their SHA-256, and come down whole or by range', async () => {
    const bytes = Buffer.from('line\n'.repeat(100_000))
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const stored = await wing.ann.files.upload(
      Readable.toWeb(Readable.from([bytes.subarray(0, 7), bytes.subarray(7)])) as ReadableStream,
      { filename: 'lines.csv' },
    )
    expect(stored).toEqual({ sha256, size: bytes.length })
    const whole = await wing.bob.files.download(sha256)
    expect(whole.headers.get('content-type')).toContain('text/csv')
    expect(whole.headers.get('content-disposition')).toContain('filename="lines.csv"')
    expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true)
    const part = await wing.runtime.files.download(sha256, { headers: { range: 'bytes=5-8' } })
    expect(part.status).toBe(206)
    expect(part.headers.get('content-range')).toBe(`bytes 5-8/${bytes.length}`)
    const ranged = (etag: string) =>
      wing.runtime.files.download(sha256, { headers: { range: 'Bytes=5-8', 'if-range': etag } })
    expect([(await ranged(`"${sha256}"`)).status, (await ranged('"another"')).status]).toEqual([206, 200])
    expect(await part.text()).toBe('line')
    const ask = (method: 'GET' | 'HEAD', headers: Record<string, string> = {}) =>
      wing.app.inject({
        ...{ method, url: `/model-manage/api/files/${sha256.toUpperCase()}` },
        headers: { authorization: 'Bearer ann', ...headers },
      })
    const head = await ask('HEAD')
    expect([head.statusCode, head.headers['content-length'], head.body]).toEqual([200, String(bytes.length), ''])
    expect((await ask('GET', { 'if-none-match': `"other", W/"${sha256}"` })).statusCode).toBe(304)
  })

  it('the same bytes twice are one file', async () => {
    const first = await wing.ann.files.upload(Buffer.from('same'))
    expect(await wing.bob.files.upload(Buffer.from('same'))).toEqual(first)
  })

  it('of any content type are taken as they are, JSON included; an empty one too', async () => {
    const { sha256 } = await wing.ann.files.upload(Buffer.from('{not json'), {
      headers: { 'content-type': 'application/json' },
    })
    expect(await (await wing.ann.files.download(sha256)).text()).toBe('{not json')
    const empty = await wing.ann.files.upload(new Uint8Array())
    expect(empty.size).toBe(0)
    expect(await (await wing.ann.files.download(empty.sha256)).text()).toBe('')
  })

  it('a form is refused with the way to do it; an unknown or wrong name is 404 or 400', async () => {
    const form = new FormData()
    form.set('file', new Blob(['x']))
    expect((await failureOf(wing.ann.call('POST', '/model-manage/api/files', form))).message).toContain('--data-binary')
    expect(await failureOf(wing.ann.files.download('0'.repeat(64)))).toMatchObject({ kind: 'NotFound' })
    expect(await failureOf(wing.ann.files.download('../../etc/passwd'))).toMatchObject({ kind: 'NotFound' })
    expect(await failureOf(wing.ann.files.download('abc'))).toMatchObject({ kind: 'InputError' })
  })
})

describe("a job's output", () => {
  it('that the runtime wrote elsewhere is 409 and says where; one that is not there yet is 404', async () => {
    const engine = await register(wing, 'out', ['out', 'DEV'])
    const { id } = await deployedModel(wing, 'out', 'DEV')
    const embedded = await wing.ann.jobs.create({ deployedModel: { id }, inputData: csvInput() })
    expect(await failureOf(wing.ann.jobs.output(embedded.id))).toMatchObject({ kind: 'NotFound' })
    expect(await failureOf(wing.ann.jobs.output(embedded.id, 1))).toMatchObject({ kind: 'NotFound' })
    await wing.runtime.jobs.finish(await leased(wing, engine), complete)
    const fileUrl = 'file:///tmp/out.csv'
    const wish = {
      ...{ deployedModel: { id }, inputData: csvInput() },
      outputData: [{ assetType: 'EXTERNAL_FILE', fileUrl }],
    }
    const external = await wing.ann.jobs.create(wish)
    expect(await failureOf(wing.ann.jobs.output(external.id))).toMatchObject({
      ...{ kind: 'Conflict', code: 'NoOutput', data: { fileUrl } },
      message: expect.stringMatching(
        /has not ended yet \(WAITING\), and nothing was written to file:\/\/\/tmp\/out\.csv$/,
      ),
    })
    await wing.runtime.jobs.finish(await leased(wing, engine), complete)
    expect(await failureOf(wing.ann.jobs.output(external.id))).toMatchObject({
      ...{ kind: 'Conflict', code: 'OutputIsElsewhere', data: { fileUrl } },
      message: expect.stringMatching(/the runtime wrote it to file:\/\/\/tmp\/out\.csv$/),
    })
  })

  it('of a job that failed is 409 and says why there is none', async () => {
    const engine = await register(wing, 'bad', ['bad', 'DEV'])
    const { id } = await deployedModel(wing, 'bad', 'DEV')
    const outputData = [{ assetType: 'EXTERNAL_FILE', fileUrl: 'file:///tmp/bad.csv' }]
    const job = await wing.ann.jobs.create({ deployedModel: { id }, inputData: csvInput(), outputData })
    const end = { jobStatus: 'ERROR', jobResult: 'UNKNOWN', outcome: 'raised it' } as const
    await wing.runtime.jobs.finish(await leased(wing, engine), end)
    expect(await failureOf(wing.ann.jobs.output(job.id))).toMatchObject({
      code: 'NoOutput',
      message: expect.stringMatching(/the job ended in ERROR \(raised it\), and nothing was written to/),
    })
  })

  it('that is a managed file is streamed', async () => {
    const engine = await register(wing, 'man', ['man', 'DEV'])
    const { id } = await deployedModel(wing, 'man', 'DEV')
    const job = await wing.ann.jobs.create({ deployedModel: { id }, inputData: csvInput() })
    const { sha256 } = await wing.runtime.files.upload(Buffer.from('score\n1\n'))
    const taken = await leased(wing, engine)
    const output = {
      name: 'o.csv',
      filename: 'o.csv',
      assetType: 'FILE',
      contentHash: { hashType: 'SHA-256' as const, hexString: sha256 },
    }
    await wing.runtime.jobs.finish(taken, { jobStatus: 'COMPLETE', jobResult: 'SUCCESS', outputData: [output] })
    expect(await (await wing.ann.jobs.output(job.id, 0, { headers: { range: 'bytes=0-4' } })).text()).toBe('score')
  })
})

describe('notifications', () => {
  it('are made, listed newest first, narrowed, patched and deleted', async () => {
    const made = await wing.mlc.notifications.create({
      notificationType: 'JobNotification',
      message: 'job ended in error',
      severity: 'ERROR',
      jobId: 'j1',
    })
    expect(made).toMatchObject({ severity: 'ERROR', createdBy: 'mlc', version: 0, open: true })
    await wing.ann.notifications.create({ message: 'other' })
    expect((await wing.ann.notifications.list())._embedded.notifications?.map((each) => each.message)).toEqual([
      'other',
      'job ended in error',
    ])
    expect((await wing.ann.notifications.list({ jobId: 'j1' })).page?.totalElements).toBe(1)
    const path = `/model-manage/api/notifications/${made.id}`
    expect((await wing.ann.notifications.list({ severity: 'error' })).page?.totalElements).toBe(1)
    expect(await wing.ann.call('PATCH', path, { open: false, severity: 'warning' })).toMatchObject({
      open: false,
      severity: 'WARNING',
      version: 1,
      message: 'job ended in error',
    })
    expect((await wing.ann.send('DELETE', path, undefined)).status).toBe(204)
    expect(await failureOf(wing.ann.call('GET', path))).toMatchObject({ kind: 'NotFound' })
    expect(await failureOf(wing.ann.call('DELETE', path))).toMatchObject({ kind: 'NotFound' })
  })
})
