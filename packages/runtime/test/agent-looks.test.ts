/** Large inputs whose schema names all types: they are looked through while the model runs, and the job ends as if it had been before. */
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { external, type RuntimeFixture, startRuntime } from './agent-fixture.ts'

let runtime: RuntimeFixture
beforeAll(async () => {
  runtime = await startRuntime()
})
afterAll(() => runtime.close())

const rows = 20_000
const schema = JSON.stringify({
  type: 'record',
  name: 'r',
  fields: ['id', 'zip', 'text'].map((name, at) => ({ name, type: at === 0 ? 'long' : 'string' })),
})
const echo =
  '# modelop.schema.0: in.avsc\n# modelop.score\ndef action(datum):\n    yield {"id": datum["id"], "zip": datum["zip"]}\n'
const sleeper = '# modelop.schema.0: in.avsc\nimport time\n# modelop.score\ndef action(datum):\n    time.sleep(600)\n'

/** Some 18 MB, with these bytes in the place of one text of the last row but one. */
async function run(name: string, sourceCode: string, odd: Buffer) {
  const text = 'x'.repeat(900)
  const lines = Array.from({ length: rows }, (_, index) => `${index},007,${text}`)
  const last = lines.splice(-2)
  const input = join(runtime.data, `${name}.csv`)
  const output = join(runtime.data, `${name}-out.csv`)
  const head = Buffer.from(`id,zip,text\n${lines.join('\n')}\n${rows - 2},007,`)
  await writeFile(input, Buffer.concat([head, odd, Buffer.from(`\n${last[1]}\n`)]))
  const modelAssets = [
    { name: 'm.py', assetType: 'SOURCE_CODE', primaryModelSource: true, sourceCode },
    { assetType: 'FILE', filename: 'in.avsc', fileContentString: schema },
  ]
  const job = await runtime.gateway.ended(
    runtime.gateway.addJob({
      jobType: 'MODEL_BATCH_JOB',
      jobParameters: {},
      model: { storedModel: { modelMetaData: { name }, modelAssets } },
      inputData: [external(pathToFileURL(input).href)],
      outputData: [external(pathToFileURL(output).href)],
    }),
  )
  return { job, output }
}

it('a sound input is scored by the types of its schema, and its records are counted', async () => {
  const { job, output } = await run('sound', echo, Buffer.from('y'))
  expect(job.finish).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS' })
  expect(job.finish?.progress).toMatchObject({ recordsIn: rows, recordsOut: rows, recordsTotal: rows })
  expect((await readFile(output, 'utf8')).split('\n').slice(0, 3)).toEqual(['id,zip', '0,007', '1,007'])
  // The schema keeps the zeros.
  expect(job.messages.join('\n')).not.toContain('leading zeros')
})

it.each([
  ['not UTF-8', Buffer.from([0xff]), `Line ${rows} is not UTF-8`],
  ['an open quote', Buffer.from('"'), `The quote opened on line ${rows} in column 'text' is never closed`],
])('an input with %s ends the job in error and leaves no output', async (_title, odd, reason) => {
  const { job, output } = await run('broken', echo, odd)
  expect(job.finish).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN' })
  expect(job.finish?.outcome).toContain(`: ${reason}`)
  expect(existsSync(output)).toBe(false)
})

it('a model at work is stopped when its input turns out unreadable', async () => {
  const { job } = await run('asleep', sleeper, Buffer.from([0xff]))
  expect(job.finish?.jobStatus).toBe('ERROR')
  expect(job.finish?.outcome).toContain(`: Line ${rows} is not UTF-8`)
})
