/** Models and inputs that misbehave: each ends in one clear sentence, with nothing half-written. */
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAlive } from '../src/agent-leftovers.ts'
import { cards, embedded, external, jobOf, type RuntimeFixture, startRuntime, textOf } from './agent-fixture.ts'

let runtime: RuntimeFixture
beforeAll(async () => {
  runtime = await startRuntime({ slots: 2 })
  await mkdir(join(runtime.data, 'out'))
  await writeFile(join(runtime.data, 'in.csv'), cards(20))
})
afterAll(() => runtime.close())

async function run(document: Record<string, unknown>) {
  return runtime.gateway.ended(runtime.gateway.addJob(document))
}
const files = { inputData: [external('in.csv')], outputData: [external('out/scores.csv')] }

describe('a model that', () => {
  const rows: [string, string, string | RegExp][] = [
    ['raises at a record', 'raises-at-17.py', "raised KeyError 'amount' at record 17 (line 18)"],
    ['raises in init', 'raises-in-init.py', 'raised RuntimeError: no weights in init'],
    ['has a syntax error', 'has-a-syntax-error.py', /^raised SyntaxError: .* while the source was loaded$/],
    ['kills itself', 'kills-itself.py', 'killed by signal 9'],
    ['exits with 0 half-way', 'exits-half-way.py', 'exited with code 0 before it had read all its input'],
    [
      'writes rubbish to the report channel',
      'writes-to-every-descriptor.py',
      /rubbish on its report channel: 'this is no event'/,
    ],
  ]
  it.each(rows)('%s ends in ERROR and UNKNOWN and leaves no output', async (_title, model, outcome) => {
    const job = await run(await jobOf(model, files))
    expect(job.finish).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN' })
    expect(job.finish?.outcome).toEqual(typeof outcome === 'string' ? outcome : expect.stringMatching(outcome))
    expect(job.finish?.outputData ?? null).toBeNull()
    expect(await readdir(join(runtime.data, 'out'))).toEqual([])
    expect(job.messages.at(-1)).toMatch(/ batch job failed$/)
  })

  it('raises shows its traceback line by line as console lines', async () => {
    const { messages } = await run(await jobOf('raises-at-17.py', files))
    const console = messages.filter((line) => line.includes('MODEL-CONSOLE:')).join('\n')
    expect(console).toMatch(/Traceback[\s\S]*raises-at-17\.py", line 5[\s\S]*KeyError: 'amount'/)
    expect(messages.join('\n')).toMatch(/last input record :: 17 \(line 18\)/)
    expect(messages.join('\n')).toMatch(/runner exits prematurely \(exit status = 1\)/)
  })

  it('sleeps for ever is stopped by the time limit of its job', async () => {
    const job = await run(await jobOf('sleeps-forever.py', { ...files, jobParameters: { timeoutSeconds: 1 } }))
    expect(job.finish).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN', outcome: 'timed out after 1 s' })
    expect(await readdir(join(runtime.data, 'out'))).toEqual([])
  })

  it('removes what is being written, or somebody else does, is told so', async () => {
    await writeFile(join(runtime.data, 'remove.csv'), `remove\n${join(runtime.data, 'out', '.*.part')}\n`)
    const job = await run(await jobOf('removes-files.py', { ...files, inputData: [external('remove.csv')] }))
    expect(job.finish).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN' })
    expect(job.finish?.outcome).toMatch(/scores\.csv' was removed while it was being written.*; run the job again$/)
    expect(await readdir(join(runtime.data, 'out'))).toEqual([])
  })

  it('ignores SIGTERM is killed after the grace', async () => {
    const job = await run(await jobOf('ignores-sigterm.py', { ...files, jobParameters: { timeoutSeconds: 1 } }))
    expect(job.finish?.outcome).toBe('timed out after 1 s')
  })

  it.skipIf(process.platform !== 'linux')('starts a program in a session of its own takes it along', async () => {
    const { gateway } = runtime
    const jobId = gateway.addJob(await jobOf('starts-a-session.js', files))
    const strayTold = () => /stray (\d+)/.exec((gateway.jobs.get(jobId)?.messages ?? []).join('\n'))?.[1]
    await gateway.until('the program', () => strayTold() !== undefined)
    gateway.cancel(jobId)
    const job = await gateway.ended(jobId)
    expect(job.finish?.jobStatus).toBe('CANCELLED')
    expect(job.messages.join('\n')).toContain('1 program(s) that the model had started were killed')
    const stray = Number(strayTold())
    await expect.poll(() => isAlive(stray)).toBe(false)
  })

  it('floods its console keeps its first lines and a count', async () => {
    const job = await run(await jobOf('prints-a-flood.py', files))
    expect(job.finish?.jobStatus).toBe('COMPLETE')
    expect(job.messages.length).toBeLessThan(2_100)
    expect(job.messages.join('\n')).toContain(`MODEL-CONSOLE: … ${20 * 10_000 - 2_000} more lines were not kept`)
  })

  it('gives NaN has that record rejected', async () => {
    const job = await run(await jobOf('drops-nan.py', { inputData: [embedded('in.csv', cards(4))] }))
    expect(job.finish).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'FAILURE' })
    expect(textOf(job.finish?.outputData?.[0]).trim().split('\n')).toHaveLength(4)
    expect(job.messages.join('\n')).toContain('1 output record(s) rejected by encoding')
  })
})

describe('an input that', () => {
  it.each([
    [
      'is missing',
      'nowhere.csv',
      /^Input 'nowhere.csv' does not exist on this runtime's machine \(looked for below \/.+\)$/,
    ],
    ['is a folder', 'out', "Input 'out' is a folder; name a file in it"],
    [
      'lies outside the roots',
      '/etc/passwd',
      /^Input '\/etc\/passwd' lies outside the folders this runtime may open \(.+\): name a file below them, or start the runtime with --files/,
    ],
    ['lies in a folder of our own', 'closed/runtime-token', /lies in a folder of Rowhouse's own/],
    ['is named beyond what the machine takes', `${'n'.repeat(300)}.csv`, /does not take a name of 304 bytes/],
    ['leaves the roots by ..', '../../etc/passwd', /lies outside the folders/],
    ['leaves the roots by a link', 'link/passwd', /lies outside the folders/],
    ['leaves the roots by file://', 'file:///etc/passwd', /lies outside the folders/],
    [
      'has a scheme nobody knows',
      's3://bucket/x.csv',
      /^Input 's3:\/\/bucket\/x.csv': s3:\/\/ \(Amazon S3\) is not opened by this runtime; it opens file:\/\/, http:\/\/ and https:\/\//,
    ],
    ['is empty', 'empty.csv', /^Input 'empty\.csv' is empty/],
    ['has an unclosed quote', 'quote.csv', /quot/],
    ['is JSON in UTF-16', 'utf16.json', "Input 'utf16.json' is UTF-16; save it as UTF-8"],
    ['is compressed', 'in.json.gz', "Input 'in.json.gz' is compressed (gzip); unpack it first"],
    ['is tab-separated', 'in.tsv', /^Input 'in\.tsv' is named as tab-separated text: only commas separate cells here/],
  ])('%s is told in one sentence', async (_title, fileUrl, outcome) => {
    await symlink('/etc', join(runtime.data, 'link')).catch(() => {})
    await writeFile(join(runtime.data, 'empty.csv'), '')
    await writeFile(join(runtime.data, 'utf16.json'), Buffer.from('\ufeff{"id":1}\n', 'utf16le'))
    await writeFile(join(runtime.data, 'in.json.gz'), gzipSync('{"id":1}\n'))
    await writeFile(join(runtime.data, 'in.tsv'), 'id\tamount\n1\t2\n')
    await writeFile(join(runtime.data, 'quote.csv'), 'id,amount\n1,"2\n3,4\n')
    const job = await run(await jobOf('adds-score.py', { inputData: [external(fileUrl)] }))
    expect(job.finish).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN' })
    expect(job.finish?.outcome).toEqual(typeof outcome === 'string' ? outcome : expect.stringMatching(outcome))
  })

  it('has only a header gives only a header', async () => {
    const job = await run(
      await jobOf('adds-score.py', {
        inputData: [embedded('in.csv', 'id,amount\n')],
        outputData: [{ filename: 'out.csv' }],
      }),
    )
    expect(job.finish).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS', progress: { recordsIn: 0 } })
    expect(job.messages.join('\n')).toContain('has a header but no records')
  })

  it('holds nothing but blank lines is told of', async () => {
    const job = await run(await jobOf('doubles.js', { inputData: [embedded('in.json', '\n \n')] }))
    expect(job.finish).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS', progress: { recordsIn: 0 } })
    expect(job.messages.join('\n')).toContain("[warning] input 'in.json' holds no records")
  })

  it('is not there at all is asked for', async () => {
    const job = await run(await jobOf('adds-score.py'))
    expect(job.finish?.outcome).toMatch(/^The job has no input/)
  })
})

describe('an output that', () => {
  it.each([
    ['has no folder', 'nowhere/x.csv', /the folder '.*nowhere' does not exist; make it first$/],
    ['is a folder', 'out', "Output 'out' is a folder; name a file in it"],
    ['lies outside the roots', '/etc/x.csv', /lies outside the folders this runtime may open/],
    ['lies in a folder of our own', 'closed/x.csv', /lies in a folder of Rowhouse's own/],
    ['is the input', 'in.csv', /is the job's own input and would replace it/],
    ['is to be compressed', 'x.csv.gz', /^Output 'x\.csv\.gz' is to be gzip: this runtime writes CSV and JSON lines/],
    ['is named beyond what the machine takes', `${'n'.repeat(300)}.csv`, /does not take a name of 304 bytes/],
  ])('%s is refused before the model runs', async (_title, fileUrl, outcome) => {
    const job = await run(
      await jobOf('adds-score.py', { inputData: [external('in.csv')], outputData: [external(fileUrl)] }),
    )
    expect(job.finish).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN' })
    expect(job.finish?.outcome).toEqual(typeof outcome === 'string' ? outcome : expect.stringMatching(outcome))
    expect(job.messages.join('\n')).not.toContain('state changes to RUNNING')
  })
})

it('of several outputs the one that others refuse leaves no file of the others', async () => {
  const outputs = ['published-first.csv', 'http://127.0.0.1:9/x.csv'].map(external)
  const job = await run(await jobOf('adds-score.py', { inputData: [external('in.csv')], outputData: outputs }))
  expect(job.finish).toMatchObject({ jobStatus: 'ERROR', outcome: expect.stringContaining('connection refused') })
  expect((await readdir(runtime.data)).filter((name) => name.includes('published-first'))).toEqual([])
})

it('a further output that got nothing is told of', async () => {
  const outputs = [{ filename: 'a.csv' }, { filename: 'b.csv' }]
  const job = await run(await jobOf('doubles.js', { inputData: [external('in.csv')], outputData: outputs }))
  expect(job.finish).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS' })
  expect(job.messages.join('\n')).toContain('[warning] output 2 is empty: the model gave nothing for slot 3')
})

describe('a model asset that', () => {
  it.each([
    ['climbs out of the folder', '../evil.py', /holds '\.\.'/],
    ['is absolute', '/tmp/evil.py', /its path is absolute/],
    ['climbs out after a folder', 'a/../../evil.py', /holds '\.\.'/],
  ])('%s is refused', async (_title, filename, outcome) => {
    const asset = { assetType: 'FILE', filename, fileContentString: 'x' }
    const job = await run(await jobOf('adds-score.py', { inputData: [external('in.csv')] }, [asset]))
    expect(job.finish?.outcome).toMatch(outcome)
  })
})

it('requirements that cannot be had are told in pip’s own words', async () => {
  const requirements = { assetType: 'FILE', filename: 'requirements.txt', fileContentString: './nowhere-to-be-found\n' }
  const job = await run(await jobOf('adds-score.py', { inputData: [external('in.csv')] }, [requirements]))
  expect(job.finish).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN' })
  expect(job.finish?.outcome).toMatch(/^requirements\.txt cannot be installed: .*nowhere-to-be-found/)
  expect(job.messages.join('\n')).toMatch(/\(pre\) MODEL-CONSOLE: About to install reqs from file: requirements\.txt/)
})

it('a model that forges events cannot harm the agent', async () => {
  const job = await run(await jobOf('forges-events.py', files))
  expect(job.finish).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN', progress: { recordsIn: 0 } })
  expect(job.finish?.outcome?.length).toBeLessThan(5_000)
  expect((await run(await jobOf('adds-score.py', files))).finish?.jobStatus).toBe('COMPLETE')
})

it('data a model only refers to may be missing; an additional asset may not', async () => {
  const missing = { assetType: 'EXTERNAL_FILE', filename: 'train.csv', fileUrl: 's3://bucket/train.csv' }
  const runs = await run(await jobOf('adds-score.py', { inputData: [external('in.csv')] }, [missing]))
  const fails = await run(
    await jobOf('adds-score.py', { inputData: [external('in.csv')], additionalAssets: [missing] }),
  )
  expect(runs.finish?.jobStatus).toBe('COMPLETE')
  expect(runs.messages.join('\n')).toContain("asset train.csv is not there: Asset train.csv 's3://bucket/train.csv'")
  expect(fails.finish?.outcome).toMatch(/^Asset train\.csv 's3:/)
})

it('of a short flood the first lines go ahead of the end', async () => {
  const job = await run(await jobOf('prints-a-flood.py', { inputData: [embedded('in.csv', cards(1))] }))
  expect(job.finish?.messages?.length).toBeLessThanOrEqual(500)
  expect(job.messages.length).toBeGreaterThan(2_000)
  expect(job.messages.find((line) => line.includes('MODEL-CONSOLE:'))).toContain('MODEL-CONSOLE: line 0 ')
})
