/** Models run to their end: what goes in, what comes out, what the user reads. Real child processes, a real HTTP server. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Asset } from '@rowhouse/contract'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { isAlive } from '../src/agent-leftovers.ts'
import { copyInput } from '../src/inputs-fetch.ts'
import {
  cards,
  embedded,
  external,
  jobOf,
  modelSource,
  type RuntimeFixture,
  startRuntime,
  textOf,
} from './agent-fixture.ts'

let runtime: RuntimeFixture
beforeAll(async () => {
  runtime = await startRuntime()
})
afterAll(() => runtime.close())

async function run(document: Record<string, unknown>, credentials = {}) {
  return runtime.gateway.ended(runtime.gateway.addJob(document, credentials))
}
const csvIn = (rows: number) => ({
  inputData: [embedded('cards.csv', cards(rows))],
  outputData: [{ filename: 'out.csv' }],
})

it('a Python model scores a CSV file: COMPLETE, SUCCESS, the output embedded, counts told', async () => {
  const job = await run(await jobOf('adds-score.py', csvIn(3)))
  expect(job.finish).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS', outcome: null })
  expect(textOf(job.finish?.outputData?.[0])).toBe('id,score\n1,0.1\n2,0.2\n3,0.3\n')
  expect(job.finish?.outputData?.[0]).toMatchObject({ filename: 'out.csv', fileFormat: 'CSV', fileSize: 27 })
  expect(job.finish?.progress).toMatchObject({ recordsIn: 3, recordsOut: 3, recordsRejected: 0, recordsTotal: 3 })
})

it('the log of a job shows its states and what the model printed, and ends without level', async () => {
  const { messages } = await run(await jobOf('adds-score.py', csvIn(3)))
  const time = /^\d{4}\/\d{1,2}\/\d{1,2} \d{1,2}:\d\d:\d\d /
  expect(messages.every((line) => time.test(line))).toBe(true)
  const texts = messages.map((line) => line.replace(time, ''))
  expect(texts[0]).toMatch(/^\[info\] batch job job-\d+ received by engine-1/)
  expect(texts).toContain('[info] state changes to RUNNING')
  expect(texts).toContain('[info] MODEL-CONSOLE: weights loaded')
  expect(texts).toContain('[info] init succeeded')
  expect(texts).toContain('[info] Records in/out: 3/3')
  expect(texts.at(-1)).toBe('batch job complete')
})

it('a JavaScript model runs by the same rules', async () => {
  const job = await run(await jobOf('doubles.js', csvIn(2)))
  expect(job.finish).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS' })
  expect(textOf(job.finish?.outputData?.[0])).toBe('id,double\n1,20\n2,40\n')
})

it('without a named format the output is as the input; without an output it is embedded under the name of the model', async () => {
  const lines = '{"id":1,"amount":50}\n{"id":2,"amount":70}\n'
  const job = await run(
    await jobOf('adds-score.py', { inputData: [{ ...embedded('rows', lines), fileFormat: 'JSON' }] }),
  )
  expect(job.finish?.outputData?.[0]).toMatchObject({ filename: 'adds-score_output.json', fileFormat: 'JSON' })
  expect(
    textOf(job.finish?.outputData?.[0])
      .split('\n')
      .slice(0, 2)
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { id: 1, score: 0.5 },
    { id: 2, score: 0.7 },
  ])
})

it('a file below the roots is read in place, and the output written beside and renamed', async () => {
  await mkdir(join(runtime.data, 'out'), { recursive: true })
  await writeFile(join(runtime.data, 'in.csv'), cards(4))
  const target = pathToFileURL(join(runtime.data, 'out', 'scores.csv')).href
  const job = await run(
    await jobOf('adds-score.py', { inputData: [external('in.csv')], outputData: [external(target)] }),
  )
  expect(job.finish).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS' })
  expect(job.finish?.outputData?.[0]).toMatchObject({ fileUrl: target, fileSize: 33 })
  expect(job.finish?.outputData?.[0]?.fileContent ?? null).toBeNull()
  expect(await readFile(join(runtime.data, 'out', 'scores.csv'), 'utf8')).toBe('id,score\n1,0.1\n2,0.2\n3,0.3\n4,0.4\n')
  expect(await readdir(join(runtime.data, 'out'))).toEqual(['scores.csv'])
})

it('a file that is an input and an asset of the model as well is in the folder of the model; a large one is read where it lies', async () => {
  await writeFile(join(runtime.data, 'base.csv'), cards(2))
  await writeFile(join(runtime.data, 'large.csv'), '')
  await truncate(join(runtime.data, 'large.csv'), 257 * 1024 ** 2)
  const asset = (name: string) => ({ ...external(name), filename: name })
  const sourceCode =
    'import os\nfound = sorted(name for name in os.listdir(".") if name.endswith(".csv"))\ndef action(d):\n    if d["id"] == 1: print(found)\n    if d["id"] == 2: open("base.csv", "w").close()\n'
  const source = { name: 'm.py', assetType: 'SOURCE_CODE', primaryModelSource: true, sourceCode }
  const model = (assets: unknown[]) => ({ storedModel: { modelMetaData: {}, modelAssets: [source, ...assets] } })
  const given = { jobType: 'MODEL_BATCH_JOB', jobParameters: {}, inputData: [asset('base.csv')] }

  for (const one of [
    { ...given, model: model([asset('base.csv')]) },
    { ...given, model: model([]), additionalAssets: [asset('base.csv')] },
  ]) {
    const job = await run(one)
    expect(job.finish, job.messages.join('\n')).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS' })
    expect(job.messages.join('\n')).toContain("MODEL-CONSOLE: ['base.csv']")
  }
  const context = { fileRoots: { open: [runtime.data], closed: [] }, credentials: {}, allowLinkLocal: false }
  const copy = (fileUrl: string) =>
    copyInput(external(fileUrl) as Asset, join(runtime.data, 'copy'), { ...context, signal: AbortSignal.abort() })
  await expect(copy('large.csv')).rejects.toThrow('it is an input of the job and read where it lies')
  await expect(copy('http://127.0.0.1:1/a.csv')).rejects.toThrow('it is an input of the job and read where it lies')
  expect(await readFile(join(runtime.data, 'base.csv'), 'utf8')).toBe(cards(2))
})

it('managed content is downloaded by its hash; an output above 10 MiB goes up to the content store', async () => {
  const input = Buffer.from('id,amount\n'.concat(...Array.from({ length: 12 }, (_, i) => `${i},1\n`)))
  const sha256 = createHash('sha256').update(input).digest('hex')
  runtime.gateway.files.set(sha256, input)
  const managed = { assetType: 'FILE', filename: 'in.csv', contentHash: { hashType: 'SHA-256', hexString: sha256 } }
  const job = await run(
    await jobOf('fills-the-disk.py', {
      inputData: [managed],
      outputData: [{ assetType: 'FILE', filename: 'big.json' }],
    }),
  )
  const output = job.finish?.outputData?.[0]
  expect(output?.fileContent ?? null).toBeNull()
  const stored = runtime.gateway.files.get(output?.contentHash?.hexString ?? '')
  expect(stored?.length).toBe(output?.fileSize)
  expect(stored?.length).toBeGreaterThan(12_000_000)
})

it('what is embedded at the end of a job is 10 MiB together, whatever the number of its outputs', async () => {
  const outputData = [{ filename: 'one.json' }, { filename: 'other.json' }]
  const job = await run(await jobOf('fills-two-outputs.js', { inputData: [embedded('in.csv', cards(1))], outputData }))
  const [one, other] = job.finish?.outputData ?? []
  expect([typeof one?.fileContent, one?.contentHash]).toEqual(['string', null])
  expect(other?.fileContent).toBeNull()
  expect(runtime.gateway.files.get(other?.contentHash?.hexString ?? '')?.length).toBe(other?.fileSize)
})

it('content that does not have the hash it is named by is not used', async () => {
  const sha256 = 'a'.repeat(64)
  runtime.gateway.files.set(sha256, Buffer.from('id\n1\n'))
  const managed = { assetType: 'FILE', filename: 'in.csv', contentHash: { hashType: 'SHA-256', hexString: sha256 } }
  const job = await run(await jobOf('adds-score.py', { inputData: [managed] }))
  expect(job.finish).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN' })
  expect(job.finish?.outcome).toMatch(/arrived with other content/)
})

it('http input is read and http output put with the credentials of the lease, which appear nowhere', async () => {
  // given a server that wants a user and a password
  const seen: { method?: string; url?: string; body: string }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (piece) => {
      body += piece
    })
    request.on('end', () => {
      seen.push({ method: request.method ?? '', url: request.url ?? '', body })
      if (request.headers.authorization !== `Basic ${Buffer.from('key:s3cret').toString('base64')}`)
        response.writeHead(403).end()
      else if (request.method === 'GET') response.writeHead(200, { 'content-type': 'text/csv' }).end(cards(2))
      else response.writeHead(201).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const credentials = { username: 'key', password: 's3cret', query: 'sig=hush%2B' }

  // when
  const job = await run(
    await jobOf('adds-score.py', {
      inputData: [external(`${base}/in?part=1`)],
      outputData: [external(`${base}/out.csv`)],
    }),
    { 'inputData[0]': credentials, 'outputData[0]': credentials },
  )
  const refused = await run(await jobOf('adds-score.py', { inputData: [external(`${base}/in?sig=hush`)] }))
  server.close()

  // then
  expect(job.finish).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS' })
  expect(seen.slice(0, 2)).toEqual([
    { method: 'GET', url: '/in?part=1&sig=hush%2B', body: '' },
    { method: 'PUT', url: '/out.csv?sig=hush%2B', body: 'id,score\n1,0.1\n2,0.2\n' },
  ])
  expect(refused.finish?.outcome).toBe(`Input '${base}/in': the server answered 403 Forbidden`)
  const told = JSON.stringify([job.messages, job.finish, refused.messages, refused.finish, runtime.log])
  expect(told).not.toMatch(/s3cret|hush|Basic /)
})

it('a model finds its files, sub-folders, unpacked archives, siblings, the job and outputDir', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rowhouse-pack-'))
  await mkdir(join(folder, 'packed'))
  await writeFile(join(folder, 'packed', 'inside.txt'), 'unpacked')
  execFileSync('tar', ['-czf', join(folder, 'p.tar.gz'), '-C', folder, 'packed'])
  const archive = await readFile(join(folder, 'p.tar.gz'))
  await rm(folder, { recursive: true })
  const assets = [
    { assetType: 'FILE', filename: './binaries/weights.json', fileContentString: '{"w": 7}' },
    { assetType: 'FILE', filename: 'p.tar.gz', fileContent: archive.toString('base64') },
    { assetType: 'SOURCE_CODE', name: 'words.py', sourceCodeFilePath: 'lib/words.py', sourceCode: "word = 'hi'\n" },
    { assetType: 'SOURCE_CODE', name: '__init__.py', sourceCodeFilePath: 'lib/__init__.py', sourceCode: '' },
  ]
  await writeFile(join(runtime.data, 'extra-source.txt'), 'more')
  const job = await run(
    await jobOf(
      'reads-its-files.py',
      {
        jobParameters: { threshold: 0.5 },
        inputData: [embedded('in.json', '1\n')],
        additionalAssets: [{ assetType: 'EXTERNAL_FILE', filename: 'extra.txt', fileUrl: 'extra-source.txt' }],
      },
      assets,
    ),
  )
  expect(job.finish?.outcome).toBeNull()
  expect(JSON.parse(textOf(job.finish?.outputData?.[0]))).toEqual({
    w: 7,
    packed: 'unpacked',
    word: 'hi',
    told: 0.5,
    moc: ['model_definition.job.json', 'required_libraries_filenames.txt'],
    extra: 'more',
    dir: true,
  })
})

it('a training job ends with the files of outputDir, and says what else was changed', async () => {
  const job = await run(await jobOf('trains.py', { jobType: 'MODEL_BATCH_TRAINING_JOB' }))
  expect(job.finish).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS', outputData: null })
  expect(job.finish?.additionalAssets).toMatchObject([{ filename: 'deep/notes.txt' }, { filename: 'model.json' }])
  expect(JSON.parse(textOf(job.finish?.additionalAssets?.[1]))).toEqual({ weights: [1, 2] })
  expect(job.messages.join('\n')).toMatch(/changed files outside outputDir, which are not kept: beside\.txt/)
})

it('schemas named in the source type the input and head the output', async () => {
  const schema = (...fields: unknown[]) => JSON.stringify({ type: 'record', name: 'r', fields })
  const assets = [
    { assetType: 'FILE', filename: 'schemas/in.avsc', fileContentString: schema({ name: 'zip', type: 'string' }) },
    {
      assetType: 'FILE',
      filename: 'out.avsc',
      fileContentString: schema(
        { name: 'text', type: 'string' },
        { name: 'missing', type: 'string' },
        { name: 'zip', type: 'string' },
      ),
    },
  ]
  const inputData = [embedded('in.csv', 'zip\n00501\n90210\n')]
  const job = await run(await jobOf('reads-zip.py', { inputData }, assets))
  expect(textOf(job.finish?.outputData?.[0])).toBe('text,missing,zip\ntrue,,00501\ntrue,,90210\n')
})

it('a broken connection is tried again; a server that stays broken is told of', async () => {
  let answers = 0
  const server = createServer((_request, response) => {
    answers++
    if (answers < 3) response.writeHead(503).end()
    else if (answers === 3) response.writeHead(200, { 'content-type': 'text/csv' }).end(cards(2))
    else response.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`
  const job = await run(await jobOf('adds-score.py', { inputData: [external(url)] }))
  const broken = await run(await jobOf('adds-score.py', { inputData: [external(url)] }))
  server.close()
  expect(job.finish).toMatchObject({ jobStatus: 'COMPLETE', progress: { recordsIn: 2 } })
  expect(broken.finish?.outcome).toMatch(/^Input 'http:.*\/in': .* \(tried 3 times\)$/)
})

it('the model sees none of the agent’s environment but what a job needs', async () => {
  process.env.ROWHOUSE_TEST_SECRET = 'agents-own'
  const job = await run(await jobOf('tells-its-environment.py', { inputData: [embedded('in.json', '1\n')] }))
  delete process.env.ROWHOUSE_TEST_SECRET
  const { env, cwd } = JSON.parse(textOf(job.finish?.outputData?.[0]))
  expect(JSON.stringify(env)).not.toContain('agents-own')
  expect(env).toMatchObject({ HOME: cwd, MODELOP_GATEWAY_LOCATION: runtime.gateway.url, ROWHOUSE_JOB_ID: job.id })
  expect(Object.keys(env).filter((name) => /TOKEN|SECRET|PASSWORD|npm_/i.test(name))).toEqual([])
  await runtime.gateway.until('the end of its folder', () => !existsSync(cwd))
})

it('a child the model leaves behind ends with the job', async () => {
  const job = await run(await jobOf('leaves-a-child.py', { inputData: [embedded('in.json', '1\n')] }))
  const { child } = JSON.parse(textOf(job.finish?.outputData?.[0]))
  await runtime.gateway.until('the end of the child', () => !isAlive(child))
})

it('rejected records make the result a FAILURE and are handed over with their reasons', async () => {
  const json = '{"id":1}\nnot json\n{"id":2}\n{"id":3}\n'
  const job = await run(await jobOf('warns.py', { inputData: [embedded('in.json', json)] }))
  expect(job.finish).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'FAILURE' })
  expect(job.finish?.outcome).toMatch(/^2 records were rejected \(1 input by encoding, 1 by the model\)/)
  const log = job.messages.join('\n')
  expect(log).toMatch(/Record rejected by encoding with reason \{/)
  expect(log).toMatch(/MODEL-CONSOLE: An error occured when processing the model: amount looks odd/)
  expect(log).toMatch(/jobResult set to failure: "input record rejected by encoding"/)
  const rejects = job.finish?.additionalAssets?.find(({ filename }) => filename === 'rejects.jsonl')
  expect(textOf(rejects).trim().split('\n')).toHaveLength(2)
})

it('the next job starts while the answer to the last one is hardly dry', async () => {
  const first = runtime.gateway.addJob(await jobOf('adds-score.py', csvIn(1)))
  const second = runtime.gateway.addJob(await jobOf('adds-score.py', csvIn(1)))
  await runtime.gateway.ended(second)
  expect(runtime.gateway.jobs.get(first)?.finish?.jobStatus).toBe('COMPLETE')
})

it('nothing of a job stays in the work folder', async () => {
  const left = async () => (await readdir(runtime.workFolder)).filter((name) => name.startsWith('batch-'))
  await expect.poll(left).toEqual([])
  expect(await modelSource('adds-score.py')).toContain('modelop.score')
})
